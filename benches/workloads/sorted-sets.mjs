// A board of players by score: changing a score, the ten best, the rank of one.

import { DRAWN, generator, key, uniformIds } from './keys.mjs'
import { emptied, taken, timed } from './timing.mjs'

const ANY = DRAWN - 1
const BOARD = 'board'
const TOP = 10

/** Scores with fractions: no two members have the same. */
function drawnScores(seed) {
  const next = generator(seed)
  const scores = new Float64Array(DRAWN)
  for (let n = 0; n < DRAWN; n++) scores[n] = next() / 1000
  return scores
}

function zAddAll(store, scores, members) {
  for (let id = 0; id < members; id++) store.zAdd(BOARD, scores[id], key(id))
  return members
}

function zAdd(store, scores, ids, calls) {
  for (let n = 0; n < calls; n++) store.zAdd(BOARD, scores[n & ANY], key(ids[n & ANY]))
  return calls
}

function top(store, calls) {
  let sum = 0
  for (let n = 0; n < calls; n++) {
    const best = store.top(BOARD, TOP)
    for (let place = 0; place < TOP; place++) sum = (sum + best[place].charCodeAt(place + 10)) | 0
  }
  // As many calls are enough as make a good figure, and not every peer makes as many: what one call saw is what is compared.
  return sum / calls
}

function rank(store, ids, calls) {
  let sum = 0
  for (let n = 0; n < calls; n++) sum = (sum + store.rank(BOARD, key(ids[n & ANY]))) | 0
  return sum
}

/** A player's score changes, and the player sees the best and the new place. */
function play(store, scores, ids, calls) {
  let sum = 0
  for (let n = 0; n < calls; n++) {
    const member = key(ids[n & ANY])
    store.zAdd(BOARD, scores[n & ANY], member)
    sum = (sum + store.top(BOARD, TOP).length + store.rank(BOARD, member)) | 0
  }
  return sum
}

async function warmUp(store) {
  const [scores, ids] = [drawnScores(3), uniformIds(1000, 3)]
  zAddAll(store, scores, 1000)
  for (let round = 0; round < 3; round++) {
    zAdd(store, scores, ids, 5000)
    top(store, 2000)
    rank(store, ids, 2000)
    play(store, scores, ids, 2000)
  }
  await emptied(store)
}

/** What the first of `times` runs added up to: the same for every peer, however often it runs. */
function again(times, run) {
  const first = run()
  for (let time = 1; time < times; time++) run()
  return first
}

/** @param rankCalls  few, as a peer counts for as long as a thousand of our calls take
 *  @param times  how often those are made */
export async function board(open, { members, calls, rankCalls, times }) {
  const store = await open()
  await warmUp(store)
  const ids = uniformIds(members)
  zAddAll(store, drawnScores(1), members)
  const scores = drawnScores(2)
  return taken({
    ZADD: timed(calls, () => zAdd(store, scores, ids, calls)),
    'top 10': timed(calls, () => top(store, calls)),
    rank: timed(times * rankCalls, () => again(times, () => rank(store, ids, rankCalls))),
    'all three': timed(times * rankCalls, () => again(times, () => play(store, scores, ids, rankCalls))),
  })
}

/** Changing scores alone, each call awaited where the peer's are promises. */
export async function scores(open, { members, calls, awaited }) {
  const store = await open()
  const ids = uniformIds(members)
  const first = drawnScores(1)
  for (let id = 0; id < members; id++) await store.zAdd(BOARD, first[id], key(id))
  const drawn = drawnScores(2)
  zAdd(store, drawn, ids, awaited ? 0 : 20_000)
  globalThis.gc?.()
  const begin = performance.now()
  if (awaited) for (let n = 0; n < calls; n++) await store.zAdd(BOARD, drawn[n & ANY], key(ids[n & ANY]))
  else zAdd(store, drawn, ids, calls)
  return { figures: { 'ZADD 2k': ((performance.now() - begin) * 1e6) / calls } }
}
