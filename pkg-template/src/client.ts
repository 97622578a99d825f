// What the command methods stand on: a client runs an argv and hands over the reply.
//
// There are three kinds. A store in this process answers at once, a remote one answers with a promise, and the queue of
// `multi()` answers with itself, so that calls can be chained. One set of methods serves all three: `Commands` gives
// their types by the kind (`commands/generated.ts`), and `Client` carries the functions.

import type { Commands } from './commands/generated.js'
import { inheritMethods } from './commands/inherit.js'
import { methods } from './commands/methods.js'
import type { DirectCommand } from './engine/named.js'
import type { Reply } from './reply.js'

/** A word of a command on its way to the engine. Strings travel as UTF-8. */
export type Argument = string | Uint8Array

/** When a client answers: at once, later, or (for the queue of `multi()`) not before `exec`. */
export type Mode = 'sync' | 'promise' | Queued<'sync' | 'promise', unknown[], Text>

/** The mode of a queue: the client that made it, and the replies that it has promised so far. */
export interface Queued<Of extends 'sync' | 'promise', Replies extends unknown[], T extends Text> {
  readonly of: Of
  readonly replies: Replies
  readonly text: T
}

/** How bulk strings come out: as strings, or as they are. */
export type Text = string | Uint8Array<ArrayBuffer>

/** What a method gives whose command answers `T`. */
export type Answer<M extends Mode, T> = M extends 'sync'
  ? T
  : M extends 'promise'
    ? Promise<T>
    : M extends Queued<infer Of, infer Replies, infer Bulk>
      ? Multi<Of, [...Replies, T], Bulk>
      : never

/** The same for commands that may wait: only a queue does not promise, because nothing waits inside of a transaction. */
export type BlockingAnswer<M extends Mode, T> = M extends 'sync' | 'promise' ? Promise<T> : Answer<M, T>

export interface BlockingOptions {
  /** Ends the wait: the promise rejects with the signal's reason, and nothing has been taken. */
  readonly signal?: AbortSignal
}

/** Gives a reply the shape that the method promises. Called once, with a reply that is no error. */
export type Transform = (reply: Reply) => unknown

/** Commands that happen in one step, when `exec` is called: `db.multi().incr('n').expire('n', 60).exec()`. */
export interface Multi<Of extends 'sync' | 'promise', Replies extends unknown[], T extends Text>
  extends Commands<Queued<Of, Replies, T>, T> {
  /** Queues a command by its words. */
  call(...argv: Argument[]): Multi<Of, [...Replies, Reply], T>
  /** Runs what was queued, and gives the reply of each.
   *  @throws NookError of the first command that failed; as in Redis the others have happened all the same. */
  exec(): Answer<Of, Replies>
}

/** Carries every method of `Commands`; a subclass says how a command is run, and declares `Commands` of its mode. */
export abstract class Client {
  static #isComplete = false

  /** Gives the class its methods: before its first object is made, and not when the package is imported. */
  static complete(): void {
    if (Client.#isComplete) return
    Client.#isComplete = true
    inheritMethods(Client.prototype, methods())
  }

  constructor() {
    Client.complete()
  }

  /** Runs a command. @throws NookError where the reply is an error */
  protected abstract run(argv: readonly Argument[], transform: Transform): unknown

  /** Tries to run a command with one to three arguments by the short way into the engine, which only a store has. Undefined where that
   *  leads nowhere: then nothing has happened. */
  protected shortcut(_command: DirectCommand, _first: unknown, _second: unknown, _third: unknown): Reply | undefined {
    return undefined
  }

  /** Runs a command that may wait for a key. */
  protected abstract runBlocking(argv: readonly Argument[], transform: Transform, options?: BlockingOptions): unknown
}
