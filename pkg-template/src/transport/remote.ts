/// <reference lib="esnext.disposable" preserve="true" />
// A store on a server, with the methods of a store in this process, as promises.

import { Client, type Argument, type BlockingOptions, type Multi, type Text, type Transform } from '../client.js'
import type { Commands } from '../commands/generated.js'
import { addAsyncIterators, type ScanIterators } from '../commands/scans.js'
import { NookError } from '../errors.js'
import type { MessageListener } from '../listeners.js'
import { CommandQueue } from '../multi.js'
import { word, type CallArgument } from '../nook.js'
import type { Reply } from '../reply.js'
import { Line, type ConnectOptions, type RemoteEvents } from './line.js'

/** The methods of every face of a remote: bulk strings come out as `T`. */
abstract class RemoteFace<T extends Text> extends Client {
  static {
    addAsyncIterators(this.prototype)
  }

  readonly #line: Line
  readonly #binary: boolean

  constructor(line: Line, binary: boolean) {
    super()
    this.#line = line
    this.#binary = binary
  }

  /** Runs a command by its words, and gives the reply as it comes. @throws NookError where the reply is an error */
  call(...argv: CallArgument[]): Promise<Reply> {
    return this.#line.send([argv.map(word)], this.#binary)
  }

  /** Runs a command that may wait for a key, over a connection of its own, which its signal closes: what the server had taken
   *  in that very moment is lost with it, as at any end of a connection. `blMove` keeps what it takes on the server. */
  callBlocking(argv: readonly CallArgument[], options: BlockingOptions = {}): Promise<Reply> {
    return this.#line.sendAlone(argv.map(word), this.#binary, options.signal)
  }

  /** Queues commands that happen in one step when `exec` is called. */
  multi(): Multi<'promise', [], T> {
    const queue = new CommandQueue(async (commands, read) => {
      const all = [['MULTI'], ...commands, ['EXEC']]
      return read(await this.#line.send(all, this.#binary))
    })
    // The methods are on the prototype, by name; `Multi` is what they are for a queue.
    return queue as unknown as Multi<'promise', [], T>
  }

  protected override async run(argv: readonly Argument[], transform: Transform): Promise<unknown> {
    return transform(await this.#line.send([argv], this.#binary))
  }

  protected override async runBlocking(argv: readonly Argument[], transform: Transform, options: BlockingOptions = {}): Promise<unknown> {
    return transform(await this.#line.sendAlone(argv, this.#binary, options.signal))
  }
}

/** The same remote, with bulk strings as bytes: `await remote.bytes.get('image')`. */
export interface RemoteBytesView extends Commands<'promise', Uint8Array<ArrayBuffer>>, ScanIterators<'promise', Uint8Array<ArrayBuffer>> {}
export class RemoteBytesView extends RemoteFace<Uint8Array<ArrayBuffer>> {
  constructor(line: Line) {
    super(line, true)
  }
}

export interface Remote extends Commands<'promise', string>, ScanIterators<'promise', string> {}

/** A store on a server. Commands of one turn travel together; without a connection they wait for one. A command that was on
 *  its way when the connection went rejects with DISCONNECTED: nobody knows whether it was carried out. */
export class Remote extends RemoteFace<string> {
  readonly url: string
  /** The same remote, with bulk strings as bytes. */
  readonly bytes: RemoteBytesView
  readonly #line: Line

  /** @internal `connect` makes remotes. */
  constructor(url: string, line: Line) {
    super(line, false)
    this.url = url
    this.bytes = new RemoteBytesView(line)
    this.#line = line
  }

  /** Whether there is a connection now. */
  get connected(): boolean {
    return this.#line.connected
  }

  /** Calls the listener with every message of the channels, from when the promise resolves on. Messages are sent at most
   *  once: what is published while there is no connection does not come. */
  subscribe(channels: string | readonly string[], listener: MessageListener, binary?: false): Promise<void>
  subscribe(channels: string | readonly string[], listener: MessageListener<Uint8Array<ArrayBuffer>>, binary: true): Promise<void>
  subscribe(
    channels: string | readonly string[],
    listener: MessageListener | MessageListener<Uint8Array<ArrayBuffer>>,
    binary = false,
  ): Promise<void> {
    return this.#line.subscribe('channel', [channels].flat(), { listener, binary })
  }

  /** Calls the listener with every message of the channels that match the patterns. */
  pSubscribe(patterns: string | readonly string[], listener: MessageListener, binary?: false): Promise<void>
  pSubscribe(patterns: string | readonly string[], listener: MessageListener<Uint8Array<ArrayBuffer>>, binary: true): Promise<void>
  pSubscribe(
    patterns: string | readonly string[],
    listener: MessageListener | MessageListener<Uint8Array<ArrayBuffer>>,
    binary = false,
  ): Promise<void> {
    return this.#line.subscribe('pattern', [patterns].flat(), { listener, binary })
  }

  /** Ends subscriptions: of one listener, of all of these channels, of all channels. */
  unsubscribe(
    channels?: string | readonly string[],
    listener?: MessageListener | MessageListener<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    return this.#line.unsubscribe('channel', channels === undefined ? undefined : [channels].flat(), listener)
  }

  pUnsubscribe(
    patterns?: string | readonly string[],
    listener?: MessageListener | MessageListener<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    return this.#line.unsubscribe('pattern', patterns === undefined ? undefined : [patterns].flat(), listener)
  }

  /** Listens to what happens to the connection: `connected`, `disconnected`. Gives the function that ends this. */
  on<Name extends keyof RemoteEvents>(name: Name, listener: (event: RemoteEvents[Name]) => void): () => void {
    return this.#line.events.on(name, listener)
  }

  /** Ends the connection and all attempts to make another. Commands that are on their way reject with DISCONNECTED. */
  close(): void {
    this.#line.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return Promise.resolve()
  }
}

/** Connects to a nookdb-server over WebSocket: `const remote = await connect('wss://example.com/ws')`.
 *  @throws NookError UNREACHABLE where there is no server in time, UNSUPPORTED where there is no WebSocket, WRONGPASS, ABORTED by the
 *  signal */
export function connect(url: string | URL, options: ConnectOptions = {}): Promise<Remote> {
  return connectSince(Date.now(), url, options)
}

/** @param startMs  from when on the time of the attempt counts */
export async function connectSince(startMs: number, url: string | URL, options: ConnectOptions): Promise<Remote> {
  if (!/^wss?:\/\//.test(String(url))) throw new NookError('ERR', `ERR '${url}' is no address of a server: it begins with ws:// or wss://`)
  const line = new Line(String(url), options)
  try {
    await line.open(startMs)
  } catch (error) {
    line.close()
    throw error
  }
  return new Remote(String(url), line)
}
