// A sorted set as one builds it from a Map of scores and a B-tree (sorted-btree) of members in order: by score, then by name.
//
// The tree does not count what is under a node, so a rank is counted leaf by leaf: O(n), with a small factor.

import { createRequire } from 'node:module'

// It is a CommonJS module with a default export.
const { default: BTree } = createRequire(import.meta.url)('sorted-btree')

function inOrder(a, b) {
  if (a.score !== b.score) return a.score - b.score
  return a.member < b.member ? -1 : a.member > b.member ? 1 : 0
}

export async function open() {
  const boards = new Map()
  const board = (key) => {
    let found = boards.get(key)
    if (found === undefined) boards.set(key, (found = { scores: new Map(), order: new BTree(undefined, inOrder) }))
    return found
  }
  return {
    zAdd: (key, score, member) => {
      const { scores, order } = board(key)
      const old = scores.get(member)
      if (old === score) return
      if (old !== undefined) order.delete({ score: old, member })
      scores.set(member, score)
      order.set({ score, member }, undefined)
    },
    top: (key, count) => {
      const { order } = board(key)
      const found = []
      for (const [{ member }] of order.entriesReversed()) {
        found.push(member)
        if (found.length === count) break
      }
      return found
    },
    rank: (key, member) => {
      const { scores, order } = board(key)
      const score = scores.get(member)
      return score === undefined ? null : order.forRange(order.minKey(), { score, member }, false)
    },
    clear: () => boards.clear(),
  }
}
