import type { Mode } from '../durability.js'
import type { WasmInstance, WasmModule } from '../engine/wasm.js'
import type { NookError } from '../errors.js'
import type { Keeper } from '../keeper.js'
import type { DurableStorage } from '../storage/durable-object.js'
import type { Lock, LockRequest } from '../storage/lock.js'
import type { Storage } from '../storage/storage.js'

/** Where a store is kept, on the platforms that leave a choice. */
export interface Place {
  /** Node: the folder of the stores, each a directory in it.
   *  @default '.nookdb', in the directory that the process was started in */
  readonly directory?: string
  /** Workers: the storage of the Durable Object, `ctx.storage`. */
  readonly storage?: DurableStorage
}

/** When the host's clock may be used. In a Worker it stands still while code runs, and a timer keeps an object awake that could sleep:
 *  there, keys expire when they are looked at, the others by and by with later calls. */
export type Timers = 'always' | 'while waiting' | 'never'

/** What differs between the places that a store can be opened in. An entry of the package is made for one. */
export interface Platform {
  /** Compiles the engine. Called when the first store is opened, never at import, and again only where it failed. */
  loadModule(): Promise<WasmModule>
  /** Makes an instance of it, where it need not be waited for: pages may have to. */
  instantiate?(module: WasmModule): WasmInstance
  /** Loads what keeps stores, of which a store in memory needs nothing. */
  keeping(): Promise<Keeping>
  /** In bytes: what a store may come to where `open` is not told. 0 is without bound. */
  readonly maxMemory: number
  readonly durability: Mode
  /** Fills the words with what nobody can foresee. */
  randomize(words: BigUint64Array<ArrayBuffer>): void
  timers(place: Place): Timers
}

/** How a platform keeps stores. */
export interface Keeping {
  readonly Keeper: typeof Keeper
  storage(name: string, place: Place): Storage
  lock(request: LockRequest, place: Place): Promise<Lock>
  list(place: Place): Promise<string[]>
  destroy(name: string, place: Place): Promise<void>
  /** Whether a failure that stays may be one of the store, that a new one in its place would not have. */
  isOfStore(error: NookError): boolean
}
