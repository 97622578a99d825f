// How often a page was looked at, in all and by day.

import type { Nook } from 'nookdb'

/** Counts a view, and gives the views of all days. */
export function view(db: Nook, page: string, when = new Date()): number {
  const day = when.toISOString().slice(0, '2026-01-31'.length)
  const [total] = db.multi().incr(`views:${page}`).hIncrBy(`views:${page}:days`, day, 1).exec()
  return total
}

export function viewsByDay(db: Nook, page: string): Record<string, number> {
  const days = Object.entries(db.hGetAll(`views:${page}:days`))
  return Object.fromEntries(days.map(([day, count]) => [day, Number(count)]))
}
