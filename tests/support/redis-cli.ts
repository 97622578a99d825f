// The real redis-cli, beside our own clients.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

/** Longer than a message takes on a busy machine. */
const PATIENCE_MS = 30_000

/** Runs one command, and gives what redis-cli prints into a pipe. */
export async function redisCli(port: number, ...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('redis-cli', ['-p', `${port}`, ...words])
  return stdout.trimEnd()
}

/** redis-cli that listens to channels. `await using` ends it. */
export class RedisCliSubscriber implements AsyncDisposable {
  readonly #child
  #printed = ''
  #wake: () => void = () => undefined

  private constructor(port: number, channels: readonly string[]) {
    this.#child = spawn('redis-cli', ['-p', `${port}`, 'SUBSCRIBE', ...channels], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text
      this.#wake()
    })
    this.#child.once('exit', () => this.#wake())
  }

  /** Resolves when the server has confirmed. */
  static async start(port: number, ...channels: string[]): Promise<RedisCliSubscriber> {
    const subscriber = new RedisCliSubscriber(port, channels)
    for (const [n, channel] of channels.entries()) await subscriber.hears(['subscribe', channel, `${n + 1}`])
    return subscriber
  }

  /** Resolves when it has printed these lines one after the other. */
  async hears(lines: readonly string[]): Promise<void> {
    const limit = setTimeout(() => this.#child.kill(), PATIENCE_MS)
    while (!this.#printed.includes(`${lines.join('\n')}\n`)) {
      if (this.#child.killed) throw new Error(`redis-cli did not hear ${lines.join(' ')}, but\n${this.#printed}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    clearTimeout(limit)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill()
    await exit
  }
}
