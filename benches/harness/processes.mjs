// Fresh processes, ours and the peers' in turn.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url))

/** The collector can be called between phases. */
const FLAGS = ['--expose-gc', '--no-warnings']

/** Longer than the slowest measurement takes on a loaded machine: what takes longer hangs. */
const LIMIT_MS = 5 * 60 * 1000

/** One measurement: what the workload returned.
 *  @param {{ workload: string, peer: string, open?: object, params?: object, flags?: string[] }} measurement
 *    flags are those of Node, for what would not run without */
export function inFreshProcess({ workload, peer, open = {}, params = {}, flags = [] }) {
  return new Promise((resolve, reject) => {
    const args = [...FLAGS, ...flags, CHILD, workload, peer, JSON.stringify({ peer: open, workload: params })]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(chunks).toString().trim().split('\n').at(-1)))
      else reject(new Error(`${workload} with ${peer} ended with ${signal ?? code}`))
    })
  })
}
