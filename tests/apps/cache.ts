// Cache-aside: look into the cache, ask the source where it has nothing, and keep the answer for a while.

import type { Nook } from 'nookdb'

/** Gives what is cached, or what `load` answers; that is then cached for `ttlMs`. */
export async function cached(db: Nook, key: string, ttlMs: number, load: () => Promise<string>): Promise<string> {
  const hit = db.get(key)
  if (hit !== null) return hit
  const fresh = await load()
  db.set(key, fresh, { PX: ttlMs })
  return fresh
}

/** Forgets every key that matches, such as `product:42:*`, and gives their number. A page at a time, so that a large cache
 *  does not hold up the tab. */
export function invalidate(db: Nook, pattern: string): number {
  let forgotten = 0
  for (const keys of db.scanIterator({ MATCH: pattern, COUNT: 100 })) {
    if (keys.length > 0) forgotten += db.unlink(keys)
  }
  return forgotten
}
