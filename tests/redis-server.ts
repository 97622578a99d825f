// A real redis-server for one test file, on a loopback port of its own: the oracle.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A loaded machine may take seconds to start a process; only a broken one takes this long. */
const START_TIMEOUT_MS = 30_000

/** A running redis-server that keeps nothing. `await using` ends it. */
export class RedisServer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly port: number

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child
    this.#folder = folder
    this.port = port
  }

  static async start(): Promise<RedisServer> {
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'nookdb-redis-'))
    const child = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''], { stdio: 'ignore' })
    const missing = once(child, 'error').then(([error]) => {
      throw new Error('redis-server is not installed: run `make setup`', { cause: error })
    })
    await Promise.race([accepting(port), missing])
    return new RedisServer(child, folder, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.kill()
    await exit
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Another process may take it before the server does: unlikely, and then the server fails to start, which is seen. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await once(probe.close(), 'close')
  return port
}

async function accepting(port: number): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(20)
    } finally {
      socket.destroy()
    }
  }
}
