// One writer for each store. The lock keeps the second one from starting; what keeps a writer that lost it from doing harm
// is the epoch, checked in every write (FENCED). So a platform without locks is safe, only less polite.

import type { NookError } from '../errors.js'
import { storageError } from './storage.js'

/** What to do when another writer has the store open: fail with INUSE, wait for it to let go, or take its place. */
export type IfBusy = 'error' | 'wait' | 'steal'

export interface LockRequest {
  readonly name: string
  readonly ifBusy: IfBusy
  /** Called at most once, when another writer has taken the lock away. Not after `release`. */
  readonly onStolen: () => void
  /** Ends the waiting: the request then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** A lock that is held. A second release does nothing. */
export interface Lock {
  release(): Promise<void>
}

/** What is used of `navigator.locks`. Not by the name of its type, which workerd does not have. */
export interface WebLocks {
  request(
    name: string,
    options: { ifAvailable: boolean; steal: boolean; signal?: AbortSignal },
    callback: (lock: object | null) => Promise<void>,
  ): Promise<unknown>
}

export function inUse(who: string): NookError {
  return storageError('INUSE', `${who}: open it with ifBusy 'wait' or 'steal', or close it there`)
}

/** Takes the lock with Web Locks, which the browser releases when the tab dies.
 *  Where there are none (a page over http, workerd) the lock is granted at once, and the epoch alone decides.
 *  @throws INUSE */
export function takeWebLock(request: LockRequest, locks: WebLocks | undefined = globalThis.navigator?.locks): Promise<Lock> {
  if (locks === undefined) return Promise.resolve({ release: () => Promise.resolve() })
  return new Promise((resolve, reject) => {
    const { ifBusy, signal } = request
    const options: Parameters<WebLocks['request']>[1] = { ifAvailable: ifBusy === 'error', steal: ifBusy === 'steal' }
    // The platform refuses a signal beside the other two.
    if (ifBusy === 'wait' && signal !== undefined) options.signal = signal
    let letGo: (() => void) | null = null
    const held = locks.request(`nookdb:${request.name}`, options, (lock) => {
      if (lock === null) throw inUse(`this or another tab or worker has the store '${request.name}' open`)
      return new Promise<void>((end) => {
        letGo = end
        resolve({
          release: async () => {
            letGo = null
            end()
            await held.catch(() => undefined)
          },
        })
      })
    })
    held.catch((error: unknown) => {
      // Rejected while held and not let go: stolen. Rejected before: this is the answer to the request.
      if (letGo !== null) request.onStolen()
      reject(error)
    })
  })
}

/** Tells when the page is about to be frozen or put away, and when it is back.
 *
 *  A frozen page that held its lock would block every other tab, so the driver commits, lets go in `leave`, and takes the lock
 *  again in `comeBack`, where an append without steps tells whether another writer was there meanwhile.
 *  Gives the function that ends this. Outside of pages nothing is ever told. */
export function watchPage(page: { leave: () => void; comeBack: () => void }): () => void {
  const { document } = globalThis
  if (document === undefined) return () => undefined
  const ending = new AbortController()
  // Chrome freezes a hidden page without a pagehide; Safari and Firefox know pagehide alone. Both may come: the driver copes.
  for (const [target, event, call] of [
    [document, 'freeze', page.leave], [globalThis, 'pagehide', page.leave],
    [document, 'resume', page.comeBack], [globalThis, 'pageshow', page.comeBack],
  ] as const) {
    target.addEventListener(event, call, { signal: ending.signal })
  }
  return () => ending.abort()
}
