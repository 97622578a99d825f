import { Client, type Argument, type Transform } from './client.js'
import { NookError } from './errors.js'
import type { Reply } from './reply.js'

interface Queued {
  readonly argv: readonly Argument[]
  readonly transform: Transform
}

/** Sends queued commands between MULTI and EXEC and gives EXEC's reply, at once or as a promise. */
export type Execute<Replies> = (commands: readonly (readonly Argument[])[], read: (reply: Reply) => unknown[]) => Replies

/** The queue behind `multi()`: each method adds a command, `exec` runs them as one step. */
export class CommandQueue extends Client {
  readonly #queued: Queued[] = []
  readonly #execute: Execute<unknown>

  constructor(execute: Execute<unknown>) {
    super()
    this.#execute = execute
  }

  call(...argv: Argument[]): this {
    return this.run(argv, (reply) => reply)
  }

  exec(): unknown {
    const queued = this.#queued.splice(0)
    return this.#execute(
      queued.map(({ argv }) => argv),
      (reply) => read(reply, queued),
    )
  }

  protected override run(argv: readonly Argument[], transform: Transform): this {
    this.#queued.push({ argv, transform })
    return this
  }

  protected override runBlocking(argv: readonly Argument[], transform: Transform): this {
    return this.run(argv, transform)
  }
}

/** @throws NookError WATCH where a watched key changed, or the error of the first command that failed */
function read(reply: Reply, queued: readonly Queued[]): unknown[] {
  if (!Array.isArray(reply)) throw new NookError('WATCH', 'WATCH a watched key has changed: nothing was done')
  return reply.map((one, n) => {
    if (one instanceof NookError) throw one
    return queued[n]?.transform(one)
  })
}
