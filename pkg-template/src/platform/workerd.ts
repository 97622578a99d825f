// Cloudflare Workers. Nothing is kept but in the storage of a Durable Object.

import { NookError } from '../errors.js'
import { Keeper } from '../keeper.js'
import { destroyDurableObject, DurableObjectStorage, listDurableObject, type DurableStorage } from '../storage/durable-object.js'
import type { Keeping, Place, Platform } from './platform.js'

/** @param module what `import` of a wasm file gives there */
export const workerd = (module: WebAssembly.Module): Platform => ({
  loadModule: async () => module,
  maxMemory: 64 * 2 ** 20,
  // A request that was answered may be the last for a while, and the object put to sleep.
  durability: 'always',
  randomize: (words) => crypto.getRandomValues(words),
  timers: ({ storage }) => (storage === undefined ? 'never' : 'while waiting'),
  keeping: async () => keeping,
})

const keeping: Keeping = {
  Keeper,
  storage: (name, place) => new DurableObjectStorage(required(place), name),
  // There is one object of a name in the whole world.
  lock: async () => ({ release: async () => undefined }),
  list: (place) => listDurableObject(required(place)),
  destroy: (name, place) => destroyDurableObject(required(place), name),
  isOfStore: ({ code }) => code === 'DAMAGED',
}

function required({ storage }: Place): DurableStorage {
  if (storage !== undefined) return storage
  throw new NookError('ERR', "ERR a Worker keeps stores in a Durable Object alone: pass { storage: ctx.storage }, or open 'memory:'")
}
