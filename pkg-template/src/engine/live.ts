// The engine while it lives: who waits for what, what is due, and what happens when it stops.

import type { Argument, BlockingOptions } from '../client.js'
import { NookError } from '../errors.js'
import type { Timers } from '../platform/platform.js'
import { Push, type Reply } from '../reply.js'
import { DirectCalls } from './direct.js'
import { BLOCKED, DEAD, DELIVERIES, EngineInstance, HostRequest, STEPS, STEPS_DUE, TICKS, type Answer, type Imported } from './instance.js'

/** How often time is looked at while anything depends on it: ten times a second, as Redis does. */
const TICK_MS = 100
/** When much is left to expire or to free: a millisecond's work comes so often. */
const BEHIND_MS = 10
/** Work of one tick, in look-ups: about a millisecond. */
const TICK_UNITS = 16_384

/** What the engine tells its store. None is called from inside of a call. */
export interface LiveEvents {
  /** Steps wait to be taken for the journal; where they are due, so many that it should be now. */
  steps(areDue: boolean): void
  /** Messages and events for the listener. */
  push(items: Reply[]): void
  /** The instance may not be entered any more. */
  died(cause: NookError): void
}

interface Waiter {
  readonly client: number
  readonly binary: boolean
  readonly resolve: (reply: Reply) => void
  readonly reject: (reason: unknown) => void
}

function cannotWait(): NookError {
  return new NookError('ERR', 'ERR nothing can wait in a Worker: open the store in a Durable Object')
}

/** Whoever holds a client of its own. */
export interface SessionEnd {
  /** A late reply or a message, in the protocol of the client. */
  receive(resp: Uint8Array<ArrayBuffer>): void
  /** The engine was taken out of use, and the client with it. */
  ended(reason: NookError): void
  /** Whether somebody waits for a late reply. */
  readonly isWaiting: boolean
}

export class LiveEngine {
  readonly #instance: EngineInstance
  readonly #events: LiveEvents
  /** In whose name commands run: MULTI and SELECT are its state. */
  readonly #caller: number
  /** Who subscribes and observes. */
  readonly #listener: number
  /** The short way for commands of the caller. */
  readonly direct: DirectCalls
  readonly #waiters = new Map<number, Waiter>()
  readonly #sessions = new Map<number, SessionEnd>()
  readonly #timers: Timers
  #timer: ReturnType<typeof setTimeout> | null = null
  #timerAt = Infinity
  /** When a call last brought a tick along. */
  #tickedAt = -Infinity
  #deliveriesDue = false
  #ended = false

  /** @param hasNear  whether strings and parts of lists that are read often are kept in JavaScript */
  constructor(instance: EngineInstance, timers: Timers, hasNear: boolean, events: LiveEvents) {
    this.#instance = instance
    this.#events = events
    this.#timers = timers
    this.#caller = instance.connect()
    this.#listener = instance.connect()
    this.direct = new DirectCalls(instance, this.#caller, hasNear, {
      follow: (pending) => this.#follow(pending),
      stopped: (error) => this.#stopped(error),
    })
  }

  /** Runs a command. One that would have to wait answers at once, as if its time were up.
   *  @throws NookError where the reply is an error, or the engine stopped */
  call(argv: readonly Argument[], binary: boolean): Answer {
    const answer = this.#enter(() => this.#instance.call(this.#caller, argv, binary))
    if (answer === BLOCKED) {
      this.#instance.cancel(this.#caller)
      return null
    }
    if (answer instanceof NookError) throw answer
    return answer
  }

  /** Runs a command that may wait.
   *  @throws NookError where the reply is an error, the signal's reason where it ends the wait */
  wait(argv: readonly Argument[], binary: boolean, { signal }: BlockingOptions): Promise<Reply> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      if (this.#timers === 'never') throw cannotWait()
      const client = this.#enter(() => this.#instance.connect(this.#instance.selected(this.#caller)))
      const answer = this.#enter(() => this.#instance.call(client, argv, binary))
      if (answer !== BLOCKED) {
        this.#instance.disconnect(client)
        return settle(answer, { resolve, reject })
      }
      const abort = (): void => this.#giveUp(client, signal?.reason)
      const done = (): void => signal?.removeEventListener('abort', abort)
      this.#waiters.set(client, {
        client,
        binary,
        resolve: (reply) => (done(), resolve(reply)),
        reject: (reason) => (done(), reject(reason)),
      })
      signal?.addEventListener('abort', abort, { once: true })
      this.#schedule(this.#instance.nextTimeout())
    })
  }

  /** Opens a client of its own, which speaks RESP2 until it says HELLO 3, as one behind a socket. */
  connect(end: SessionEnd): number {
    const client = this.#enter(() => this.#instance.connect())
    this.#enter(() => this.#instance.exchange(client, ['HELLO', '2']))
    this.#sessions.set(client, end)
    return client
  }

  /** Runs a command of such a client. Where it has to wait, the reply is received later, if `keepTime` is called.
   *  @throws NookError where it has to wait, and nothing can */
  exchange(client: number, argv: readonly Argument[]): Uint8Array<ArrayBuffer> | HostRequest | typeof BLOCKED {
    const answer = this.#enter(() => this.#instance.exchange(client, argv))
    if (answer !== BLOCKED || this.#timers !== 'never') return answer
    this.cancel(client)
    throw cannotWait()
  }

  /** Sees to it that waits end in time. */
  keepTime(): void {
    this.#schedule(this.#instance.nextTimeout())
  }

  /** Ends the wait of such a client; false where it does not wait, and its reply is on the way. */
  cancel(client: number): boolean {
    return this.#enter(() => this.#instance.cancel(client))
  }

  disconnect(client: number): void {
    if (this.#sessions.delete(client) && !this.#ended) this.#enter(() => this.#instance.disconnect(client))
  }

  /** Runs SUBSCRIBE and its kin in the name of the listener. */
  listen(argv: readonly Argument[]): void {
    const answer = this.#enter(() => this.#instance.call(this.#listener, argv, false))
    if (answer instanceof NookError) throw answer
  }

  /** Sends the listener the events of all keys that match one of these patterns. */
  observe(patterns: readonly Argument[]): void {
    this.#enter(() => this.#instance.observe(this.#listener, patterns))
  }

  /** Runs the function with all calls in one step. @throws what the function threw, once everything is taken back */
  atomic<T>(work: () => T): T {
    this.#enter(() => this.#instance.begin(this.#caller))
    let result: T
    try {
      result = work()
    } catch (error) {
      if (this.#instance.death === null) this.#enter(() => this.#instance.abort())
      throw error
    }
    const answer = this.#enter(() => this.#instance.end())
    if (answer instanceof NookError) throw answer
    return result
  }

  /** Has the store hold what an RDB file holds, in one step. */
  import(file: Uint8Array): Imported {
    return this.#enter(() => this.#instance.import(this.#caller, file))
  }

  /** For what is asked of the instance itself: steps, snapshots, statistics. */
  use<T>(work: (instance: EngineInstance) => T): T {
    return this.#enter(() => work(this.#instance))
  }

  /** Whether the engine may not be entered any more. */
  get hasStopped(): boolean {
    return this.#ended || this.#instance.death !== null
  }

  /** Steps that were not taken from the engine yet. May be asked of an engine that has stopped. */
  get untakenSteps(): number {
    return this.#instance.untakenSteps
  }

  /** Takes the instance out of use: nothing is heard of it again, and those who wait are told why. */
  end(reason: NookError): void {
    this.#ended = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    const waiters = [...this.#waiters.values()]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.reject(reason)
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const session of sessions) session.ended(reason)
  }

  #giveUp(client: number, reason: unknown): void {
    const waiter = this.#waiters.get(client)
    // One that was served in this very turn has its reply on the way: what it took must not be lost.
    if (waiter === undefined || !this.#enter(() => this.#instance.cancel(client))) return
    this.#waiters.delete(client)
    this.#enter(() => this.#instance.disconnect(client))
    waiter.reject(reason)
  }

  #enter<T>(work: () => T): T {
    try {
      const result = work()
      this.#follow(this.#instance.takePending())
      return result
    } catch (error) {
      if (error instanceof NookError && error.code === DEAD) this.#stopped(error)
      throw error
    }
  }

  #stopped(error: NookError): void {
    this.direct.end()
    if (this.#ended) return
    this.#ended = true
    queueMicrotask(() => this.#events.died(error))
  }

  #follow(pending: number): void {
    if ((pending & (DELIVERIES | STEPS | TICKS)) === 0) return
    if ((pending & DELIVERIES) !== 0 && !this.#deliveriesDue) {
      this.#deliveriesDue = true
      queueMicrotask(() => this.#unasked(() => this.#deliver()))
    }
    if ((pending & STEPS) !== 0) this.#events.steps((pending & STEPS_DUE) !== 0)
    if ((pending & TICKS) !== 0 && this.#timer === null) this.#tickLater()
  }

  #deliver(): void {
    this.#deliveriesDue = false
    const form = (client: number): 'text' | 'bytes' | 'resp' => {
      if (this.#sessions.has(client)) return 'resp'
      return client === this.#listener || this.#waiters.get(client)?.binary === true ? 'bytes' : 'text'
    }
    for (const { client, value } of this.#enter(() => this.#instance.takeDeliveries(form))) {
      const waiter = this.#waiters.get(client)
      if (waiter !== undefined) {
        this.#waiters.delete(client)
        this.#enter(() => this.#instance.disconnect(client))
        settle(value, waiter)
      } else if (value instanceof Uint8Array) {
        this.#sessions.get(client)?.receive(value)
      } else if (client === this.#listener && value instanceof Push) {
        this.#events.push(value.items)
      }
    }
  }

  /** Without a timer the calls bring the ticks along: keys that nobody asks for again would stay for ever. */
  #tickLater(): void {
    if (this.#mayUseTimer()) return this.#schedule(Infinity)
    const now = Date.now()
    if (now < this.#tickedAt + TICK_MS) return
    this.#tickedAt = now
    queueMicrotask(() => this.#unasked(() => this.#tick()))
  }

  #mayUseTimer(): boolean {
    return this.#timers === 'always' || (this.#timers === 'while waiting' && this.#isAwaited())
  }

  /** Sees to it that the next tick comes in time. */
  #schedule(wantedMs: number): void {
    if (this.#ended || !this.#mayUseTimer()) return
    const at = Math.min(wantedMs, Date.now() + TICK_MS)
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timerAt = Math.min(at, this.#timer === null ? Infinity : this.#timerAt)
    this.#timer = setTimeout(() => this.#unasked(() => this.#tick()), Math.max(0, this.#timerAt - Date.now()))
    // A store keeps no process alive; whoever waits for a key does. In browsers a timer is a number.
    if (typeof this.#timer === 'object' && !this.#isAwaited()) this.#timer.unref()
  }

  #isAwaited(): boolean {
    return this.#waiters.size > 0 || [...this.#sessions.values()].some(({ isWaiting }) => isWaiting)
  }

  #tick(): void {
    this.#timer = null
    const isBehind = this.#enter(() => this.#instance.tick(TICK_UNITS))
    if (this.#timer === null) return
    this.#schedule(isBehind ? Date.now() + BEHIND_MS : this.#enter(() => this.#instance.nextTimeout()))
  }

  /** For work that nobody called for. That the engine stopped is told by `died`, and there is nobody else to tell. */
  #unasked(work: () => void): void {
    if (this.#ended) return
    try {
      work()
    } catch (error) {
      if (!(error instanceof NookError && error.code === DEAD)) throw error
    }
  }
}

function settle(value: Answer, waiter: Pick<Waiter, 'resolve' | 'reject'>): void {
  if (value instanceof NookError) waiter.reject(value)
  else if (value === BLOCKED || value instanceof HostRequest) waiter.resolve(null)
  else waiter.resolve(value instanceof Push ? value.items : value)
}
