// Node, and Bun and Deno, which have Node's files. A store is a directory.

import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { takeFileLock } from '../storage/file-lock.js'
import { destroyFiles, FileStorage, listFiles } from '../storage/files.js'
import { once, type Platform } from './platform.js'

export interface NodePlace {
  /** The folder of the stores, each a directory in it.
   *  @default '.nookdb', in the directory that the process was started in */
  readonly directory?: string
}

const loadModule = once(async () => WebAssembly.compile(await readFile(new URL('../../wasm/nookdb_bg.wasm', import.meta.url))))

export const node: Platform<NodePlace> = {
  loadModule,
  maxMemory: 0,
  timers: true,
  storage: (name, place) => new FileStorage(join(folder(place), name)),
  async lock(request, place) {
    await mkdir(folder(place), { recursive: true })
    return takeFileLock(join(folder(place), `${request.name}.lock`), request)
  },
  list: (place) => listFiles(folder(place)),
  destroy: (name, place) => destroyFiles(join(folder(place), name)),
}

function folder({ directory = '.nookdb' }: NodePlace): string {
  return resolve(directory)
}
