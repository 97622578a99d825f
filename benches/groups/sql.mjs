// A key and a value in a table, in the databases that also run in a page.

import { inFreshProcess } from '../harness/processes.mjs'
import { interleave } from '../harness/rounds.mjs'

export const about = 'keys and values beside SQL databases in WebAssembly'

export const rows = [
  { work: 'GET, 20k keys', measure: 'GET', unit: 'ns', fasterBy: { 'sqlite-wasm': 20, pglite: 300 } },
  { work: 'SET over, 20k keys', measure: 'SET', unit: 'ns', fasterBy: { 'sqlite-wasm': 20, pglite: 300 } },
]

const VARIANTS = {
  nookdb: { peer: 'nookdb', calling: 'sync', calls: 500_000 },
  uncached: { peer: 'nookdb', open: { readCache: false }, calling: 'sync', calls: 500_000 },
  'sqlite-wasm': { peer: 'sqlite-wasm', calling: 'sync', calls: 50_000 },
  pglite: { peer: 'pglite', calling: 'awaited', calls: 3000 },
}

export async function measure({ rounds, quick, say }) {
  const keys = quick ? 200 : 20_000
  const take = (variant) => {
    const { peer, open, calling, calls } = VARIANTS[variant]
    const count = quick ? calls / 100 : calls
    return inFreshProcess({ workload: 'awaited.mjs#keyed', peer, open, params: { keys, calls: { GET: count, SET: count }, calling } })
  }
  return interleave({ variants: Object.keys(VARIANTS), rounds, take, say })
}
