import { NookError } from '../errors.js'
import { loadLate } from '../late.js'
import type { ConnectOptions } from './line.js'
import type { Remote } from './remote.js'

const WHAT = 'what speaks with servers'

/** Connects to a nookdb-server over WebSocket: `const remote = await connect('wss://example.com/ws')`. The code for this is loaded with
 *  the first call.
 *  @throws NookError UNREACHABLE where there is no server in time, or the code cannot be loaded; UNSUPPORTED where this is a service
 *  worker that would have to load it, or there is no WebSocket; WRONGPASS; ABORTED by the signal */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<Remote> {
  const startMs = Date.now()
  const remote = await inTime(loadLate(WHAT, () => import('./remote.js')), options)
  return remote.connectSince(startMs, url, options)
}

/** What is loaded too late is loaded all the same, for the next attempt. */
async function inTime<T>(loaded: Promise<T>, { timeoutMs = 10_000, signal }: ConnectOptions): Promise<T> {
  let end = (): void => undefined
  const ended = new Promise<never>((_, reject) => {
    const expire = (): void => reject(new NookError('UNREACHABLE', `${WHAT} was not loaded within ${timeoutMs} ms`))
    const abort = (): void => reject(new NookError('ABORTED', 'connecting was aborted', { cause: signal?.reason }))
    const timer = setTimeout(expire, timeoutMs)
    end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted === true) abort()
  })
  try {
    return await Promise.race([loaded, ended])
  } finally {
    end()
  }
}
