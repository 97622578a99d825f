// Fresh servers that keep nothing, on loopback, and the CPU time that they have used.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cargoMetadata, run } from '../../pkg-template/steps.mjs'
import { freePort, ServerProcess } from '../../tests/support/server-process.ts'

/** Starts redis-server, or a program that takes its flags. */
export async function serve(program, ...flags) {
  const port = await freePort()
  const server = await ServerProcess.start(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...flags], port)
  return { port, pid: server.pid, stop: () => server[Symbol.asyncDispose]() }
}

/** Builds our server as it is released, and gives its path. */
export async function releasedServer() {
  await run('cargo', ['build', '--quiet', '--release', '--features', 'server', '--bin', 'nookdb-server'], { stdio: ['ignore', 2, 2] })
  const { targetDirectory } = await cargoMetadata()
  return join(targetDirectory, 'release/nookdb-server')
}

/** What all threads of a process have run, user and system, in nanoseconds: what `utime + stime` count in ticks of 10 ms. */
export function cpuNs(pid) {
  const folder = `/proc/${pid}/task`
  return readdirSync(folder).reduce((sum, thread) => sum + Number(readFileSync(join(folder, thread, 'schedstat'), 'utf8').split(' ')[0]), 0)
}
