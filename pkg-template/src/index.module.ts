// The entry for those who bring the wasm themselves: no URL in it for a bundler to find, no base64.

import type { WasmModule } from './engine/wasm.js'
import { storesOf, type Stores } from './open.js'
import { browser } from './platform/browser.js'
import { keeping } from './platform/in-indexeddb.js'

export * from './exports.js'
export { connect } from './transport/remote.js'

/** `stores(module)` is what the other entries export, with stores in IndexedDB:
 *
 *      const { open } = stores(WebAssembly.compileStreaming(fetch('/assets/nookdb_bg.wasm')))
 *
 *  The file is `nookdb/wasm`, or `nookdb/slim.wasm` with strings, keys and hashes alone. Nothing is asked of the module before a store is opened. */
export function stores(module: WasmModule | Promise<WasmModule>): Stores {
  return storesOf(
    browser(
      async () => module,
      async () => keeping,
    ),
  )
}
