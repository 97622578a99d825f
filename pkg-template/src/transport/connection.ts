// One WebSocket to a server, and the replies that are still to come over it.

import type { Argument } from '../client.js'
import { NookError } from '../errors.js'
import { Push, type Reply } from '../reply.js'
import { RespReader } from '../resp.js'
import { encodeRequests } from './request.js'

/** The part of the WebSocket API that is used: a browser's, workerd's, or the class of the package `ws`. */
export interface Socket {
  binaryType: string
  readonly readyState: number
  readonly OPEN: number
  send(message: Uint8Array<ArrayBuffer>): void
  close(): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: Closing) => void): void
  addEventListener(type: 'open' | 'error', listener: () => void, options?: { once?: boolean }): void
}

interface Closing {
  readonly code: number
  readonly reason: string
}

export type WebSocketClass = new (url: string) => Socket

/** Commands that go out together, and what is done with their replies. */
export interface Request {
  readonly commands: readonly (readonly Argument[])[]
  readonly binary: boolean
  /** Replies still to come: one a command, or one a channel for SUBSCRIBE and its kin. */
  replies: number
  /** Given the last of the replies; an error reply is given, not thrown. */
  resolve(reply: Reply): void
  reject(cause: NookError): void
}

/** Larger requests travel in several messages: the server refuses those beyond 16 MB. */
const MOST_MESSAGE_BYTES = 4 * 2 ** 20

/** Kinds of push that confirm a subscription, in the place of a reply. */
const CONFIRMATIONS = new Set(['subscribe', 'psubscribe', 'unsubscribe', 'punsubscribe'])

export class Connection {
  readonly #socket: Socket
  readonly #onPush: (items: Reply[]) => void
  readonly #pending: Request[] = []
  #outgoing: Request[] = []
  /** Why we closed the socket ourselves, where we did. */
  #failure: NookError | null = null

  /** @param onClose called once, with the reason, when the socket is gone for whichever cause */
  constructor(socket: Socket, onPush: (items: Reply[]) => void, onClose: (cause: NookError) => void) {
    this.#socket = socket
    this.#onPush = onPush
    socket.addEventListener('message', (event) => this.#receive(event.data))
    socket.addEventListener('close', (event) => {
      const cause = this.#failure ?? new NookError('DISCONNECTED', `the connection was closed${describe(event)}`)
      for (const request of [...this.#pending.splice(0), ...this.#outgoing.splice(0)]) request.reject(cause)
      onClose(cause)
    })
  }

  /** Requests of one turn travel in one message. Their replies come in their order. */
  send(request: Request): void {
    this.#outgoing.push(request)
    if (this.#outgoing.length === 1) queueMicrotask(() => this.#flush())
  }

  close(): void {
    this.#socket.close()
  }

  #flush(): void {
    if (this.#outgoing.length === 0 || this.#socket.readyState !== this.#socket.OPEN) return
    const requests = this.#outgoing.splice(0)
    this.#pending.push(...requests)
    const bytes = encodeRequests(requests.flatMap(({ commands }) => commands))
    for (let at = 0; at < bytes.length; at += MOST_MESSAGE_BYTES) this.#socket.send(bytes.subarray(at, at + MOST_MESSAGE_BYTES))
  }

  #receive(data: unknown): void {
    try {
      if (!(data instanceof ArrayBuffer)) throw new NookError('PROTOCOL', 'the server sent text: it is no nookdb-server')
      const reader = new RespReader(new Uint8Array(data))
      while (!reader.done) {
        // Messages are read as bytes: whether anyone wants them so, only their listeners know.
        reader.binary = reader.isAtPush || (this.#pending[0]?.binary ?? false)
        this.#take(reader.read())
      }
    } catch (error) {
      // After a reply that cannot be read, nobody knows which reply is whose.
      this.#failure = error instanceof NookError ? error : new NookError('PROTOCOL', 'malformed reply', { cause: error })
      this.#socket.close()
    }
  }

  #take(value: Reply | Push): void {
    if (value instanceof Push && !CONFIRMATIONS.has(text(value.items[0]))) return this.#onPush(value.items)
    const request = this.#pending[0]
    if (request === undefined) throw new NookError('PROTOCOL', 'a reply came that nobody asked for')
    request.replies -= 1
    if (request.replies > 0) return
    this.#pending.shift()
    request.resolve(value instanceof Push ? null : value)
  }
}

/** Opens a socket. @throws NookError UNREACHABLE where the server cannot be reached in time, ABORTED by the signal */
export function openSocket(url: string, Class: WebSocketClass, timeoutMs: number, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new Class(url)
    socket.binaryType = 'arraybuffer'
    const give = (settle: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      settle()
    }
    const fail = (reason: string) =>
      give(() => {
        reject(new NookError('UNREACHABLE', `${url} cannot be reached: ${reason}`))
        socket.close()
      })
    const abort = () =>
      give(() => {
        reject(new NookError('ABORTED', 'connecting was aborted', { cause: signal?.reason }))
        socket.close()
      })
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
    socket.addEventListener('open', () => give(() => resolve(socket)), { once: true })
    socket.addEventListener('error', () => fail('is a nookdb-server with an --http-port there, and does it allow this origin?'))
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted === true) abort()
  })
}

function text(reply: Reply | undefined): string {
  return reply instanceof Uint8Array ? new TextDecoder().decode(reply) : String(reply)
}

function describe({ code, reason }: Closing): string {
  return reason === '' ? ` (code ${code})` : `: ${reason} (code ${code})`
}
