// The entry for pages and workers whose script is one file: the wasm is in it, in base64.

import { storesOf, type Stores } from './open.js'
import { browser } from './platform/browser.js'
import { loadModule } from './platform/inlined.js'

export * from './exports.js'

export const { open, list, destroy }: Stores = /* @__PURE__ */ storesOf(browser(loadModule))
