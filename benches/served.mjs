// Requests per second over TCP, ours and redis-server's, with redis-benchmark, in turn: one line of JSON a round.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { output } from '../pkg-template/steps.mjs'

export const TESTS = ['set', 'get', 'incr', 'lpush', 'rpop', 'sadd', 'hset', 'zadd']
const KEEPS_NOTHING = ['--save', '', '--appendonly', 'no']

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function listens(port) {
  for (let left = 500; left > 0; left--) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (open) return
    await sleep(20)
  }
  throw new Error(`nothing listens on port ${port}`)
}

/** Starts a server that keeps nothing, in a folder of its own. */
export async function serve(program) {
  const folder = mkdtempSync(join(tmpdir(), 'nookdb-bench-'))
  const port = await freePort()
  const child = spawn(program, ['--port', String(port), '--dir', folder, ...KEEPS_NOTHING], { stdio: 'ignore' })
  await listens(port)
  const stop = () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, stop }
}

/** Requests per second by test. */
export async function measure(port, pipeline, requests) {
  const options = ['-p', String(port), '-n', String(requests), '-P', String(pipeline), '-r', '100000', '-c', '50', '--csv']
  const csv = await output('redis-benchmark', [...options, '-t', TESTS.join(',')])
  if (csv === null) throw new Error('redis-benchmark failed')
  const rows = csv.trim().split('\n').map((line) => line.split(',').map((cell) => cell.replaceAll('"', '')))
  return Object.fromEntries(rows.filter(([, rps]) => Number(rps) > 0).map(([name, rps]) => [name, Number(rps)]))
}
