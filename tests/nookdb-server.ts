// Our server for one test file, built as Cargo's tests build it.

import { join } from 'node:path'
import { cargoMetadata, run } from '../pkg-template/steps.mjs'
import { freePort, ServerProcess } from './server-process.js'

/** A running nookdb-server that keeps nothing. `await using` ends it. */
export class NookServer implements AsyncDisposable {
  readonly port: number
  /** For `connect`. */
  readonly url: string
  readonly #process: ServerProcess

  private constructor(port: number, httpPort: number, process: ServerProcess) {
    this.port = port
    this.url = `ws://127.0.0.1:${httpPort}/ws`
    this.#process = process
  }

  static async start(): Promise<NookServer> {
    await run('cargo', ['build', '--quiet', '--all-features', '--bin', 'nookdb-server'])
    const { targetDirectory } = await cargoMetadata()
    const [port, httpPort] = [await freePort(), await freePort()]
    const args = ['--port', `${port}`, '--http-port', `${httpPort}`, '--bind', '127.0.0.1', '--save', '']
    return new NookServer(port, httpPort, await ServerProcess.start(join(targetDirectory, 'debug/nookdb-server'), args, httpPort))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]()
  }
}
