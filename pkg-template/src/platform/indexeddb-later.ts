import { loadLate } from '../late.js'
import type { Keeping } from './platform.js'

/** Loads what keeps stores in IndexedDB. A page with stores in memory does without.
 *  @throws NookError UNREACHABLE, and UNSUPPORTED in a service worker */
export async function loadKeeping(): Promise<Keeping> {
  return (await loadLate('what keeps stores', () => import('./in-indexeddb.js'))).keeping
}
