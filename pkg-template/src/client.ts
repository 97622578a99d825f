// What the generated command methods stand on: a client runs an argv and hands over the reply.
//
// There are three kinds. A store in this process answers at once, a remote one answers with a promise, and the queue of
// `multi()` answers with itself, so that calls can be chained. One class of methods serves all three.

import type { Reply } from './reply.js'

/** A word of a command on its way to the engine. Strings travel as UTF-8. */
export type Argument = string | Uint8Array

/** When a client answers: at once, later, or not before `exec`. */
export type Mode = 'sync' | 'promise' | 'queue'

/** How bulk strings come out: as strings, or as they are. */
export type Text = string | Uint8Array<ArrayBuffer>

/** What a method answers that would answer `T` were it called on a store in this process. */
export type Result<M extends Mode, T, Self> = M extends 'sync' ? T : M extends 'promise' ? Promise<T> : Self

/** The same for commands that may wait: only the queue does not promise, because nothing waits inside of a transaction. */
export type BlockingResult<M extends Mode, T, Self> = M extends 'queue' ? Self : Promise<T>

export interface BlockingOptions {
  /** Ends the wait: the promise rejects with the signal's reason, and nothing has been taken. */
  readonly signal?: AbortSignal
}

/** Gives a reply the shape that the method promises. Called once, with a reply that is no error. */
export type Transform<T> = (reply: Reply) => T

export abstract class Client<M extends Mode> {
  /** Runs a command. @throws NookError where the reply is an error */
  protected abstract run<T>(argv: readonly Argument[], transform: Transform<T>): Result<M, T, this>

  /** Runs a command that may wait for a key. */
  protected abstract runBlocking<T>(
    argv: readonly Argument[],
    transform: Transform<T>,
    options?: BlockingOptions,
  ): BlockingResult<M, T, this>
}
