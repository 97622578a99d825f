// What entries and small aggregates weigh, beside Map, lru-cache and redis-server.

import { inFreshProcess } from '../harness/processes.mjs'
import { interleave, merged } from '../harness/rounds.mjs'
import { serve } from '../harness/servers.mjs'

export const about = 'bytes an entry, and bytes of small hashes, sets and lists'

const ENTRIES = {
  nookdb: { peer: 'nookdb' },
  map: { peer: 'map' },
  'lru-cache': { peer: 'lru-cache' },
}

/** Where there are so few, what the collector has grown by for what lives briefly would be more than they are. */
const FULL_YOUNG_GENERATION = ['--min-semi-space-size=16', '--max-semi-space-size=16']

const KINDS = ['hash of 5 fields', 'set of 10 integers', 'list of 20']

export const rows = [
  { work: 'an entry, 1M, resident', measure: 'entry, resident', unit: 'B', limit: 105, atMost: { map: 0.7, 'lru-cache': 0.55, 'redis-server': 0.62 } },
  {
    work: 'an entry, 1M, as each counts itself (linear memory; heap; used_memory)',
    measure: 'entry, linear',
    unit: 'B',
    beside: ['map', 'lru-cache', 'redis-server'],
    theirs: { map: 'entry, heap', 'lru-cache': 'entry, heap', 'redis-server': 'entry, used' },
  },
  ...KINDS.flatMap((what) => [
    { work: `a ${what}, 100k, resident`, measure: `${what}, resident`, unit: 'B', atMost: { 'redis-server': 0.8 } },
    { work: `a ${what}, linear memory to used_memory`, measure: `${what}, linear`, unit: 'B', beside: ['redis-server'], theirs: { 'redis-server': `${what}, used` } },
  ]),
]

/** Has a fresh redis-server filled by a fresh process. */
async function inFreshServer(workload, params) {
  const server = await serve('redis-server')
  try {
    return await inFreshProcess({ workload, peer: 'redis', open: { port: server.port }, params: { ...params, pid: server.pid } })
  } finally {
    await server.stop()
  }
}

export async function measure({ rounds, quick, say }) {
  const entries = quick ? 1000 : 1_000_000
  const aggregates = quick ? 100 : 100_000
  const takeEntries = (variant) =>
    variant === 'redis-server'
      ? inFreshServer('memory.mjs#serverEntries', { count: entries })
      : inFreshProcess({ workload: 'memory.mjs#entries', ...ENTRIES[variant], params: { count: entries } })
  const takeAggregates = (kind) => (variant) => {
    const params = { kind, count: aggregates }
    if (variant === 'redis-server') return inFreshServer('memory.mjs#serverAggregates', params)
    return inFreshProcess({ workload: 'memory.mjs#aggregates', peer: 'nookdb', params, flags: FULL_YOUNG_GENERATION })
  }
  const found = [
    await interleave({ variants: [...Object.keys(ENTRIES), 'redis-server'], rounds, take: takeEntries, say: (text) => say(`entries, ${text}`) }),
  ]
  for (const kind of KINDS) {
    found.push(await interleave({ variants: ['nookdb', 'redis-server'], rounds, take: takeAggregates(kind), say: (text) => say(`${kind}, ${text}`) }))
  }
  return merged(...found)
}
