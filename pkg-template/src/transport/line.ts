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
  /** The numbered database that commands are about; SELECT changes it. 0. */
  readonly database?: number
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

export interface RemoteEvents {
  /** There is a connection, for the first time or again; subscriptions are in place. */
  connected: undefined
  /** The connection is gone; another is being made. */
  disconnected: NookError
}

const FIRST_PAUSE_MS = 250

type ChannelKind = 'channel' | 'pattern'

const SUBSCRIBE = { channel: 'SUBSCRIBE', pattern: 'PSUBSCRIBE' }
const UNSUBSCRIBE = { channel: 'UNSUBSCRIBE', pattern: 'PUNSUBSCRIBE' }

export class Line {
  readonly events = new Emitter<RemoteEvents>()
  readonly #url: string
  readonly #options: ConnectOptions
  readonly #subscriptions = { channel: new Subscriptions(), pattern: new Subscriptions() }
  /** Selected again with each connection: commands must not end up in another database because a connection was lost. */
  #database: string
  #connection: Connection | null = null
  #waiting: Request[] = []
  /** Lines of commands that may wait for a key. */
  readonly #alone = new Set<Line>()
  #closed = false
  #pause: { end(): void } | null = null

  constructor(url: string, options: ConnectOptions) {
    this.#url = url
    this.#options = options
    this.#database = String(options.database ?? 0)
  }

  get connected(): boolean {
    return this.#connection !== null
  }

  /** Tries until there is a connection or the time is up. @throws NookError UNREACHABLE, ABORTED, or the reply to AUTH */
  async open(startMs = Date.now()): Promise<void> {
    const { timeoutMs = 10_000, signal } = this.#options
    const deadline = startMs + timeoutMs
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      if (this.#closed) throw closedError()
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
  send(commands: readonly (readonly Argument[])[], binary: boolean): Promise<Reply> {
    if (this.#connection === null && this.#waiting.length >= (this.#options.maxWaiting ?? 1_000)) {
      return Promise.reject(new NookError('DISCONNECTED', 'there is no connection, and too many commands wait for one'))
    }
    const reply = replyTo(commands, binary, commands.length, (request) => this.#send(request))
    const database = selectedDatabase(commands)
    return database === null ? reply : this.#select(reply, database)
  }

  /** Runs a command over a connection of its own, which it may keep waiting. */
  async sendAlone(argv: readonly Argument[], binary: boolean, signal?: AbortSignal): Promise<Reply> {
    signal?.throwIfAborted()
    if (this.#closed) throw closedError()
    // Not the signal that ended the attempt to connect: it means nothing any more.
    const { signal: _, ...options } = this.#options
    const line = new Line(this.#url, { ...options, database: Number(this.#database), ...(signal && { signal }) })
    const abort = () => line.close()
    signal?.addEventListener('abort', abort, { once: true })
    this.#alone.add(line)
    try {
      await line.open()
      return await line.send([argv], binary)
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#alone.delete(line)
      line.close()
    }
  }

  /** Resolves when the messages come. Without a connection that is when there is one. */
  async subscribe(kind: ChannelKind, names: readonly string[], subscriber: Subscriber): Promise<void> {
    if (this.#closed) throw closedError()
    const added = this.#subscriptions[kind].add(names, subscriber)
    while (added.length > 0) {
      try {
        return void (await this.#say([SUBSCRIBE[kind], ...added], added.length))
      } catch (error) {
        // Lost on its way: it is said again, with the next connection.
        if (isLost(error) && !this.#closed) continue
        this.#subscriptions[kind].remove(added, subscriber.listener)
        throw error
      }
    }
  }

  async unsubscribe(kind: ChannelKind, names?: readonly string[], listener?: Subscriber['listener']): Promise<void> {
    const gone = this.#subscriptions[kind].remove(names, listener)
    if (gone.length === 0 || this.#connection === null) return
    await this.#say([UNSUBSCRIBE[kind], ...gone], gone.length).catch((error: unknown) => {
      // With a connection go the subscriptions that were made over it.
      if (!isLost(error)) throw error
    })
  }

  close(): void {
    this.#closed = true
    this.#pause?.end()
    this.#connection?.close()
    this.#connection = null
    for (const line of this.#alone) line.close()
    for (const request of this.#waiting.splice(0)) request.reject(closedError())
  }

  #send(request: Request): void {
    if (this.#connection !== null) this.#connection.send(request)
    else if (this.#closed) request.reject(closedError())
    else this.#waiting.push(request)
  }

  async #select(reply: Promise<Reply>, database: string): Promise<Reply> {
    const answered = await reply
    this.#database = database
    return answered
  }

  #say(argv: readonly Argument[], replies: number): Promise<Reply> {
    return replyTo([argv], false, replies, (request) => this.#send(request))
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
      await within(timeoutMs, this.#introduce(connection))
      if (this.#closed) throw closedError()
    } catch (error) {
      connection.close()
      throw error
    }
    // In one turn: who subscribes before it is among the names, and who does so later says it himself.
    this.#connection = connection
    const subscribed = this.#resubscribe(connection)
    for (const request of this.#waiting.splice(0)) connection.send(request)
    try {
      await subscribed
    } catch {
      // Its end is the start of the next attempt.
      return connection.close()
    }
    if (this.#connection === connection) this.events.emit('connected', undefined)
  }

  /** Says who we are, before anything else is said. */
  #introduce(connection: Connection): Promise<unknown> {
    const { password, username = 'default' } = this.#options
    const hello = password === undefined ? ['HELLO', '3'] : ['HELLO', '3', 'AUTH', username, password]
    const said = this.#database === '0' ? [hello] : [hello, ['SELECT', this.#database]]
    return Promise.all(said.map((argv) => replyTo([argv], false, 1, (request) => connection.send(request))))
  }

  #resubscribe(connection: Connection): Promise<unknown> {
    const kinds: ChannelKind[] = ['channel', 'pattern']
    return Promise.all(
      kinds.map(async (kind) => {
        const { names } = this.#subscriptions[kind]
        if (names.length > 0) await replyTo([[SUBSCRIBE[kind], ...names]], false, names.length, (request) => connection.send(request))
      }),
    )
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

/** Has a request sent, and gives the last of its replies. @throws NookError where that is an error */
function replyTo(
  commands: Request['commands'],
  binary: boolean,
  replies: number,
  send: (request: Request) => void,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    send({
      commands,
      binary,
      replies,
      resolve: (reply) => (reply instanceof NookError ? reject(reply) : resolve(reply)),
      reject,
    })
  })
}

function selectedDatabase(commands: Request['commands']): string | null {
  const [name, database, ...rest] = commands.length === 1 ? (commands[0] ?? []) : []
  const selects = typeof name === 'string' && name.toUpperCase() === 'SELECT' && rest.length === 0
  return selects && typeof database === 'string' ? database : null
}

/** @throws NookError UNREACHABLE when the time is up first */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NookError('UNREACHABLE', `the server did not answer within ${limitMs} ms`)), limitMs)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

function closedError(): NookError {
  return new NookError('CLOSED', 'the remote is closed')
}

function isLost(error: unknown): boolean {
  return error instanceof NookError && error.code === 'DISCONNECTED'
}

function isUnreachable(error: unknown): boolean {
  return isLost(error) || (error instanceof NookError && error.code === 'UNREACHABLE')
}
