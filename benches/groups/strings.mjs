// Commands on strings, in Node, beside Map and lru-cache.

import { interleave, merged } from '../harness/rounds.mjs'
import { inFreshProcess } from '../harness/processes.mjs'

export const about = 'commands on strings in Node, beside Map and lru-cache'

const VARIANTS = {
  nookdb: { peer: 'nookdb' },
  uncached: { peer: 'nookdb', open: { readCache: false } },
  map: { peer: 'map' },
  'lru-cache': { peer: 'lru-cache' },
}

/** As every entry of lru-cache has one. A key with a deadline is never in the read cache. */
const WITH_DEADLINES = { deadlines: { peer: 'nookdb', open: { ttl: true } } }

export const rows = [
  { work: 'building the key alone, for scale', measure: 'key alone', variant: 'map', unit: 'ns' },
  { work: 'GET, hot held key, Zipf', measure: 'GET hot held', unit: 'ns', atMost: { map: 1.8, 'lru-cache': 1.0 } },
  { work: 'GET, fresh key, hot', measure: 'GET hot fresh', unit: 'ns', atMost: { map: 0.75, 'lru-cache': 0.6 } },
  { work: 'GET, fresh key, 100k', measure: 'GET 100k fresh', unit: 'ns', atMost: { map: 0.7, 'lru-cache': 0.55 } },
  { work: 'GET, fresh key, 1M', measure: 'GET 1M fresh', unit: 'ns', atMost: { map: 0.6, 'lru-cache': 0.5 } },
  { work: 'GET, each depending on the last, 100k', measure: 'GET 100k dependent', unit: 'ns', atMost: { map: 1.2, 'lru-cache': 0.85 } },
  { work: 'GET, each depending on the last, 1M', measure: 'GET 1M dependent', unit: 'ns', atMost: { map: 0.9, 'lru-cache': 0.75 } },
  { work: 'GET of a missing key, 100k', measure: 'GET 100k missing', unit: 'ns', atMost: { map: 0.75, 'lru-cache': 0.75 } },
  { work: 'GET of a missing key, 1M', measure: 'GET 1M missing', unit: 'ns', atMost: { map: 0.75, 'lru-cache': 0.75 } },
  { work: 'SET new, 100k', measure: 'SET 100k new', unit: 'ns', atMost: { map: 1.1, 'lru-cache': 0.5 } },
  { work: 'SET new, 1M', measure: 'SET 1M new', unit: 'ns', atMost: { map: 0.6, 'lru-cache': 0.35 } },
  { work: 'SET over, hot', measure: 'SET hot over', unit: 'ns', atMost: { map: 4, 'lru-cache': 0.9 } },
  { work: 'SET over, 1M', measure: 'SET 1M over', unit: 'ns', atMost: { map: 2, 'lru-cache': 0.85 } },
  { work: 'INCR', measure: 'INCR hot', unit: 'ns', atMost: { map: 1.7, 'lru-cache': 0.7 } },
  { work: 'MGET of 100, per key, 100k', measure: 'MGET 100k', unit: 'ns', atMost: { map: 1.2 } },
  { work: 'MGET of 100, per key, 1M', measure: 'MGET 1M', unit: 'ns', atMost: { map: 0.7 } },
  { work: 'GET, fresh key, 100k, ours with deadlines too', measure: 'GET 100k fresh', variant: 'deadlines', unit: 'ns', beside: ['lru-cache'] },
  { work: 'SET new, 100k, ours with deadlines too', measure: 'SET 100k new', variant: 'deadlines', unit: 'ns', beside: ['lru-cache'] },
]

const RUNS = [
  { workload: 'strings.mjs#hot', params: { keys: 1000, calls: 1_000_000 }, variants: VARIANTS },
  { workload: 'strings.mjs#many', params: { size: '100k', keys: 100_000, calls: 500_000 }, variants: { ...VARIANTS, ...WITH_DEADLINES } },
  { workload: 'strings.mjs#many', params: { size: '1M', keys: 1_000_000, calls: 500_000 }, variants: VARIANTS },
]

export async function measure({ rounds, quick, say }) {
  const measured = []
  for (const { workload, params, variants } of RUNS) {
    const scaled = quick ? { ...params, keys: params.keys / 1000, calls: params.calls / 1000 } : params
    const take = (variant) => inFreshProcess({ workload, ...variants[variant], params: scaled })
    const sayMore = (text) => say(`${params.size ?? 'hot'}, ${text}`)
    measured.push(await interleave({ variants: Object.keys(variants), rounds, take, say: sayMore }))
  }
  return merged(...measured)
}
