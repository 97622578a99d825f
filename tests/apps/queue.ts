// A queue of jobs, first in, first out. A consumer waits for the next job; one that fails loses none, because a job stays in
// a second list until it is done.

import type { Nook } from 'nookdb'

const WAITING = 'jobs:waiting'
const WORKING = 'jobs:working'

export function enqueue(db: Nook, ...jobs: string[]): void {
  db.rPush(WAITING, jobs)
}

/** Works on one job after the other, and waits where there is none, until the signal ends the wait. */
export async function consume(db: Nook, work: (job: string) => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const job = await db.blMove(WAITING, WORKING, 'LEFT', 'RIGHT', 0, { signal })
    if (job === null) continue
    await work(job)
    db.lRem(WORKING, 1, job)
  }
}

/** Puts jobs that somebody had begun and not finished back to the front: said when a consumer starts after a failure. */
export function recover(db: Nook): void {
  while (db.lMove(WORKING, WAITING, 'RIGHT', 'LEFT') !== null);
}
