// What is loaded when it is needed. That may be when there is no way to load it any more.

import { NookError } from './errors.js'

/** Loads a part of the package.
 *  @param what  it is or does: 'what keeps stores'
 *  @throws NookError UNREACHABLE where it cannot be had, UNSUPPORTED in a service worker, which may load nothing once it runs */
export async function loadLate<T>(what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    if (!('ServiceWorkerGlobalScope' in globalThis)) throw new NookError('UNREACHABLE', `${what} could not be loaded`, { cause })
    throw new NookError(
      'UNSUPPORTED',
      `UNSUPPORTED a service worker can load nothing once it runs, and so not ${what}: bundle it, or import 'nookdb/inline' or 'nookdb/module'`,
      { cause },
    )
  }
}
