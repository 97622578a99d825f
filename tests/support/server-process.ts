// A server for one test file: a process with a folder of its own, on loopback ports that are free.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A loaded machine may take seconds to start a process; only a broken one takes this long. */
const START_TIMEOUT_MS = 30_000

/** `await using` ends the process and removes its folder. */
export class ServerProcess implements AsyncDisposable {
  readonly #program: string
  readonly #args: readonly string[]
  readonly #port: number
  readonly #folder: string
  #child: ChildProcess

  private constructor(program: string, args: readonly string[], port: number, folder: string) {
    this.#program = program
    this.#args = [...args, '--dir', folder]
    this.#port = port
    this.#folder = folder
    this.#child = this.#spawn()
  }

  /** Resolves when the port takes connections.
   *  @param files  what lies in its folder when it starts
   *  @throws where the program is missing, or ends before */
  static async start(
    program: string,
    args: readonly string[],
    port: number,
    files: Readonly<Record<string, Uint8Array>> = {},
  ): Promise<ServerProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'nookdb-server-'))
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
    const server = new ServerProcess(program, args, port, folder)
    await server.#listening()
    return server
  }

  /** Of the process as it is now: another after `restart`. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** A file in its folder. */
  read(name: string): Uint8Array {
    return readFileSync(join(this.#folder, name))
  }

  /** Ends the process, by default as an init system does; its folder stays. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exit
  }

  /** Leaves what comes from now on unread, until the process is killed. */
  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  /** Starts it again after `stop`, on the same port and in the same folder. */
  async restart(): Promise<void> {
    this.#child = this.#spawn()
    await this.#listening()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #spawn(): ChildProcess {
    return spawn(this.#program, this.#args, { stdio: 'ignore' })
  }

  async #listening(): Promise<void> {
    const ended = Promise.race([once(this.#child, 'error'), once(this.#child, 'exit')]).then(([cause]) => {
      throw new Error(`${this.#program} did not start: run \`make setup\``, { cause })
    })
    await Promise.race([accepting(this.#port), ended])
  }
}

/** Below the ports that Linux gives to outgoing connections: there a client that tries until its server listens may be given
 *  the very port that it calls, and talk to itself. */
const FIRST_PORT = 10_000
const PORTS = 22_000

let probed = (process.pid * 97) % PORTS

/** A port that nobody listens on, another each time; processes that run side by side begin apart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const probe = createServer().listen(FIRST_PORT + (probed++ % PORTS), '127.0.0.1')
    try {
      await once(probe, 'listening')
    } catch {
      continue
    }
    const { port } = probe.address() as AddressInfo
    await once(probe.close(), 'close')
    return port
  }
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
