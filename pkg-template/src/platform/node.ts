// Node, and Bun and Deno, which have Node's files. A store is a directory.

import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { takeFileLock } from '../storage/file-lock.js'
import { destroyFiles, FileStorage, listFiles } from '../storage/files.js'
import { once, type Place, type Platform } from './platform.js'

/** @param engine the name of the wasm, without its ending */
export const node = (engine: 'nookdb' | 'slim'): Platform => ({
  loadModule: once(async () => WebAssembly.compile(await readFile(new URL(`../../wasm/${engine}_bg.wasm`, import.meta.url)))),
  maxMemory: 0,
  durability: 'everysec',
  timers: () => 'always',
  storage: (name, place) => new FileStorage(join(folder(place), name)),
  async lock(request, place) {
    await mkdir(folder(place), { recursive: true })
    return takeFileLock(join(folder(place), `${request.name}~lock`), request)
  },
  list: (place) => listFiles(folder(place)),
  destroy: (name, place) => destroyFiles(join(folder(place), name)),
})

function folder({ directory = '.nookdb' }: Place): string {
  return resolve(directory)
}
