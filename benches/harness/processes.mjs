// Fresh processes, ours and the peers' in turn.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url))

/** The collector can be called between phases. */
const COLLECTED = ['--expose-gc']

/** Longer than the slowest measurement takes on a loaded machine: what takes longer hangs. */
const LIMIT_MS = 5 * 60 * 1000

/** One measurement: what the workload returned.
 *  @param {{ workload: string, peer: string, open?: object, params?: object, flags?: string[], asUsersStart?: boolean }} measurement
 *    flags are those of Node, for what would not run without; as users start it a process has no flag of V8: with any, Node compiles its
 *    own modules anew, as the code that it was built with is of no use then, and a start takes 6 ms more */
export function inFreshProcess({ workload, peer, open = {}, params = {}, flags = [], asUsersStart = false }) {
  return new Promise((resolve, reject) => {
    const args = ['--no-warnings', ...(asUsersStart ? [] : COLLECTED), ...flags, CHILD, workload, peer, JSON.stringify({ peer: open, workload: params })]
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
