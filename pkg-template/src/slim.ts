import type { LeftOutOfSlim } from './commands/generated.js'
import type { BytesView, Nook, NotPromise, Transaction } from './nook.js'
import { storesOf, type OpenOptions } from './open.js'
import type { Place, Platform } from './platform/platform.js'

/** What the slim engine does not answer. */
type Missing = LeftOutOfSlim | 'sScanIterator' | 'zScanIterator' | 'subscribe' | 'pSubscribe' | 'unsubscribe' | 'pUnsubscribe'

export type SlimTransaction = Omit<Transaction, Missing>

/** A store with strings, keys and hashes, their deadlines and eviction, transactions, and keeping. Other commands, which `call` and `multi`
 *  let through, fail with an error that says so. */
export interface SlimNook extends Omit<Nook, Missing | 'atomic' | 'bytes'> {
  /** The same store, with bulk strings as bytes. */
  readonly bytes: Omit<BytesView, Missing>
  /** As `Nook.atomic`. */
  atomic<T>(work: (tx: SlimTransaction) => NotPromise<T>): T
}

/** As `Stores`, of the slim engine. */
export interface SlimStores {
  /** As `Stores.open`.
   *  @throws NookError UNSUPPORTED too, where the full engine has kept what the slim one does not know. Nothing is lost by that. */
  open(name: string, options?: OpenOptions & Place): Promise<SlimNook>
  list(place?: Place): Promise<string[]>
  destroy(name: string, place?: Place): Promise<void>
}

/** The same as `storesOf`: what is missing is missing from the wasm that the platform loads. */
export function slimStoresOf(platform: Platform): SlimStores {
  return storesOf(platform)
}
