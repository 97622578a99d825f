// Pages, workers, service workers: a store is a database of IndexedDB.

import { destroyIndexedDB, IndexedDBStorage, listIndexedDB } from '../storage/indexeddb.js'
import { takeWebLock } from '../storage/lock.js'
import type { Platform } from './platform.js'

/** @param loadModule how the script comes by the wasm */
export function browser(loadModule: Platform['loadModule']): Platform {
  return {
    loadModule,
    maxMemory: 256 * 2 ** 20,
    durability: 'everysec',
    timers: () => 'always',
    storage: (name) => new IndexedDBStorage(name),
    lock: (request) => takeWebLock(request),
    list: () => listIndexedDB(),
    destroy: (name) => destroyIndexedDB(name),
  }
}
