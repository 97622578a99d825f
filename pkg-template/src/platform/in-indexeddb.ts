// Stores in IndexedDB: a store is a database.

import { Keeper } from '../keeper.js'
import { destroyIndexedDB, IndexedDBStorage, isOfDatabase, listIndexedDB } from '../storage/indexeddb.js'
import { takeWebLock } from '../storage/lock.js'
import type { Keeping } from './platform.js'

export const keeping: Keeping = {
  Keeper,
  storage: (name) => new IndexedDBStorage(name),
  lock: (request) => takeWebLock(request),
  list: () => listIndexedDB(),
  destroy: (name) => destroyIndexedDB(name),
  isOfStore: isOfDatabase,
}
