// Ours beside ioredis-mock, for tests.

import { inFreshProcess } from '../harness/processes.mjs'
import { interleave, merged } from '../harness/rounds.mjs'

export const about = 'called as they come, beside ioredis-mock awaited, its only way'

const OURS = { nookdb: { peer: 'nookdb' }, uncached: { peer: 'nookdb', open: { readCache: false } } }
const MOCK = { 'ioredis-mock': { peer: 'ioredis-mock' } }

export const rows = [
  { work: 'GET, 20k keys', measure: 'GET', unit: 'ns', fasterBy: { 'ioredis-mock': 4 } },
  { work: 'SET, 20k keys', measure: 'SET', unit: 'ns', fasterBy: { 'ioredis-mock': 4 } },
  { work: 'INCR, 1,000 counters beside 20k keys', measure: 'INCR', unit: 'ns', fasterBy: { 'ioredis-mock': 9 } },
  { work: 'ZADD of a member that is there, 2k members', measure: 'ZADD 2k', unit: 'ns', fasterBy: { 'ioredis-mock': 100 } },
]

export async function measure({ rounds, quick, say }) {
  const keys = quick ? 200 : 20_000
  const members = quick ? 100 : 2000
  const many = quick ? 1000 : 500_000
  const few = quick ? 100 : 50_000
  const all = (count) => ({ GET: count, SET: count, INCR: count })
  const keyed = (variant) =>
    variant in OURS
      ? inFreshProcess({ workload: 'awaited.mjs#keyed', ...OURS[variant], params: { keys, calls: all(many), calling: 'sync' } })
      : inFreshProcess({ workload: 'awaited.mjs#keyed', ...MOCK[variant], params: { keys, calls: all(few), calling: 'awaited' } })
  const scores = (variant) =>
    variant in OURS
      ? inFreshProcess({ workload: 'sorted-sets.mjs#scores', ...OURS[variant], params: { members, calls: many, awaited: false } })
      : inFreshProcess({ workload: 'sorted-sets.mjs#scores', ...MOCK[variant], params: { members, calls: few / 100, awaited: true } })
  return merged(
    await interleave({ variants: ['nookdb', 'uncached', 'ioredis-mock'], rounds, take: keyed, say }),
    await interleave({ variants: ['nookdb', 'ioredis-mock'], rounds, take: scores, say }),
  )
}
