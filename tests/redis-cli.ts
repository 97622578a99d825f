// The real redis-cli, beside our own clients.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

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
  }

  /** Resolves when the server has confirmed. */
  static async start(port: number, ...channels: string[]): Promise<RedisCliSubscriber> {
    const subscriber = new RedisCliSubscriber(port, channels)
    for (const [n, channel] of channels.entries()) await subscriber.hears(['subscribe', channel, `${n + 1}`])
    return subscriber
  }

  /** Resolves when it has printed these lines one after the other. */
  async hears(lines: readonly string[]): Promise<void> {
    while (!this.#printed.includes(`${lines.join('\n')}\n`)) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.kill()
    await exit
  }
}
