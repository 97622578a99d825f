// lru-cache with a time to live for every entry, and room for all of them. Counters are numbers.

import { LRUCache } from 'lru-cache'

const TTL_MS = 3600_000

/** @param capacity  how many entries it is made for; it reserves its lists for as many */
export async function open({ capacity }) {
  const cache = new LRUCache({ max: capacity, ttl: TTL_MS })
  return {
    cache,
    get: (key) => cache.get(key) ?? null,
    set: (key, value) => void cache.set(key, value),
    incr: (key) => {
      const sum = (cache.get(key) ?? 0) + 1
      cache.set(key, sum)
      return sum
    },
    mGet: (keys) => keys.map((key) => cache.get(key) ?? null),
    clear: () => cache.clear(),
  }
}
