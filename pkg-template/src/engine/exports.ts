// The engine as it comes out of the compiler: functions of numbers, whose first argument is the address of the store.
//
// wasm-bindgen makes classes around these, and copies of strings and objects: ways that nothing here goes. What remains of
// it is the types (`Exports`), and names.

import type { Exports } from '../../wasm/nookdb.js'
import { decodeText } from '../resp.js'

export type { Exports }

/** An instance of its own for a store: one that has trapped is replaced. */
export async function instantiate(module: WebAssembly.Module): Promise<Exports> {
  let engine: Exports | undefined
  const instance = await WebAssembly.instantiate(module, importsOf(module, () => engine))
  engine = instance.exports as Exports
  engine.__wbindgen_start()
  return engine
}

/** A name has what is imported in it, and a hash behind that: `__wbg_now_a032ee0de1e6bb18`. build.mjs sees to it that no engine
 *  imports anything else. */
function importsOf(module: WebAssembly.Module, engine: () => Exports | undefined): WebAssembly.Imports {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {}
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const functions = (imports[from] ??= {})
    if (name.includes('_throw_')) {
      functions[name] = (address: number, length: number) => {
        const start = address >>> 0
        throw new Error(decodeText(new Uint8Array(engine()?.memory.buffer ?? new ArrayBuffer(0)), start, start + length))
      }
    } else {
      // The table of externrefs is there to be filled, and nothing is ever put into it.
      functions[name] = name.includes('_now_') ? () => performance.now() : () => undefined
    }
  }
  return imports
}
