// A leaderboard in a sorted set: the best score of each player, the first ten, and where a player stands.

import type { Nook } from 'nookdb'

const BOARD = 'board'

export interface Standing {
  readonly place: number
  readonly player: string
  readonly score: number
}

/** Enters a score; a worse one than the player's best changes nothing. */
export function enter(db: Nook, player: string, score: number): void {
  db.zAdd(BOARD, { score, value: player }, { GT: true })
}

export function topTen(db: Nook): Standing[] {
  const first = db.zRangeWithScores(BOARD, 0, 9, { REV: true })
  return first.map(({ value, score }, index) => ({ place: index + 1, player: value, score }))
}

/** The player's place, counted from 1; null for somebody who never played. */
export function placeOf(db: Nook, player: string): number | null {
  const rank = db.zRevRank(BOARD, player)
  return rank === null ? null : rank + 1
}
