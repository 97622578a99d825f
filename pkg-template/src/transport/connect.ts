import { NookError } from '../errors.js'
import type { ConnectOptions } from './line.js'
import type { Remote } from './remote.js'

/** Connects to a nookdb-server over WebSocket: `const remote = await connect('wss://example.com/ws')`. The code for this is loaded with
 *  the first call.
 *  @throws NookError UNREACHABLE where there is no server in time, WRONGPASS, ABORTED by the signal */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<Remote> {
  if (!/^wss?:\/\//.test(String(url))) throw new NookError('ERR', `ERR '${url}' is no address of a server: it begins with ws:// or wss://`)
  const { connectTo } = await import('./remote.js')
  return connectTo(String(url), options)
}
