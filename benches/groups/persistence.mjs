// What keeping costs a SET: the journal in files and in memory, every second, beside keeping nothing.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inFreshProcess } from '../harness/processes.mjs'
import { interleave } from '../harness/rounds.mjs'

export const about = 'SET with what it does kept, beside keeping nothing'

const OFF = 'kept nowhere'

export const rows = [
  { work: 'SET, kept in files, everysec', measure: 'SET', variant: 'files', unit: 'ns', atMost: { [OFF]: 1.25 } },
  { work: 'SET, kept in the memory storage, everysec', measure: 'SET', variant: 'memory storage', unit: 'ns', atMost: { [OFF]: 1.25 } },
  { work: 'until the last SET is kept: files', measure: 'SET until flushed', variant: 'files', unit: 'ns', beside: [OFF] },
  { work: 'CPU of all threads: files', measure: 'SET CPU', variant: 'files', unit: 'ns', beside: [OFF] },
  { work: 'CPU of all threads: memory storage', measure: 'SET CPU', variant: 'memory storage', unit: 'ns', beside: [OFF] },
]

const VARIANTS = {
  [OFF]: () => ({ peer: 'nookdb' }),
  files: (directory) => ({ peer: 'nookdb', open: { name: 'bench', options: { directory, durability: 'everysec' } } }),
  'memory storage': () => ({ peer: 'nookdb-in-memory-storage' }),
}

export async function measure({ rounds, quick, say }) {
  // So many that a snapshot is made once among them, as it is for each 800,000.
  const params = quick ? { keys: 100, calls: 1000 } : { keys: 100_000, calls: 850_000 }
  const take = async (variant) => {
    const directory = mkdtempSync(join(tmpdir(), 'nookdb-bench-'))
    try {
      return await inFreshProcess({ workload: 'persistence.mjs#sets', ...VARIANTS[variant](directory), params })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return interleave({ variants: Object.keys(VARIANTS), rounds, take, say })
}
