// Jobs for later: a sorted set by the time at which they are due.

import type { Nook } from 'nookdb'

const LATER = 'jobs:later'

export function schedule(db: Nook, job: string, dueMs: number): void {
  db.zAdd(LATER, { score: dueMs, value: job })
}

/** Takes the jobs that are due, the earliest first. They are found and taken in one step: nobody gets a job twice. */
export function takeDue(db: Nook, nowMs = Date.now()): string[] {
  return db.atomic((tx) => {
    const due = tx.zRangeByScore(LATER, '-inf', nowMs)
    if (due.length > 0) tx.zRem(LATER, due)
    return due
  })
}

/** When the next job is due; null where there is none. */
export function nextDueMs(db: Nook): number | null {
  return db.zRangeWithScores(LATER, 0, 0)[0]?.score ?? null
}
