// What one open store is, behind its faces (`Nook`, its view in bytes, the `tx` of atomic): an engine that is replaced when
// it stops, those who listen, and the keeper of what is kept.

import type { Argument, BlockingOptions } from './client.js'
import type { DirectCalls } from './engine/direct.js'
import { EngineInstance, HostRequest, type Answer, type Imported, type Statistics } from './engine/instance.js'
import { LiveEngine } from './engine/live.js'
import type { WasmModule } from './engine/wasm.js'
import { NookError, takenOver } from './errors.js'
import { Emitter } from './events.js'
import type { Keeper } from './keeper.js'
import { KeyWatches, Subscriptions, asText, type KeyListener, type Subscriber } from './listeners.js'
import type { Platform, Timers } from './platform/platform.js'
import { Push, type Reply } from './reply.js'
import { refuseStateOfClient } from './shared-caller.js'

/** The engine stopped and was made anew from what is kept. */
export interface Restarted {
  /** Why it stopped. */
  readonly cause: NookError
  /** How many steps had been taken and were not kept: they are gone. Null where nothing is kept at all, and all is gone. */
  readonly lostSteps: number | null
}

export interface NookEvents {
  restarted: Restarted
  /** Another writer has taken the store: this one goes on answering, and keeps nothing more. */
  fenced: NookError
  /** What was kept has been deleted from under the store. */
  wiped: NookError
  /** Keeping failed, or a part of what was kept is damaged. */
  error: NookError
}

export interface CoreOptions {
  readonly module: Promise<WasmModule>
  readonly timers: Timers
  readonly platform: Platform
  /** Said with CONFIG SET to every new engine. */
  readonly config: Readonly<Record<string, string>>
  /** In bytes; 0 is without bound. */
  readonly maxMemory: number
  /** Whether strings and parts of lists that are read often are kept in JavaScript as well. */
  readonly readCache: boolean
  /** Null where nothing is kept. */
  readonly keeper: Keeper | null
}

type ChannelKind = 'channel' | 'pattern'

export class Core {
  readonly events = new Emitter<NookEvents>()
  readonly #options: CoreOptions
  readonly #subscriptions = { channel: new Subscriptions(), pattern: new Subscriptions() }
  readonly #watches = new KeyWatches()
  /** The short way for commands; null where there is no engine, or only a `tx` may call it. */
  direct: DirectCalls | null = null
  #live: LiveEngine | null = null
  /** Why there is no engine, where there is none. */
  #absence = new NookError('LOADING', 'LOADING the store is being opened')
  #coming: Promise<void> = Promise.resolve()
  #atomic = false
  /** Another writer has the store: this one only reads. */
  #takenOver = false
  #closing: Promise<void> | null = null

  constructor(options: CoreOptions) {
    this.#options = options
  }

  /** @throws what the keeper throws where it cannot restore */
  async start(): Promise<void> {
    this.#use(await this.#makeEngine())
  }

  #use(engine: LiveEngine | null): void {
    this.#live = engine
    this.#findShortWay()
  }

  #findShortWay(): void {
    this.direct = this.#atomic ? null : (this.#live?.direct ?? null)
  }

  /** Runs a command. @throws NookError where the reply is an error, or the store cannot answer now */
  call(argv: readonly Argument[], binary: boolean): Reply {
    refuseStateOfClient(argv)
    return this.#run(argv, binary)
  }

  #run(argv: readonly Argument[], binary: boolean): Reply {
    this.#refuseInAtomic()
    try {
      return this.#reply(this.#engine().call(argv, binary))
    } catch (error) {
      throw this.#toldOfTakeover(error)
    }
  }

  /** The engine to hold a client of one's own in, as long as that engine lives. */
  engineOfSession(): LiveEngine {
    this.#refuseInAtomic()
    return this.#engine()
  }

  async wait(argv: readonly Argument[], binary: boolean, options: BlockingOptions = {}): Promise<Reply> {
    this.#refuseInAtomic()
    try {
      return await this.#engine().wait(argv, binary, options)
    } catch (error) {
      throw this.#toldOfTakeover(error)
    }
  }

  /** Runs commands between MULTI and EXEC and gives the reply of EXEC. */
  transaction(commands: readonly (readonly Argument[])[], binary: boolean): Reply {
    this.#run(['MULTI'], binary)
    try {
      for (const argv of commands) this.call(argv, binary)
    } catch (error) {
      if (this.#live !== null) this.#run(['DISCARD'], binary)
      throw error
    }
    return this.#run(['EXEC'], binary)
  }

  /** Runs a function whose calls are one step. The `call` that it is given works until the function returns. */
  atomic<T>(work: (call: (argv: readonly Argument[], binary: boolean) => Reply) => T): T {
    this.#refuseInAtomic()
    const engine = this.#engine()
    this.#atomic = true
    this.#findShortWay()
    let over = false
    try {
      return engine.atomic(() => {
        const result = work((argv, binary) => {
          if (over) throw new NookError('ERR', 'ERR the atomic function has returned: its tx is over')
          refuseStateOfClient(argv)
          try {
            return this.#reply(engine.call(argv, binary))
          } catch (error) {
            throw this.#toldOfTakeover(error)
          }
        })
        refusePromise(result)
        return result
      })
    } finally {
      over = true
      this.#atomic = false
      this.#findShortWay()
    }
  }

  subscribe(kind: ChannelKind, names: readonly string[], subscriber: Subscriber): void {
    this.#refuseInAtomic()
    const engine = this.#engine()
    const added = this.#subscriptions[kind].add(names, subscriber)
    if (added.length === 0) return
    try {
      engine.listen([kind === 'channel' ? 'SUBSCRIBE' : 'PSUBSCRIBE', ...added])
    } catch (error) {
      this.#subscriptions[kind].remove(added, undefined)
      throw error
    }
  }

  unsubscribe(kind: ChannelKind, names?: readonly string[], listener?: Subscriber['listener']): void {
    this.#refuseInAtomic()
    const gone = this.#subscriptions[kind].remove(names, listener)
    if (gone.length > 0) this.#live?.listen([kind === 'channel' ? 'UNSUBSCRIBE' : 'PUNSUBSCRIBE', ...gone])
  }

  watchKey(pattern: string, listener: KeyListener): () => void {
    const engine = this.#engine()
    const remove = this.#watches.add(pattern, listener)
    try {
      engine.observe(this.#watches.patterns)
    } catch (error) {
      remove()
      throw error
    }
    return () => {
      remove()
      this.#live?.observe(this.#watches.patterns)
    }
  }

  statistics(): Statistics {
    return this.#engine().use((instance) => instance.statistics())
  }

  async flush(): Promise<void> {
    await this.#coming
    // A store without an engine has nothing that could be kept: this says why.
    this.#engine()
    await this.#options.keeper?.flush()
  }

  export(minor: number): Uint8Array<ArrayBuffer> {
    this.#refuseInAtomic()
    return this.#engine().use((instance) => instance.export(minor))
  }

  import(file: Uint8Array): Imported {
    this.#refuseInAtomic()
    return this.#engine().import(file)
  }

  /** Another writer has the store: what this one would write would be lost. */
  becomeReadOnly(): void {
    this.#takenOver = true
    this.#live?.use((instance) => instance.becomeReplica())
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#coming.catch(() => undefined)
    const { keeper } = this.#options
    const engine = this.#live
    this.#absence = new NookError('CLOSED', 'the store is closed')
    this.#use(null)
    try {
      // It takes the last steps from the engine, so this must still be there.
      await keeper?.close()
    } finally {
      engine?.end(this.#absence)
    }
  }

  #engine(): LiveEngine {
    if (this.#live === null) throw this.#absence
    return this.#live
  }

  /** The engine calls itself a replica then; who wrote to it is told what has happened. */
  #toldOfTakeover(error: unknown): unknown {
    if (!this.#takenOver || !(error instanceof NookError) || error.code !== 'READONLY') return error
    return takenOver(error)
  }

  #refuseInAtomic(): void {
    if (this.#atomic) throw new NookError('BUSY', 'BUSY an atomic function is running: use the tx that it was given')
  }

  async #makeEngine(): Promise<LiveEngine> {
    const { module, timers, platform, maxMemory, config, readCache, keeper } = this.#options
    const instance = await EngineInstance.create(module, { platform, maxMemory, journaling: keeper !== null })
    const engine: LiveEngine = new LiveEngine(instance, timers, readCache, {
      steps: (areDue) => keeper?.steps(areDue),
      push: (items) => this.#push(items),
      died: (cause) => this.#replace(engine, cause),
    })
    await keeper?.restore(engine)
    for (const [name, value] of Object.entries(config)) engine.call(['CONFIG', 'SET', name, value], false)
    const { channel, pattern } = this.#subscriptions
    if (channel.names.length > 0) engine.listen(['SUBSCRIBE', ...channel.names])
    if (pattern.names.length > 0) engine.listen(['PSUBSCRIBE', ...pattern.names])
    if (this.#watches.patterns.length > 0) engine.observe(this.#watches.patterns)
    return engine
  }

  /** A stopped engine is never entered again: another takes its place, from what is kept. */
  #replace(dead: LiveEngine, cause: NookError): void {
    if (this.#live !== dead) return
    const { keeper } = this.#options
    this.#use(null)
    this.#absence = new NookError('LOADING', 'LOADING the engine stopped and is being made anew', { cause })
    dead.end(new NookError('RESTARTED', 'the engine stopped while this was waiting', { cause }))
    this.#coming = this.#makeEngine().then(
      (engine) => {
        this.#use(engine)
        const lostSteps = keeper === null ? null : dead.untakenSteps + keeper.refusedSteps
        this.events.emit('restarted', { cause, lostSteps })
      },
      (error: unknown) => {
        this.#absence = new NookError('DEAD', 'the engine stopped and could not be made anew', { cause: error })
        this.events.emit('error', this.#absence)
      },
    )
  }

  #push([kind, ...items]: Reply[]): void {
    const [first = null, second = null, third = null] = items
    switch (asText(kind)) {
      case 'message':
        return this.#subscriptions.channel.deliver(asText(first), second, first)
      case 'pmessage':
        return this.#subscriptions.pattern.deliver(asText(first), third, second)
      case 'event':
        return this.#watches.deliver(asText(first), third, second)
    }
  }

  #reply(answer: Answer): Reply {
    if (answer instanceof HostRequest) return this.carryOut(answer)
    if (answer instanceof Push) return answer.items
    // LiveEngine answers for those who would wait.
    return typeof answer === 'symbol' ? null : answer
  }

  /** Does what only the host can, and gives what the command answers. @throws NookError where that cannot be done */
  carryOut({ kind }: HostRequest): Reply {
    const { keeper } = this.#options
    switch (kind) {
      case 'save':
        throw new NookError('ERR', 'ERR SAVE would have to wait: use BGSAVE, or await flush()')
      case 'shut down':
        throw new NookError('ERR', 'ERR there is no process to end: use close()')
      case 'save in background':
      case 'rewrite journal':
        if (keeper === null) throw new NookError('ERR', 'ERR this store keeps nothing')
        keeper.checkpoint().catch((error: NookError) => this.events.emit('error', error))
        return kind === 'save in background' ? 'Background saving started' : 'Background append only file rewriting started'
    }
  }
}

function refusePromise(result: unknown): void {
  if (typeof result !== 'object' || result === null || !('then' in result)) return
  // What it rejects with, once its tx is over, would be reported as nobody's.
  Promise.resolve(result).catch(() => undefined)
  throw new NookError('ERR', 'ERR an atomic function may not be asynchronous: the store cannot stand still while it waits')
}
