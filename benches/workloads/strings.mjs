// Commands on strings: the keys are built for each call unless held, and something of every value is added up.
//
// Each loop is a function of its own, which is compiled for one peer: a process opens only one kind of store.

import { counterKey, DRAWN, heldKey, key, missingKey, shuffledIds, uniformIds, values, zipfIds } from './keys.mjs'
import { emptied, taken, timed } from './timing.mjs'

const ANY = DRAWN - 1
const BATCH = 100
const COUNTERS = 1000

function setAll(store, ids, contents) {
  for (let n = 0; n < ids.length; n++) store.set(key(ids[n]), contents[n])
  return ids.length
}

function setOver(store, ids, contents, calls) {
  let at = 0
  for (let n = 0; n < calls; n++) {
    store.set(key(ids[n & ANY]), contents[at])
    if (++at === contents.length) at = 0
  }
  return calls
}

function getHeld(store, ids, held, calls) {
  let sum = 0
  for (let n = 0; n < calls; n++) sum = (sum + store.get(held[ids[n & ANY]]).charCodeAt(n & 63)) | 0
  return sum
}

function getFresh(store, ids, calls) {
  let sum = 0
  for (let n = 0; n < calls; n++) sum = (sum + store.get(key(ids[n & ANY])).charCodeAt(n & 63)) | 0
  return sum
}

/** Which key comes next is known when the last value has come: nothing can be fetched ahead. */
function getDependent(store, keys, calls) {
  let id = 0
  let sum = 0
  for (let n = 0; n < calls; n++) {
    const letter = store.get(key(id)).charCodeAt(n & 63)
    sum = (sum + letter) | 0
    id = ((Math.imul(id + letter, 0x9e3779b1) + n) >>> 0) % keys
  }
  return sum
}

function getMissing(store, ids, calls) {
  let misses = 0
  for (let n = 0; n < calls; n++) if (store.get(missingKey(ids[n & ANY])) === null) misses++
  return misses
}

function mGet(store, ids, calls) {
  let sum = 0
  let at = 0
  for (let n = 0; n < calls; n += BATCH) {
    const batch = []
    for (let in100 = 0; in100 < BATCH; in100++) batch.push(key(ids[at++ & ANY]))
    const found = store.mGet(batch)
    for (let in100 = 0; in100 < BATCH; in100++) sum = (sum + found[in100].charCodeAt(in100 & 63)) | 0
  }
  return sum
}

function increment(store, ids, calls) {
  let sum = 0
  for (let n = 0; n < calls; n++) sum = (sum + store.incr(counterKey(ids[n & ANY]))) | 0
  return sum
}

/** The share of every figure that is the loop and the key; whoever looks it up flattens and hashes it besides. */
function buildKeys(ids, calls) {
  let sum = 0
  for (let n = 0; n < calls; n++) sum = (sum + key(ids[n & ANY]).length) | 0
  return sum
}

/**
 * Everything once before it is timed, so that nothing is compiled meanwhile. On the store itself, which is emptied again: a
 * process or page has one store as a rule, and V8 compiles better for one than for several.
 */
async function warmUp(store, { keys: all, calls: timedCalls }) {
  const keys = Math.min(all, 20_000)
  const calls = Math.min(timedCalls, 20_000)
  const contents = values(keys, 3)
  const ids = uniformIds(keys, 3)
  const held = Array.from({ length: keys }, (_, id) => heldKey(id))
  setAll(store, shuffledIds(keys, 3), contents)
  for (let round = 0; round < 3; round++) {
    setOver(store, ids, contents, calls)
    getHeld(store, ids, held, calls)
    getFresh(store, ids, calls)
    getDependent(store, keys, calls)
    getMissing(store, ids, calls)
    mGet(store, ids, calls)
    increment(store, zipfIds(Math.min(keys, COUNTERS), 3), calls)
    buildKeys(ids, calls)
  }
  await emptied(store)
}

/** A few keys that most calls are about, as sessions of those who are there have it. */
export async function hot(open, { keys, calls }) {
  const store = await open({ capacity: keys + COUNTERS })
  await warmUp(store, { keys, calls })
  const ids = zipfIds(keys)
  const contents = values(keys)
  const held = Array.from({ length: keys }, (_, id) => heldKey(id))
  for (let id = 0; id < keys; id++) store.set(held[id], contents[id])
  // The keys that are asked for most are seen to be before anything is timed.
  getHeld(store, ids, held, calls / 10)
  return taken({
    'key alone': timed(calls, () => buildKeys(ids, calls)),
    'GET hot held': timed(calls, () => getHeld(store, ids, held, calls)),
    'GET hot fresh': timed(calls, () => getFresh(store, ids, calls)),
    'SET hot over': timed(calls, () => setOver(store, ids, contents, calls)),
    'INCR hot': timed(calls, () => increment(store, ids, calls)),
  })
}

/** Many keys, each as likely to be asked for as the other.
 *  @param size what the measures are called by: `100k` */
export async function many(open, { size, keys, calls }) {
  const store = await open({ capacity: keys + COUNTERS })
  await warmUp(store, { keys, calls })
  const contents = values(keys)
  const order = shuffledIds(keys)
  const ids = uniformIds(keys)
  return taken({
    [`SET ${size} new`]: timed(keys, () => setAll(store, order, contents)),
    [`GET ${size} fresh`]: timed(calls, () => getFresh(store, ids, calls)),
    [`GET ${size} dependent`]: timed(calls, () => getDependent(store, keys, calls)),
    [`GET ${size} missing`]: timed(calls, () => getMissing(store, ids, calls)),
    [`MGET ${size}`]: timed(calls, () => mGet(store, ids, calls)),
    [`SET ${size} over`]: timed(calls, () => setOver(store, ids, contents, calls)),
  })
}
