import type { ConnectOptions } from './line.js'
import type { Remote } from './remote.js'

/** Connects to a nookdb-server over WebSocket: `const remote = await connect('wss://example.com/ws')`. The code for this is loaded with
 *  the first call.
 *  @throws NookError UNREACHABLE where there is no server in time, WRONGPASS, ABORTED by the signal */
export async function connect(url: string | URL, options?: ConnectOptions): Promise<Remote> {
  const remote = await import('./remote.js')
  return remote.connect(url, options)
}
