// Node, and Bun and Deno, which have Node's files.

import type { Platform } from './platform.js'

/** @param engine the name of the wasm, without its ending */
export const node = (engine: 'nookdb' | 'slim'): Platform => ({
  async loadModule() {
    const { readFileSync } = builtinFiles() ?? (await import('node:fs'))
    return WebAssembly.compile(readFileSync(new URL(`../wasm/${engine}_bg.wasm`, import.meta.url)))
  },
  // Not a turn of the event loop later: the collector waits for one when much has been made, as there is now.
  instantiate: (module) => new WebAssembly.Instance(module),
  keeping: async () => (await import('./in-files.js')).keeping,
  maxMemory: 0,
  durability: 'everysec',
  randomize,
  timers: () => 'always',
})

/** A module that imports `node:fs` has Node load all that is a property of it, its streams too, which takes longer than to run all
 *  scripts of this package (the start, in benches/README.md). Not there before Node 20.16. */
const builtinFiles = () => process.getBuiltinModule?.('node:fs')

/** Node loads its cryptography with the first look at it, which takes longer yet; the system's own source is a file. */
function randomize(words: BigUint64Array<ArrayBuffer>): void {
  if (!readRandom(words)) crypto.getRandomValues(words)
}

/** Whether there is such a file, and it had enough. */
function readRandom(words: BigUint64Array<ArrayBuffer>): boolean {
  const files = builtinFiles()
  if (files?.existsSync('/dev/urandom') !== true) return false
  const source = files.openSync('/dev/urandom', 'r')
  try {
    return files.readSync(source, words) === words.byteLength
  } finally {
    files.closeSync(source)
  }
}
