/// <reference lib="esnext.disposable" preserve="true" />
import { Client, type Argument, type BlockingOptions, type Multi, type Text, type Transform } from './client.js'
import { addShortcuts } from './commands/direct.js'
import type { Commands } from './commands/generated.js'
import { addIterators, type ScanIterators } from './commands/scans.js'
import type { Core, NookEvents } from './core.js'
import type { DirectCommand } from './engine/named.js'
import type { Imported, Statistics } from './engine/instance.js'
import type { Health } from './durability.js'
import { requireOneOf } from './errors.js'
import type { KeyListener, MessageListener } from './listeners.js'
import { CommandQueue } from './multi.js'
import type { Reply } from './reply.js'
import { Session, type SessionListener } from './session.js'
import type { Estimate } from './storage/storage.js'

/** A word of a command for `call`: numbers are written in decimal. */
export type CallArgument = Argument | number | bigint

/** What `db.storage` tells. */
export interface NookStorage {
  /** How keeping goes; null where nothing is kept. */
  health(): Health | null
  /** Bytes used and allowed, as far as the platform tells. */
  estimate(): Promise<Estimate>
  /** Asks the platform not to delete the store when it needs room; resolves to whether that is so now. */
  persist(): Promise<boolean>
}

/** The methods of every face of a store: bulk strings come out as `T`. */
abstract class Face<T extends Text> extends Client {
  static #isComplete = false

  static override complete(): void {
    if (Face.#isComplete) return
    Face.#isComplete = true
    super.complete()
    addIterators(Face.prototype)
    addIterators(AtomicFace.prototype)
    addShortcuts<Face<Text>>(Face.prototype, { direct: (face) => face.#core.direct, binary: (face) => face.#binary })
  }

  readonly #core: Core
  readonly #binary: boolean

  constructor(core: Core, binary: boolean) {
    Face.complete()
    super()
    this.#core = core
    this.#binary = binary
  }

  /** Runs a command by its words, and gives the reply as it comes: `db.call('ZADD', 'board', 100, 'ada')`.
   *  A command that would have to wait answers at once, as if its time were up: see `callBlocking`.
   *
   *  All callers of a store share one client of its engine. SELECT changes the database of every later call; MULTI, SUBSCRIBE,
   *  HELLO and their kin are refused: see `multi`, `subscribe` and `session`.
   *  @throws NookError where the reply is an error */
  call(...argv: CallArgument[]): Reply {
    return this.#core.call(argv.map(word), this.#binary)
  }

  /** Runs a command that may wait for a key: `await db.callBlocking(['BLPOP', 'jobs', 0], { signal })`. */
  callBlocking(argv: readonly CallArgument[], options?: BlockingOptions): Promise<Reply> {
    return this.#core.wait(argv.map(word), this.#binary, options)
  }

  /** Queues commands that happen in one step when `exec` is called. */
  multi(): Multi<'sync', [], T> {
    const queue = new CommandQueue((commands, read) => read(this.#core.transaction(commands, this.#binary)))
    // The methods are on the prototype, by name; `Multi` is what they are for a queue.
    return queue as unknown as Multi<'sync', [], T>
  }

  protected override run(argv: readonly Argument[], transform: Transform): unknown {
    const answer = this.#core.direct?.words(argv, this.#binary)
    return transform(answer === undefined ? this.#core.call(argv, this.#binary) : answer)
  }

  protected override shortcut(command: DirectCommand, first: unknown, second: unknown, third: unknown): Reply | undefined {
    return this.#core.direct?.call(command, this.#binary, first, second, third)
  }

  protected override async runBlocking(argv: readonly Argument[], transform: Transform, options?: BlockingOptions): Promise<unknown> {
    return transform(await this.#core.wait(argv, this.#binary, options))
  }
}

/** Nothing that would have to be waited for: a function that gives a promise is refused while it is written already. */
export type NotPromise<T> = T extends PromiseLike<unknown> ? never : T

/** The store inside of `atomic`. Over when the function returns. */
export interface Transaction extends Commands<'sync', string>, ScanIterators<'sync', string> {
  call(...argv: CallArgument[]): Reply
}

class AtomicFace extends Client {
  readonly #call: (argv: readonly Argument[], binary: boolean) => Reply

  constructor(call: (argv: readonly Argument[], binary: boolean) => Reply) {
    super()
    this.#call = call
  }

  call(...argv: CallArgument[]): Reply {
    return this.#call(argv.map(word), false)
  }

  protected override run(argv: readonly Argument[], transform: Transform): unknown {
    return transform(this.#call(argv, false))
  }

  protected override runBlocking(argv: readonly Argument[], transform: Transform): Promise<unknown> {
    return Promise.resolve(this.run(argv, transform))
  }
}

/** The same store, with bulk strings as bytes: `db.bytes.get('image')`. */
export interface BytesView extends Commands<'sync', Uint8Array<ArrayBuffer>>, ScanIterators<'sync', Uint8Array<ArrayBuffer>> {}
export class BytesView extends Face<Uint8Array<ArrayBuffer>> {
  constructor(core: Core) {
    super(core, true)
  }
}

export interface Nook extends Commands<'sync', string>, ScanIterators<'sync', string> {}

/** An open store. Its commands are methods, with the names of node-redis: they answer at once, and those that may wait for a
 *  key are promises. */
export class Nook extends Face<string> {
  readonly name: string
  /** The same store, with bulk strings as bytes. */
  readonly bytes: BytesView
  /** About what is kept, and where. */
  readonly storage: NookStorage
  readonly #core: Core

  /** @internal `open` makes stores. */
  constructor(name: string, core: Core, storage: NookStorage) {
    super(core, false)
    this.name = name
    this.storage = storage
    this.bytes = new BytesView(core)
    this.#core = core
  }

  /** Runs a function as one step, all or nothing: what it throws takes every change back, and is thrown.
   *
   *  Commands go to the `tx` that it is given; the store itself refuses them with BUSY until the function has returned, and the
   *  tx refuses them afterwards. A function that gives a promise is refused. */
  atomic<T>(work: (tx: Transaction) => NotPromise<T>): T {
    return this.#core.atomic((call): T => work(new AtomicFace(call) as unknown as Transaction))
  }

  /** Calls the listener with every message of the channels, soon after it was published. */
  subscribe(channels: string | readonly string[], listener: MessageListener, binary?: false): void
  subscribe(channels: string | readonly string[], listener: MessageListener<Uint8Array<ArrayBuffer>>, binary: true): void
  subscribe(
    channels: string | readonly string[],
    listener: MessageListener | MessageListener<Uint8Array<ArrayBuffer>>,
    binary = false,
  ): void {
    this.#core.subscribe('channel', [channels].flat(), { listener, binary })
  }

  /** Calls the listener with every message of the channels that match the patterns. */
  pSubscribe(patterns: string | readonly string[], listener: MessageListener, binary?: false): void
  pSubscribe(patterns: string | readonly string[], listener: MessageListener<Uint8Array<ArrayBuffer>>, binary: true): void
  pSubscribe(
    patterns: string | readonly string[],
    listener: MessageListener | MessageListener<Uint8Array<ArrayBuffer>>,
    binary = false,
  ): void {
    this.#core.subscribe('pattern', [patterns].flat(), { listener, binary })
  }

  /** Ends subscriptions: of one listener, of all of these channels, of all channels. */
  unsubscribe(
    channels?: string | readonly string[],
    listener?: MessageListener | MessageListener<Uint8Array<ArrayBuffer>>,
  ): void {
    this.#core.unsubscribe('channel', channels === undefined ? undefined : [channels].flat(), listener)
  }

  pUnsubscribe(
    patterns?: string | readonly string[],
    listener?: MessageListener | MessageListener<Uint8Array<ArrayBuffer>>,
  ): void {
    this.#core.unsubscribe('pattern', patterns === undefined ? undefined : [patterns].flat(), listener)
  }

  /** Calls back with each change of a key that matches the pattern, soon after it happened; expiry and eviction are changes.
   *  Gives the function that ends this. */
  watchKey(pattern: string, listener: KeyListener): () => void {
    return this.#core.watchKey(pattern, listener)
  }

  /** A client of its own in this store, as one behind a socket would be: for consoles and for proxies.
   *  @param listener  called with what comes without being asked for, such as messages of channels, in RESP */
  session(listener: SessionListener = () => undefined): Session {
    return new Session(this.#core, listener)
  }

  /** Listens to what happens to the store itself: `restarted`, `fenced`, `wiped`, `error`. Gives the function that ends this. */
  on<Name extends keyof NookEvents>(name: Name, listener: (event: NookEvents[Name]) => void): () => void {
    return this.#core.events.on(name, listener)
  }

  /** Resolves when everything up to now would survive the tab being closed or the process being killed. */
  flush(): Promise<void> {
    return this.#core.flush()
  }

  /** Numbers about the store as a whole. */
  statistics(): Statistics {
    return this.#core.statistics()
  }

  /** Everything as an RDB file, a dump.rdb that redis-server loads from this version on. */
  export({ for: version = '7.0' }: { for?: '7.0' | '7.2' | '7.4' | undefined } = {}): Uint8Array<ArrayBuffer> {
    requireOneOf('for', version, ['7.0', '7.2', '7.4'])
    return this.#core.export(Number(version.slice('7.'.length)))
  }

  /** Has the store hold what an RDB file holds, in the place of all that it held, as one step.
   *  @throws NookError DAMAGED where the file cannot be read; then nothing has changed */
  import(file: Uint8Array): Imported {
    return this.#core.import(file)
  }

  /** Keeps what is to be kept, and lets go of the store. */
  close(): Promise<void> {
    return this.#core.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  [Symbol.dispose](): void {
    this.close().catch((error: unknown) => {
      queueMicrotask(() => {
        throw error
      })
    })
  }
}

export function word(argument: CallArgument): Argument {
  return typeof argument === 'number' || typeof argument === 'bigint' ? String(argument) : argument
}
