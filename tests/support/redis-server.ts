// A real redis-server for one test file: the oracle.

import { freePort, ServerProcess } from './server-process.js'

/** Redis's own name for it. */
const DUMP = 'dump.rdb'

/** A running redis-server that keeps nothing. `await using` ends it. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #process: ServerProcess

  private constructor(port: number, process: ServerProcess) {
    this.port = port
    this.#process = process
  }

  /** @param dump  an RDB file that it loads first */
  static async start(dump?: Uint8Array): Promise<RedisServer> {
    const port = await freePort()
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '']
    return new RedisServer(port, await ServerProcess.start('redis-server', args, port, dump === undefined ? {} : { [DUMP]: dump }))
  }

  /** The file that SAVE has written. */
  dump(): Uint8Array {
    return this.#process.read(DUMP)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]()
  }
}
