// Sessions that end when nobody has used them for a while: each look at one puts its end off.

import type { Nook } from 'nookdb'

export interface Session {
  readonly user: string
  readonly role: string
}

const key = (id: string): string => `session:${id}`

/** Begins a session, and gives its id. */
export function begin(db: Nook, { user, role }: Session, idleMs: number): string {
  const id = crypto.randomUUID()
  db.multi().hSet(key(id), { user, role }).pExpire(key(id), idleMs).exec()
  return id
}

/** Gives a session that is still going on, which goes on for `idleMs` more. */
export function touch(db: Nook, id: string, idleMs: number): Session | null {
  const [found, { user, role }] = db.multi().pExpire(key(id), idleMs).hGetAll(key(id)).exec()
  return found === 1 && user !== undefined && role !== undefined ? { user, role } : null
}

export function end(db: Nook, id: string): void {
  db.del(key(id))
}
