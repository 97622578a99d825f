// How long a process that has just begun waits for its first reply.

import { inFreshProcess } from '../harness/processes.mjs'
import { interleave } from '../harness/rounds.mjs'

export const about = 'from import to the first GET, in Node'

export const rows = [
  { work: 'from import to first GET', measure: 'import to first GET', unit: 'ms', limit: 10 },
  { work: 'compile and instantiate', measure: 'compile and instantiate', unit: 'ms', limit: 4 },
  { work: 'of it: compile', measure: 'compile', unit: 'ms' },
  { work: 'import', measure: 'import', unit: 'ms' },
  { work: 'open, with compile and instantiate', measure: 'open', unit: 'ms' },
  { work: 'the first GET', measure: 'first GET', unit: 'ms' },
]

export function measure({ rounds, say }) {
  const take = () => inFreshProcess({ workload: 'startup.mjs#firstGet', peer: 'nookdb', asUsersStart: true })
  return interleave({ variants: ['nookdb'], rounds, take, say })
}
