// The line to a server: connected again and again, with the same subscriptions, until it is closed.

import type { Argument } from '../client.js'
import { NookError } from '../errors.js'
import { Emitter } from '../events.js'
import { Subscriptions, asText, type Subscriber } from '../listeners.js'
import type { Reply } from '../reply.js'
import { Connection, openSocket, type Request, type WebSocketClass } from './connection.js'

export interface ConnectOptions {
  readonly password?: string
  /** The user that the password is of; `default` where none is given. */
  readonly username?: string
  /** How long `connect` tries before it rejects, and how long each later attempt may take. 10 seconds. */
  readonly timeoutMs?: number
  /** The longest pause between two attempts; the first is a quarter of a second, and each is up to twice the last. 30 seconds. */
  readonly maxPauseMs?: number
  /** Commands that wait while there is no connection; one more is refused with DISCONNECTED. 1,000. */
  readonly maxWaiting?: number
  /** Ends the attempt to connect; once connected it does nothing. */
  readonly signal?: AbortSignal
  /** Where the host has no WebSocket of its own (Node 20): the class of the package `ws`. */
  readonly WebSocket?: WebSocketClass
}

export interface RemoteEvents extends Record<string, unknown> {
  /** There is a connection, for the first time or again; subscriptions are in place. */
  connected: undefined
  /** The connection is gone; another is being made. */
  disconnected: NookError
}

const FIRST_PAUSE_MS = 250

type ChannelKind = 'channel' | 'pattern'

export class Line {
  readonly events = new Emitter<RemoteEvents>()
  readonly #url: string
  readonly #options: ConnectOptions
  readonly #subscriptions = { channel: new Subscriptions(), pattern: new Subscriptions() }
  #connection: Connection | null = null
  #waiting: Request[] = []
  #closed = false
  #pause: { end(): void } | null = null

  constructor(url: string, options: ConnectOptions) {
    this.#url = url
    this.#options = options
  }

  get connected(): boolean {
    return this.#connection !== null
  }

  /** Tries until there is a connection or the time is up. @throws NookError UNREACHABLE, ABORTED, or the reply to AUTH */
  async open(): Promise<void> {
    const { timeoutMs = 10_000, signal } = this.#options
    const deadline = Date.now() + timeoutMs
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      try {
        return await this.#connect(Math.max(1, deadline - Date.now()), signal)
      } catch (error) {
        if (!isUnreachable(error) || Date.now() + pauseMs >= deadline) throw error
        await this.#rest(pauseMs, signal)
      }
    }
  }

  /** Sends commands together and gives the last of their replies, `replies` of which are to come.
   *  @throws NookError where that is an error, or DISCONNECTED where the connection went before it came: nobody knows then
   *  whether the commands were carried out */
  send(commands: readonly (readonly Argument[])[], binary: boolean, replies = commands.length): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const request: Request = {
        commands,
        binary,
        replies,
        resolve: (reply) => (reply instanceof NookError ? reject(reply) : resolve(reply)),
        reject,
      }
      if (this.#connection !== null) this.#connection.send(request)
      else if (this.#closed) reject(new NookError('CLOSED', 'the remote is closed'))
      else if (this.#waiting.length >= (this.#options.maxWaiting ?? 1_000))
        reject(new NookError('DISCONNECTED', 'there is no connection, and too many commands wait for one'))
      else this.#waiting.push(request)
    })
  }

  /** Runs a command over a connection of its own, which it may keep waiting. */
  async sendAlone(argv: readonly Argument[], binary: boolean, signal?: AbortSignal): Promise<Reply> {
    signal?.throwIfAborted()
    const line = new Line(this.#url, { ...this.#options, ...(signal && { signal }) })
    await line.open()
    const abort = () => line.close()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await line.send([argv], binary)
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
      line.close()
    }
  }

  async subscribe(kind: ChannelKind, names: readonly string[], subscriber: Subscriber): Promise<void> {
    const added = this.#subscriptions[kind].add(names, subscriber)
    // Without a connection there is nothing to say now: all names are said when there is one.
    if (added.length === 0 || this.#connection === null) return
    await this.send([[kind === 'channel' ? 'SUBSCRIBE' : 'PSUBSCRIBE', ...added]], false, added.length)
  }

  async unsubscribe(kind: ChannelKind, names?: readonly string[], listener?: Subscriber['listener']): Promise<void> {
    const gone = this.#subscriptions[kind].remove(names, listener)
    if (gone.length === 0 || this.#connection === null) return
    await this.send([[kind === 'channel' ? 'UNSUBSCRIBE' : 'PUNSUBSCRIBE', ...gone]], false, gone.length)
  }

  close(): void {
    this.#closed = true
    this.#pause?.end()
    this.#connection?.close()
    this.#connection = null
    const cause = new NookError('CLOSED', 'the remote is closed')
    for (const request of this.#waiting.splice(0)) request.reject(cause)
  }

  async #connect(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const Class = this.#options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket
    if (Class === undefined) {
      throw new NookError('UNSUPPORTED', 'this host has no WebSocket: pass one, as in connect(url, { WebSocket }) with that of the package ws')
    }
    const socket = await openSocket(this.#url, Class, timeoutMs, signal)
    const connection = new Connection(
      socket,
      (items) => this.#push(items),
      (cause) => this.#lost(connection, cause),
    )
    try {
      await this.#introduce(connection)
    } catch (error) {
      connection.close()
      throw error
    }
    if (this.#closed) {
      connection.close()
      throw new NookError('CLOSED', 'the remote is closed')
    }
    this.#connection = connection
    for (const request of this.#waiting.splice(0)) connection.send(request)
    this.events.emit('connected', undefined)
  }

  /** Says who we are and what we listen to, before anything else is said. */
  async #introduce(connection: Connection): Promise<void> {
    const { password, username = 'default' } = this.#options
    const say = (argv: readonly Argument[], replies: number) =>
      new Promise<Reply>((resolve, reject) => {
        const settle = (reply: Reply) => (reply instanceof NookError ? reject(reply) : resolve(reply))
        connection.send({ commands: [argv], binary: false, replies, resolve: settle, reject })
      })
    const { channel, pattern } = this.#subscriptions
    const said = [say(password === undefined ? ['HELLO', '3'] : ['HELLO', '3', 'AUTH', username, password], 1)]
    if (channel.names.length > 0) said.push(say(['SUBSCRIBE', ...channel.names], channel.names.length))
    if (pattern.names.length > 0) said.push(say(['PSUBSCRIBE', ...pattern.names], pattern.names.length))
    await Promise.all(said)
  }

  #lost(connection: Connection, cause: NookError): void {
    if (this.#connection !== connection) return
    this.#connection = null
    this.events.emit('disconnected', cause)
    void this.#reconnect()
  }

  /** Tries for as long as it takes; the pauses grow, and differ from client to client so that not all come back at once. */
  async #reconnect(): Promise<void> {
    const { timeoutMs = 10_000, maxPauseMs = 30_000 } = this.#options
    for (let pauseMs = FIRST_PAUSE_MS; !this.#closed; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      await this.#rest(pauseMs * (0.5 + Math.random() / 2))
      if (this.#closed) return
      try {
        return await this.#connect(timeoutMs)
      } catch {
        // Told with `disconnected` already; the next attempt may do better.
      }
    }
  }

  #rest(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', end)
        this.#pause = null
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal?.addEventListener('abort', end, { once: true })
      this.#pause = { end }
    })
  }

  #push([kind, ...items]: Reply[]): void {
    const [first = null, second = null, third = null] = items
    if (asText(kind) === 'message') this.#subscriptions.channel.deliver(asText(first), second, first)
    if (asText(kind) === 'pmessage') this.#subscriptions.pattern.deliver(asText(first), third, second)
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof NookError && (error.code === 'UNREACHABLE' || error.code === 'DISCONNECTED')
}
