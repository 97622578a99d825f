// How long a call, or a turn of the event loop, is held up at worst.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inFreshProcess } from '../harness/processes.mjs'
import { interleave, merged } from '../harness/rounds.mjs'

export const about = 'the longest pauses: growing to a million keys, letting go of a million members'

const VARIANTS = {
  nookdb: () => ({ peer: 'nookdb' }),
  'with deadlines': () => ({ peer: 'nookdb', open: { ttl: true } }),
  'kept in files': (directory) => ({ peer: 'nookdb', open: { name: 'bench', options: { directory } } }),
  map: () => ({ peer: 'map' }),
  'lru-cache': () => ({ peer: 'lru-cache' }),
}

const LARGE = ['set', 'hash', 'list', 'sorted set']

export const rows = [
  { work: 'the longest of a million SETs', measure: 'SET pause 1', unit: 'ms', limit: 8, beside: ['map', 'lru-cache'] },
  { work: 'the longest where each key has a deadline', measure: 'SET pause 1', variant: 'with deadlines', unit: 'ms', limit: 8, beside: ['lru-cache'] },
  { work: 'the longest where all is kept in files, everysec', measure: 'SET pause 1', variant: 'kept in files', unit: 'ms', limit: 8, beside: ['map'] },
  { work: 'the second', measure: 'SET pause 2', unit: 'ms', beside: ['map', 'lru-cache'] },
  { work: 'the third', measure: 'SET pause 3', unit: 'ms', beside: ['map', 'lru-cache'] },
  { work: 'the tenth', measure: 'SET pause 10', unit: 'ms', beside: ['map', 'lru-cache'] },
  { work: 'the event loop with nothing to do, for scale', measure: 'stall of an idle loop', unit: 'ms' },
  ...LARGE.flatMap((kind) => [
    { work: `DEL of a ${kind} of 1M`, measure: `DEL of a ${kind}`, unit: 'ms' },
    { work: 'the longest turn of the event loop after it', measure: `stall after DEL of a ${kind}`, unit: 'ms' },
  ]),
  { work: 'UNLINK of a set of 1M members', measure: 'UNLINK', unit: 'ms' },
  { work: 'the longest turn of the event loop after it', measure: 'stall after UNLINK', unit: 'ms' },
  { work: 'FLUSHALL of 1M keys', measure: 'FLUSHALL', unit: 'ms' },
  { work: 'the longest turn of the event loop after it', measure: 'stall after FLUSHALL', unit: 'ms' },
  { work: 'MEMORY PURGE after DEL of two of three of 1M keys', measure: 'MEMORY PURGE', unit: 'ms' },
]

export async function measure({ rounds, quick, say }) {
  const keys = quick ? 1000 : 1_000_000
  const growth = async (variant) => {
    const directory = mkdtempSync(join(tmpdir(), 'nookdb-bench-'))
    try {
      return await inFreshProcess({ workload: 'pauses.mjs#growth', ...VARIANTS[variant](directory), params: { keys } })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  const params = { keys, members: keys, ...(quick ? { watchedMs: 50 } : {}) }
  const lettingGo = () => inFreshProcess({ workload: 'pauses.mjs#lettingGo', peer: 'nookdb', params })
  return merged(
    await interleave({ variants: Object.keys(VARIANTS), rounds, take: growth, say: (text) => say(`growing, ${text}`) }),
    await interleave({ variants: ['nookdb'], rounds, take: lettingGo, say: (text) => say(`letting go, ${text}`) }),
  )
}
