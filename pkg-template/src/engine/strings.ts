// Copies between strings and the engine's memory by the builtins of `wasm:js-string`, where the machine has them: Chromium has,
// and takes 200 ns for a call of TextEncoder or TextDecoder. Everywhere else there are other ways (../resp.ts).

import base64 from '../../wasm/strings.js'

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
let compiling: Promise<WebAssembly.Module | null> | undefined

type Compile = (bytes: Uint8Array<ArrayBuffer>, options: { readonly builtins: readonly string[] }) => Promise<WebAssembly.Module>

function compile(): Promise<WebAssembly.Module> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  return (WebAssembly.compile as Compile)(bytes, { builtins: ['js-string'] })
}

/** The copies for a memory. A machine without the builtins compiles the module, but has nothing to import in their place. */
export async function stringsOf(memory: WebAssembly.Memory): Promise<Strings | null> {
  try {
    const module = await (compiling ??= compile().catch(() => null))
    const instance = module && (await WebAssembly.instantiate(module, { engine: { memory } }))
    return instance && (instance.exports as unknown as Strings)
  } catch {
    compiling = Promise.resolve(null)
    return null
  }
}
