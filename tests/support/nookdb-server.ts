// Our server for one test, built as Cargo's tests build it.

import { join } from 'node:path'
import { cargoMetadata, run } from '../../pkg-template/steps.mjs'
import { freePort, ServerProcess } from './server-process.js'

/** A running nookdb-server that keeps nothing, unless its flags say so. `await using` ends it. */
export class NookServer implements AsyncDisposable {
  /** For redis-cli. */
  readonly port: number
  /** For `connect`. */
  readonly url: string
  /** Of the site. */
  readonly siteUrl: string
  readonly #process: ServerProcess

  private constructor(port: number, httpPort: number, process: ServerProcess) {
    this.port = port
    this.url = `ws://127.0.0.1:${httpPort}/ws`
    this.siteUrl = `http://127.0.0.1:${httpPort}/`
    this.#process = process
  }

  /** @param flags beside those for ports */
  static async start(...flags: string[]): Promise<NookServer> {
    const program = await (built ??= build())
    const [port, httpPort] = [await freePort(), await freePort()]
    const args = ['--port', `${port}`, '--http-port', `${httpPort}`, '--bind', '127.0.0.1', '--save', '', ...flags]
    return new NookServer(port, httpPort, await ServerProcess.start(program, args, httpPort))
  }

  /** Ends the process, by default as an init system does. */
  stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    return this.#process.stop(signal)
  }

  /** Leaves what comes from now on unread, until the process is killed. */
  freeze(): void {
    this.#process.freeze()
  }

  /** Starts it again after `stop`, on the same ports. */
  restart(): Promise<void> {
    return this.#process.restart()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]()
  }
}

let built: Promise<string> | null = null

async function build(): Promise<string> {
  await run('cargo', ['build', '--quiet', '--all-features', '--bin', 'nookdb-server'])
  const { targetDirectory } = await cargoMetadata()
  return join(targetDirectory, 'debug/nookdb-server')
}
