// All who hold a store share one client of its engine: what a command changes about that client, it changes for every later
// call of them all. Such commands are refused, and their place is told. SELECT alone is not: it is a method here as in
// node-redis, and choosing the database of all that follows is what it is for. WATCH is over with the next `multi()`.

import type { Argument } from './client.js'
import { NookError } from './errors.js'

const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['MULTI', 'multi()'],
  ['EXEC', 'multi()'],
  ['DISCARD', 'multi()'],
  ['SUBSCRIBE', 'subscribe()'],
  ['UNSUBSCRIBE', 'unsubscribe()'],
  ['PSUBSCRIBE', 'pSubscribe()'],
  ['PUNSUBSCRIBE', 'pUnsubscribe()'],
  ['HELLO', 'db.session()'],
  ['RESET', 'db.session()'],
  ['QUIT', 'close()'],
])
/** In characters. Longer names are looked at no further. */
const LONGEST = Math.max(...Array.from(INSTEAD.keys(), (name) => name.length))

/** @throws NookError where the command would change what later calls are answered */
export function refuseStateOfClient([name = '', first]: readonly Argument[]): void {
  if (name.length > LONGEST) return
  const command = text(name).toUpperCase()
  const instead = INSTEAD.get(command)
  if (instead === undefined) return
  // HELLO only asks, unless it changes the protocol, which is 3.
  if (command === 'HELLO' && (first === undefined || text(first) === '3')) return
  throw new NookError('ERR', `ERR ${command} would change the client that all callers of this store share: use ${instead}`)
}

function text(argument: Argument): string {
  return typeof argument === 'string' ? argument : new TextDecoder().decode(argument)
}
