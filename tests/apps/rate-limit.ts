// At most so many requests of a client in each window of time: a counter that is gone when its window is over.

import type { Nook } from 'nookdb'

export interface Limit {
  readonly requests: number
  readonly windowMs: number
}

export interface Decision {
  readonly allowed: boolean
  readonly remaining: number
  /** When the next window begins. */
  readonly retryAfterMs: number
}

/** Counts a request. The count and its deadline are made in one step, so that no counter is left without an end. */
export function admit(db: Nook, client: string, { requests, windowMs }: Limit): Decision {
  const key = `limit:${client}`
  const [count, , leftMs] = db.multi().incr(key).pExpire(key, windowMs, 'NX').pTTL(key).exec()
  return { allowed: count <= requests, remaining: Math.max(0, requests - count), retryAfterMs: leftMs }
}
