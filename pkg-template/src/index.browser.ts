// The entry for pages and workers: the wasm is a file beside the script, stores are in IndexedDB.

import { storesOf, type Stores } from './open.js'
import { browser } from './platform/browser.js'
import { loadModule } from './platform/fetched.js'
import { loadKeeping } from './platform/indexeddb-later.js'

export * from './exports.js'
export { connect } from './transport/connect.js'

export const { open, list, destroy }: Stores = /* @__PURE__ */ storesOf(browser(loadModule, loadKeeping))
