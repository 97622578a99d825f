// Commands on strings in a page, beside Map and lru-cache.

import { Pages } from '../harness/pages.mjs'
import { interleave, merged } from '../harness/rounds.mjs'

export const about = 'commands on strings in a page of Chromium, beside Map and lru-cache'

const VARIANTS = {
  nookdb: { peer: 'nookdb' },
  uncached: { peer: 'nookdb', open: { readCache: false } },
  map: { peer: 'map' },
  'lru-cache': { peer: 'lru-cache' },
}

const BOTH = ['map', 'lru-cache']

export const rows = [
  { work: 'GET, hot held key, Zipf', measure: 'GET hot held', unit: 'ns', atMost: { map: 5, 'lru-cache': 1.3 } },
  { work: 'GET, fresh key, 100k', measure: 'GET 100k fresh', unit: 'ns', atMost: { map: 0.35, 'lru-cache': 0.35 } },
  { work: 'GET, fresh key, hot', measure: 'GET hot fresh', unit: 'ns', beside: BOTH },
  { work: 'GET of a missing key, 100k', measure: 'GET 100k missing', unit: 'ns', beside: BOTH },
  { work: 'SET new, 100k', measure: 'SET 100k new', unit: 'ns', beside: BOTH },
  { work: 'SET over, hot', measure: 'SET hot over', unit: 'ns', beside: BOTH },
  { work: 'INCR', measure: 'INCR hot', unit: 'ns', beside: BOTH },
  { work: 'MGET of 100, per key, 100k', measure: 'MGET 100k', unit: 'ns', beside: ['map'] },
]

const RUNS = [
  { workload: 'strings.mjs#hot', params: { keys: 1000, calls: 1_000_000 } },
  { workload: 'strings.mjs#many', params: { size: '100k', keys: 100_000, calls: 500_000 } },
]

export async function measure({ rounds, quick, say }) {
  const pages = await Pages.start()
  try {
    say(`Chromium ${pages.version}`)
    const measured = []
    for (const { workload, params } of RUNS) {
      const scaled = quick ? { ...params, keys: params.keys / 100, calls: params.calls / 1000 } : params
      const take = (variant) => pages.inFreshPage({ workload, ...VARIANTS[variant], params: scaled })
      const sayMore = (text) => say(`${params.size ?? 'hot'}, ${text}`)
      measured.push(await interleave({ variants: Object.keys(VARIANTS), rounds, take, say: sayMore }))
    }
    return merged(...measured)
  } finally {
    await pages.stop()
  }
}
