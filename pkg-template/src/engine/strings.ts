// Copies between strings and the engine's memory by the builtins of `wasm:js-string`, where the machine has them: Chromium has,
// and a call of TextEncoder or TextDecoder is dear there. Everywhere else there are other ways (../resp.ts). They are a module of
// their own, strings.wat, in a section of the engine.

import type { WasmMemory, WasmModule } from './wasm.js'

/** As long as a string that goes this way may be, as strings.wat has it. */
export const STRING_UNITS = 4096

export interface Strings {
  /** Writes a string a byte a unit, up to three bytes beyond its end too, and gives the bits of all units together: above 0x7f it
   *  was not ASCII. */
  write(text: string, address: number): number
  /** The string of so many bytes of ASCII. */
  read(address: number, length: number): string
}

/** Compiled once; null where the machine does not know these builtins, or compiles nothing. */
let compiling: Promise<WasmModule | null> | undefined

type Compile = (bytes: ArrayBuffer, options: { readonly builtins: readonly string[] }) => Promise<WasmModule>

async function compile(engine: WasmModule): Promise<WasmModule | null> {
  const [bytes] = WebAssembly.Module.customSections(engine, 'strings')
  // To ask a machine that knows no arrays takes a tenth of the time in which it fails.
  if (bytes === undefined || !WebAssembly.validate(bytes)) return null
  return (WebAssembly.compile as Compile)(bytes, { builtins: ['js-string'] })
}

/** Begins to compile them. */
export function compileStrings(engine: WasmModule): Promise<WasmModule | null> {
  return (compiling ??= compile(engine).catch(() => null))
}

/** The copies for a memory. A machine without the builtins compiles the module, but has nothing to import in their place. */
export async function stringsOf(engine: WasmModule, memory: WasmMemory): Promise<Strings | null> {
  try {
    const module = await compileStrings(engine)
    const instance = module && (await WebAssembly.instantiate(module, { engine: { memory } }))
    return instance && (instance.exports as unknown as Strings)
  } catch {
    compiling = Promise.resolve(null)
    return null
  }
}
