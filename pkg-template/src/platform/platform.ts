import type { Lock, LockRequest } from '../storage/lock.js'
import type { Storage } from '../storage/storage.js'

/** What differs between the places that a store can be opened in. An entry of the package is made for one. */
export interface Platform<Place> {
  /** The engine, compiled. Called when a store is opened, never at import; compiles once. */
  loadModule(): Promise<WebAssembly.Module>
  /** In bytes: what a store may come to where `open` is not told. 0 is without bound. */
  readonly maxMemory: number
  /** Whether the clock goes on while nothing runs. Where not, nothing is timed, and keys expire when they are looked at. */
  readonly timers: boolean
  /** Where the stores of this platform are kept, unless told otherwise. */
  storage(name: string, place: Place): Storage
  lock(request: LockRequest, place: Place): Promise<Lock>
  list(place: Place): Promise<string[]>
  destroy(name: string, place: Place): Promise<void>
}

/** Does the work once, and again only where it failed. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null
  return () => {
    result ??= work().catch((error: unknown) => {
      result = null
      throw error
    })
    return result
  }
}
