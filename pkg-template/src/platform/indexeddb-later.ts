import { NookError } from '../errors.js'
import type { Keeping } from './platform.js'

/** Loads what keeps stores in IndexedDB. A page with stores in memory does without.
 *  @throws NookError UNSUPPORTED in a service worker, which may load nothing once it runs */
export async function loadKeeping(): Promise<Keeping> {
  try {
    return (await import('./in-indexeddb.js')).keeping
  } catch (cause) {
    if (!('ServiceWorkerGlobalScope' in globalThis)) throw cause
    throw new NookError('UNSUPPORTED', "UNSUPPORTED a service worker can load nothing once it runs: bundle it, or import 'nookdb/inline' or 'nookdb/module' to keep stores there", { cause })
  }
}
