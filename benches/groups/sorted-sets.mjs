// A sorted set beside what one builds from a Map and a B-tree.

import { inFreshProcess } from '../harness/processes.mjs'
import { interleave } from '../harness/rounds.mjs'

export const about = 'a sorted set of 100,000 members beside a Map and a B-tree'

const VARIANTS = {
  nookdb: { peer: 'nookdb', times: 100 },
  'b-tree': { peer: 'map-and-b-tree', times: 1 },
}

export const rows = [
  { work: 'ZADD of a member that is there, 100k members', measure: 'ZADD', unit: 'ns', atMost: { 'b-tree': 0.4 } },
  { work: 'top 10', measure: 'top 10', unit: 'ns', atMost: { 'b-tree': 0.4 } },
  { work: 'rank', measure: 'rank', unit: 'ns', atMost: { 'b-tree': 0.4 } },
  { work: 'the three of them, one after another', measure: 'all three', unit: 'ns', atMost: { 'b-tree': 0.4 } },
]

export async function measure({ rounds, quick, say }) {
  const params = quick ? { members: 1000, calls: 1000, rankCalls: 100 } : { members: 100_000, calls: 200_000, rankCalls: 1000 }
  const take = (variant) => {
    const { peer, times } = VARIANTS[variant]
    return inFreshProcess({ workload: 'sorted-sets.mjs#board', peer, params: { ...params, times } })
  }
  return interleave({ variants: Object.keys(VARIANTS), rounds, take, say })
}
