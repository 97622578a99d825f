// A lock that only its owner may release, and that nobody can hold for ever.

import type { Nook } from 'nookdb'

/** Takes the lock for `ttlMs` at most. Gives the token that releases it, or null where somebody else has it. */
export function acquire(db: Nook, name: string, ttlMs: number): string | null {
  const token = crypto.randomUUID()
  return db.set(`lock:${name}`, token, { NX: true, PX: ttlMs }) === 'OK' ? token : null
}

/** Releases the lock, if it is still the owner's. To look and to delete is one step: between two, the lock could run out and
 *  be taken by somebody else, who would then lose it. */
export function release(db: Nook, name: string, token: string): boolean {
  return db.atomic((tx) => tx.get(`lock:${name}`) === token && tx.del(`lock:${name}`) === 1)
}
