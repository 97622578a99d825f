// Node, and Bun and Deno, which have Node's files. A store is a directory.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Place, Platform } from './platform.js'

/** What keeps stores in files, and the parts of Node that it stands on. A store in memory does without. */
const files = () => import('../storage/directory.js')

/** @param engine the name of the wasm, without its ending */
export const node = (engine: 'nookdb' | 'slim'): Platform => ({
  loadModule: async () => WebAssembly.compile(readFileSync(new URL(`../wasm/${engine}_bg.wasm`, import.meta.url))),
  maxMemory: 0,
  durability: 'everysec',
  timers: () => 'always',
  storage: async (name, place) => new (await files()).FileStorage(join(folder(place), name)),
  lock: async (request, place) => (await files()).takeLockIn(folder(place), request),
  list: async (place) => (await files()).listFiles(folder(place)),
  destroy: async (name, place) => (await files()).destroyFiles(join(folder(place), name)),
})

function folder({ directory = '.nookdb' }: Place): string {
  return resolve(directory)
}
