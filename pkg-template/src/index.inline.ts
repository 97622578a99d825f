// The entry for pages and workers whose script is one file, and for service workers, which may load nothing later: the wasm is in
// it, in base64.

import { storesOf, type Stores } from './open.js'
import { browser } from './platform/browser.js'
import { keeping } from './platform/in-indexeddb.js'
import { loadModule } from './platform/inlined.js'

export * from './exports.js'
export { connect } from './transport/remote.js'

export const { open, list, destroy }: Stores = /* @__PURE__ */ storesOf(browser(loadModule, async () => keeping))
