import type { Argument } from './client.js'
import type { Core } from './core.js'
import { BLOCKED, HostRequest } from './engine/instance.js'
import type { LiveEngine, SessionEnd } from './engine/live.js'
import { NookError } from './errors.js'
import { callSafely, requireFunction } from './events.js'

/** Called with a message that came without being asked for, in the protocol of the session. */
export type SessionListener = (resp: Uint8Array<ArrayBuffer>) => unknown

interface Wait {
  readonly resolve: (resp: Uint8Array<ArrayBuffer>) => void
  readonly reject: (reason: unknown) => void
}

/** The first byte of what comes without being asked for, in RESP3. */
const PUSH = 0x3e

/** A client of its own, as one behind a socket would be: its MULTI, SELECT, HELLO and subscriptions are its own, and replies
 *  come as the bytes that a socket would carry, so that nothing of them is lost. For consoles and for proxies.
 *
 *  When the engine stopped and was made anew, the next command goes to a new client, as after a socket was closed. */
export class Session implements SessionEnd {
  readonly #core: Core
  readonly #listener: SessionListener
  #engine: LiveEngine | null = null
  #client = 0
  #wait: Wait | null = null

  /** @internal `db.session` makes them. */
  constructor(core: Core, listener: SessionListener) {
    requireFunction(listener)
    this.#core = core
    this.#listener = listener
  }

  /** Whether a command waits for a key. */
  get isWaiting(): boolean {
    return this.#wait !== null
  }

  /** Runs a command and resolves to its reply in RESP; an error is a reply too. Commands that wait for a key wait.
   *  @param signal  ends such a wait: the promise rejects with its reason, and nothing has been taken
   *  @throws NookError BUSY while a command waits, or where the store cannot answer at all */
  async send(argv: readonly Argument[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<Uint8Array<ArrayBuffer>> {
    signal?.throwIfAborted()
    if (this.#wait !== null) throw new NookError('BUSY', 'BUSY the session waits for the reply to its last command')
    const engine = this.#connected()
    const answer = engine.exchange(this.#client, argv)
    if (answer instanceof HostRequest) return this.#carryOut(answer)
    return answer === BLOCKED ? this.#waitForReply(engine, signal) : answer
  }

  /** Ends the session: its subscriptions, watches and its wait go with it. */
  close(): void {
    this.#engine?.disconnect(this.#client)
    this.ended(new NookError('CLOSED', 'the session is closed'))
  }

  /** @internal */
  receive(resp: Uint8Array<ArrayBuffer>): void {
    const wait = this.#wait
    // A client of RESP2 that has subscribed may not wait, so there what comes during a wait is the reply.
    if (wait === null || resp[0] === PUSH) return callSafely(() => this.#listener(resp))
    this.#wait = null
    wait.resolve(resp)
  }

  /** @internal */
  ended(reason: NookError): void {
    this.#engine = null
    this.#wait?.reject(reason)
    this.#wait = null
  }

  #connected(): LiveEngine {
    const engine = this.#core.engineOfSession()
    if (this.#engine !== engine) {
      this.#client = engine.connect(this)
      this.#engine = engine
    }
    return engine
  }

  #waitForReply(engine: LiveEngine, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        // Where it was served in this very turn the reply is on the way, and what it took must not be lost.
        if (!engine.cancel(this.#client)) return
        this.#wait = null
        reject(signal?.reason)
      }
      const done = (): void => signal?.removeEventListener('abort', abort)
      this.#wait = { resolve: (resp) => (done(), resolve(resp)), reject: (reason) => (done(), reject(reason)) }
      signal?.addEventListener('abort', abort, { once: true })
      engine.keepTime()
    })
  }

  #carryOut(request: HostRequest): Uint8Array<ArrayBuffer> {
    try {
      return encoder.encode(`+${String(this.#core.carryOut(request))}\r\n`)
    } catch (error) {
      if (error instanceof NookError) return encoder.encode(`-${error.message}\r\n`)
      throw error
    }
  }
}

const encoder = new TextEncoder()
