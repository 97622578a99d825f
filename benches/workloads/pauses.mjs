// How long the event loop is held up: by a SET while the store grows, by letting go of what is large.

import { setImmediate as turn } from 'node:timers/promises'
import { key, values } from './keys.mjs'
import { emptied } from './timing.mjs'

const WORST = 10
const LARGE_KEY = 'members'
const AT_ONCE = 1000
/** As long as the event loop is watched after something large was let go of. */
const WATCHED_MS = 1000

/** Each SET timed by itself, the making of its key and what the collector does in it included. */
export async function growth(open, { keys }) {
  const store = await open({ capacity: keys })
  const contents = values(Math.min(keys, 100_000))
  for (let id = 0; id < Math.min(keys, 20_000); id++) store.set(key(id), contents[id % contents.length])
  await emptied(store)
  const worst = new Float64Array(WORST)
  for (let id = 0; id < keys; id++) {
    const begin = performance.now()
    store.set(key(id), contents[id % contents.length])
    const pause = performance.now() - begin
    if (pause > worst[0]) {
      worst[0] = pause
      worst.sort()
    }
  }
  return { figures: Object.fromEntries(Array.from(worst.reverse(), (pause, place) => [`SET pause ${place + 1}`, pause])) }
}

/** The longest time between two turns of the event loop: the timers of a store are due in between. */
async function longestStall(watchedMs) {
  const end = performance.now() + watchedMs
  let longest = 0
  for (let last = performance.now(); last < end; ) {
    await turn()
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  return longest
}

function time(work) {
  const begin = performance.now()
  work()
  return performance.now() - begin
}

/** How a thousand further members go into one of each kind. */
const ADDING = {
  set: (db, names) => db.sAdd(LARGE_KEY, names),
  hash: (db, names) => db.hSet(LARGE_KEY, Object.fromEntries(names.map((name) => [name, 'value']))),
  list: (db, names) => db.rPush(LARGE_KEY, names),
  'sorted set': (db, names) => db.zAdd(LARGE_KEY, names.map((value, score) => ({ score, value }))),
}

/** What is large deleted by DEL and by UNLINK, a full store emptied by FLUSHALL, a sparse one compacted: the call, and the turns after it. */
export async function lettingGo(open, { members, keys, watchedMs = WATCHED_MS }) {
  const { db } = await open()
  const filler = (kind) => () => {
    for (let from = 0; from < members; from += AT_ONCE) ADDING[kind](db, Array.from({ length: AT_ONCE }, (_, at) => key(from + at)))
  }
  const contents = values(Math.min(keys, 100_000))
  const figures = {}
  // The loop itself is held up now and then, by the collector and by others on the machine.
  globalThis.gc()
  figures['stall of an idle loop'] = await longestStall(watchedMs)
  const letGo = async (name, fill, work) => {
    fill()
    globalThis.gc()
    await turn()
    figures[name] = time(work)
    figures[`stall after ${name}`] = await longestStall(watchedMs)
  }
  for (const kind of Object.keys(ADDING)) await letGo(`DEL of a ${kind}`, filler(kind), () => db.del(LARGE_KEY))
  await letGo('UNLINK', filler('set'), () => db.unlink(LARGE_KEY))
  const fillKeys = () => { for (let id = 0; id < keys; id++) db.set(key(id), contents[id % contents.length]) }
  await letGo('FLUSHALL', fillKeys, () => db.flushAll())
  const fillSparsely = () => {
    fillKeys()
    for (let id = 0; id < keys; id++) if (id % 3 !== 0) db.del(key(id))
  }
  await letGo('MEMORY PURGE', fillSparsely, () => db.call('MEMORY', 'PURGE'))
  return { figures }
}
