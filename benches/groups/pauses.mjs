// How long a call, or a turn of the event loop, is held up at worst.

import { inFreshProcess } from '../harness/processes.mjs'
import { interleave, merged } from '../harness/rounds.mjs'

export const about = 'the longest pauses: growing to a million keys, letting go of a million members'

const VARIANTS = {
  nookdb: { peer: 'nookdb' },
  map: { peer: 'map' },
  'lru-cache': { peer: 'lru-cache' },
}

export const rows = [
  { work: 'the longest of a million SETs', measure: 'SET pause 1', unit: 'ms', limit: 8, beside: ['map', 'lru-cache'] },
  { work: 'the second', measure: 'SET pause 2', unit: 'ms', beside: ['map', 'lru-cache'] },
  { work: 'the third', measure: 'SET pause 3', unit: 'ms', beside: ['map', 'lru-cache'] },
  { work: 'the tenth', measure: 'SET pause 10', unit: 'ms', beside: ['map', 'lru-cache'] },
  { work: 'the event loop with nothing to do, for scale', measure: 'stall of an idle loop', unit: 'ms' },
  { work: 'DEL of a set of 1M members', measure: 'DEL', unit: 'ms' },
  { work: 'the longest turn of the event loop after it', measure: 'stall after DEL', unit: 'ms' },
  { work: 'UNLINK of a set of 1M members', measure: 'UNLINK', unit: 'ms' },
  { work: 'the longest turn of the event loop after it', measure: 'stall after UNLINK', unit: 'ms' },
  { work: 'FLUSHALL of 1M keys', measure: 'FLUSHALL', unit: 'ms' },
  { work: 'the longest turn of the event loop after it', measure: 'stall after FLUSHALL', unit: 'ms' },
]

export async function measure({ rounds, quick, say }) {
  const keys = quick ? 1000 : 1_000_000
  const growth = (variant) => inFreshProcess({ workload: 'pauses.mjs#growth', ...VARIANTS[variant], params: { keys } })
  const params = { keys, members: keys, ...(quick ? { watchedMs: 50 } : {}) }
  const lettingGo = () => inFreshProcess({ workload: 'pauses.mjs#lettingGo', peer: 'nookdb', params })
  return merged(
    await interleave({ variants: Object.keys(VARIANTS), rounds, take: growth, say: (text) => say(`growing, ${text}`) }),
    await interleave({ variants: ['nookdb'], rounds, take: lettingGo, say: (text) => say(`letting go, ${text}`) }),
  )
}
