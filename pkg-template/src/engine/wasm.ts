// The types of WebAssembly that signatures have. Node's own types do not know them, nor does a tsconfig.json without lib "dom": there
// nothing is known of what they are, and the package compiles all the same.

import type { Functions } from '../../wasm/nookdb.js'

type Known<Name extends string> = typeof globalThis extends { WebAssembly: { [Each in Name]: { prototype: infer Type } } } ? Type : object

export type WasmModule = Known<'Module'>
export type WasmInstance = Known<'Instance'>
export type WasmMemory = Known<'Memory'>

/** What an engine exports. */
export interface Exports extends Functions {
  readonly memory: WasmMemory
}
