// On what was measured, and what.

import { cpus, totalmem } from 'node:os'
import { output } from '../../pkg-template/steps.mjs'

/** What the benchmarks write themselves. */
const WRITTEN = ['benches/README.md', 'benches/results.json', 'benches/*.svg']

export async function machine() {
  const system = ((await output('sh', ['-c', '. /etc/os-release && echo "$PRETTY_NAME"'])) ?? process.platform).trim()
  const commit = ((await output('git', ['rev-parse', '--short', 'HEAD'])) ?? 'no commit').trim()
  const changed = ((await output('git', ['status', '--porcelain', '--untracked-files=no', '--', '.', ...WRITTEN.map((path) => `:!${path}`)])) ?? '').trim() !== ''
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores of ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system}, Node ${process.versions.node}`,
    commit: changed ? `${commit} with changes` : commit,
  }
}
