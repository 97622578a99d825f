// GET, SET and INCR as peers have them that answer with promises, and ours beside them.
//
// How a call is made is said by `calling`: 'sync' takes the reply as it comes, 'awaited' waits for each before the next is made,
// 'together' makes a thousand and waits for all. Peers differ by factors of a hundred, so they make different numbers of calls;
// what they read is compared over the first calls, which are not timed. As many calls come before those that are timed, up to so many
// that V8 has compiled what they go through.

import { counterKey, DRAWN, key, uniformIds, values } from './keys.mjs'

const ANY = DRAWN - 1
const TOGETHER = 1000
const COMPARED = 500
const WARM_UP = 100_000
const COUNTERS = 1000

const LOOPS = {
  sync(call, calls) {
    let sum = 0
    for (let n = 0; n < calls; n++) sum = (sum + seen(call(n), n)) | 0
    return sum
  },
  async awaited(call, calls) {
    let sum = 0
    for (let n = 0; n < calls; n++) sum = (sum + seen(await call(n), n)) | 0
    return sum
  },
  async together(call, calls) {
    let sum = 0
    for (let first = 0; first < calls; first += TOGETHER) {
      const begun = Array.from({ length: Math.min(TOGETHER, calls - first) }, (_, n) => call(first + n))
      const replies = await Promise.all(begun)
      for (let n = 0; n < replies.length; n++) sum = (sum + seen(replies[n], first + n)) | 0
    }
    return sum
  },
}

/** Something of a reply: a letter of a value, a count as it is. Peers answer a SET each in its own way. */
function seen(reply, n) {
  if (typeof reply === 'number') return reply
  return typeof reply === 'string' && reply.length === 64 ? reply.charCodeAt(n & 63) : 0
}

/** @param {{ keys: number, calls: Record<string, number>, calling: string }} params how often GET, SET and INCR are called */
export async function keyed(open, { keys, calls, calling }) {
  const store = await open()
  const contents = values(keys)
  const ids = uniformIds(keys)
  if (store.load !== undefined) await store.load(Array.from({ length: keys }, (_, id) => key(id)), contents)
  else for (let id = 0; id < keys; id++) await store.set(key(id), contents[id])
  const loop = LOOPS[calling]
  const commands = {
    GET: (n) => store.get(key(ids[n & ANY])),
    SET: (n) => store.set(key(ids[n & ANY]), contents[n % keys]),
    INCR: (n) => store.incr(counterKey(ids[n & ANY] % COUNTERS)),
  }
  const figures = {}
  const checksums = {}
  for (const [command, count] of Object.entries(calls)) {
    checksums[command] = await loop(commands[command], COMPARED)
    await loop(commands[command], Math.min(count, WARM_UP))
    globalThis.gc?.()
    const begin = performance.now()
    await loop(commands[command], count)
    figures[command] = ((performance.now() - begin) * 1e6) / count
  }
  // What SETs and INCRs have been made between differs from peer to peer, so later checksums would too.
  const [first] = Object.keys(calls)
  return { figures, checksums: { [first]: checksums[first] } }
}
