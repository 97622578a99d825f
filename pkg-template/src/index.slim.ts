// The slim entry for pages and workers: the engine without lists, sets, sorted sets and what goes with them.

import { slimStoresOf, type SlimStores } from './slim.js'
import { browser } from './platform/browser.js'
import { loadModule } from './platform/fetched-slim.js'
import { loadKeeping } from './platform/indexeddb-later.js'

export * from './exports.js'
export { connect } from './transport/connect.js'
export type { SlimNook, SlimStores, SlimTransaction } from './slim.js'

export const { open, list, destroy }: SlimStores = /* @__PURE__ */ slimStoresOf(browser(loadModule, loadKeeping))
