// Stores in files of Node: a store is a directory in the folder of all stores. Loaded when the first store is opened that is kept.

import { join, resolve } from 'node:path'
import { Keeper } from '../keeper.js'
import { takeFileLock } from '../storage/file-lock.js'
import { destroyFiles, FileStorage, isOfFiles, listFiles, translated } from '../storage/files.js'
import { isOfSystem, makeDirectories, nodeFileSystem } from '../storage/file-system.js'
import type { Keeping, Place } from './platform.js'

export const keeping: Keeping = {
  Keeper,
  storage: (name, place) => new FileStorage(join(folder(place), name)),
  lock: (request, place) =>
    inWords(async () => {
      await makeDirectories(nodeFileSystem, folder(place))
      return takeFileLock(join(folder(place), `${request.name}~lock`), request)
    }),
  list: (place) => inWords(() => listFiles(folder(place))),
  destroy: (name, place) => destroyFiles(join(folder(place), name)),
  isOfStore: isOfFiles,
}

/** @throws IO with what the system said, and anything else as it is, as the reason of who aborts */
async function inWords<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    throw isOfSystem(error) ? translated(error) : error
  }
}

function folder({ directory = '.nookdb' }: Place): string {
  return resolve(directory)
}
