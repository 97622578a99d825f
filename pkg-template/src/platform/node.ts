// Node, and Bun and Deno, which have Node's files.

import { readFileSync } from 'node:fs'
import type { Platform } from './platform.js'

/** @param engine the name of the wasm, without its ending */
export const node = (engine: 'nookdb' | 'slim'): Platform => ({
  loadModule: async () => WebAssembly.compile(readFileSync(new URL(`../wasm/${engine}_bg.wasm`, import.meta.url))),
  keeping: async () => (await import('./in-files.js')).keeping,
  maxMemory: 0,
  durability: 'everysec',
  timers: () => 'always',
})
