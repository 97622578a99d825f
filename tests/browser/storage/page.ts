// What the storage tests run in the page: the conformance suite, and the pieces for the tests that drive the browser.

import { Durability, type Mode, type State } from '../../../pkg-template/src/durability.js'
import { destroyIndexedDB, IndexedDBStorage, listIndexedDB } from '../../../pkg-template/src/storage/indexeddb.js'
import { takeWebLock, watchPage, type IfBusy } from '../../../pkg-template/src/storage/lock.js'
import type { Storage } from '../../../pkg-template/src/storage/storage.js'
import { batchOf } from '../../js/storage/batch-of.js'
import { cases, runCase, type Outcome } from '../../js/storage/conformance.js'
import { WordEngine } from '../../js/storage/word-engine.js'
import { indexedDBWorld } from './indexeddb-world.js'

/** Resolves an append before its transaction is complete. */
function earlyResolve(storage: Storage): Storage {
  const append = storage.append.bind(storage)
  storage.append = async (...call) => void append(...call).catch(() => undefined)
  return storage
}

async function runNamed(name: string, wrap?: (storage: Storage) => Storage): Promise<Outcome> {
  const one = cases.find((candidate) => candidate.name === name)
  if (one === undefined) throw new Error(`no case '${name}'`)
  return runCase(one, () => indexedDBWorld(wrap))
}

/** The code with which a promise rejects; 'resolved' if it does not. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  )
}

async function readSteps(storage: Storage): Promise<string[]> {
  const steps: string[] = []
  for await (const step of storage.readAfter(0)) steps.push(new TextDecoder().decode(step))
  return steps
}

/** The lock of this tab, and how often it was stolen. */
const held = { thefts: 0, release: async (): Promise<void> => undefined }

/** Gives 'held', or how the lock was refused: the code of the failure, or its name where it has none. */
async function takeLock(name: string, ifBusy: IfBusy, limitMs?: number): Promise<string> {
  const signal = limitMs === undefined ? {} : { signal: AbortSignal.timeout(limitMs) }
  try {
    const lock = await takeWebLock({ name, ifBusy, onStolen: () => void held.thefts++, ...signal })
    held.release = lock.release
    return 'held'
  } catch (error) {
    return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : (error as Error).name
  }
}

/** What the page was told of its life so far. */
const life: string[] = []

function watchLife(): () => void {
  return watchPage({ leave: () => void life.push('leave'), comeBack: () => void life.push('back') })
}

/** A store of this tab, as `open` makes one: with a lock, on IndexedDB. */
class Shop {
  readonly states: State[] = []
  readonly engine = new WordEngine()
  #durability: Durability | null = null

  async open(name: string, mode: Mode, ifBusy: IfBusy): Promise<void> {
    const onStolen = (): void => this.#durability?.stolen()
    const held = await takeWebLock({ name, ifBusy, onStolen })
    const takeAgain = (): ReturnType<typeof takeWebLock> => takeWebLock({ name, ifBusy: 'error', onStolen })
    const onHealth = ({ state }: { state: State }): void => void this.states.push(state)
    this.#durability = await Durability.open(new IndexedDBStorage(name), this.engine, { mode, onHealth, lock: { held, takeAgain } })
  }

  say(word: string): void {
    this.engine.say(word)
    this.#durability?.poke()
  }

  flush(): Promise<void> | undefined {
    return this.#durability?.flush()
  }
}

/** The last step that is kept, looked up without opening the store, which would fence its writer. */
async function keptSeq(name: string): Promise<number> {
  const connection = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`nookdb:${name}`)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  return new Promise((resolve, reject) => {
    const request = connection.transaction('meta').objectStore('meta').get('head')
    request.onsuccess = () => (connection.close(), resolve((request.result as { lastSeq: number }).lastSeq))
    request.onerror = () => reject(request.error)
  })
}

/** Makes the page look hidden or visible, and tells it so. Headless pages are always visible. */
function setVisibility(state: DocumentVisibilityState): void {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
  document.dispatchEvent(new Event('visibilitychange'))
}

const page = {
  shop: new Shop(), keptSeq, setVisibility,
  IndexedDBStorage, destroyIndexedDB, listIndexedDB, batchOf,
  held, life, runNamed, earlyResolve, codeOf, readSteps, takeLock, watchLife,
}

declare global {
  // A declaration in the global scope must be `var`.
  var page: PageUnderTest
}
export type PageUnderTest = typeof page

globalThis.page = page
