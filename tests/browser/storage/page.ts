// What the storage tests run in the page: the conformance suite, and the pieces for the tests that drive the browser.

import { destroyIndexedDB, IndexedDBStorage, listIndexedDB } from '../../../pkg-template/src/storage/indexeddb.js'
import { takeWebLock, watchPage, type IfBusy } from '../../../pkg-template/src/storage/lock.js'
import type { Storage } from '../../../pkg-template/src/storage/storage.js'
import { cases, runCase, type Outcome } from '../../js/storage/conformance.js'
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

const page = {
  IndexedDBStorage, destroyIndexedDB, listIndexedDB,
  held, life, runNamed, earlyResolve, codeOf, readSteps, takeLock, watchLife,
}

declare global {
  // A declaration in the global scope must be `var`.
  var page: PageUnderTest
}
export type PageUnderTest = typeof page

globalThis.page = page
