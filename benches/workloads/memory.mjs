// Bytes an entry, and bytes of small hashes, sets and lists, as the difference that filling a store makes to its process.

import { readFileSync } from 'node:fs'
import { generator, key, valueMaker } from './keys.mjs'

const AT_ONCE = 10_000

/** Resident, on the heap of JavaScript and beside it, and in linear memories, all in bytes. */
function ofThisProcess(wasm) {
  globalThis.gc()
  globalThis.gc()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { resident: rss, heap: heapUsed + external, linear: wasm.memoryBytes }
}

/** What redis-server says of itself, and what the system says of it. */
async function ofServer(client, pid) {
  const info = await client.info('memory')
  const resident = 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
  return { resident, used: Number(/used_memory:(\d+)/.exec(info)[1]) }
}

/** What each of `fills` has added, divided by how many it has added. */
async function added(count, look, fills) {
  const figures = {}
  let before = await look()
  for (const [what, fill] of Object.entries(fills)) {
    await fill()
    const after = await look()
    for (const measure of Object.keys(after)) figures[`${what}, ${measure}`] = (after[measure] - before[measure]) / count
    before = after
  }
  return { figures }
}

/** The collector has made all the room that it wants for what lives briefly, before anything is weighed. */
function churn() {
  const value = valueMaker(3)
  let sum = 0
  for (let id = 0; id < 500_000; id++) sum += key(id).charCodeAt(19) + value().charCodeAt(0)
  return sum
}

/** A key of 20 characters and a value of 64, neither held by anybody but the store. */
export async function entries(open, { count }, wasm) {
  // Compiles all that a store needs, so that only what a store costs is seen below. The lists of lru-cache are counted.
  const first = await open({ capacity: 1000 })
  first.set('a', 'b')
  churn()
  let store = null
  const found = await added(count, () => ofThisProcess(wasm), {
    entry: async () => {
      store = await open({ capacity: count })
      const value = valueMaker()
      for (let id = 0; id < count; id++) store.set(key(id), value())
    },
  })
  // Also: who is asked afterwards was not collected before.
  if (store.get(key(0)) === null) throw new Error('an entry is gone')
  return found
}

export async function serverEntries(open, { count, pid }) {
  const { client } = await open()
  const value = valueMaker()
  return added(count, () => ofServer(client, pid), {
    entry: () => inBatches(count, (id) => client.set(key(id), value())),
  })
}

async function inBatches(count, command) {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => command(from + at)))
  }
}

const user = (id) => ({ name: `user-${id}`, mail: `user-${id}@example.org`, role: 'member', seen: String(1_700_000_000 + id), visits: String(id % 100) })
const basket = (id) => Array.from({ length: 20 }, (_, at) => `item:${(id * 31 + at * 7) % 10_000}`)

/** Ten different numbers below a million. */
function numbers(id) {
  const next = generator(id)
  const drawn = new Set()
  while (drawn.size < 10) drawn.add(String(next() % 1_000_000))
  return [...drawn]
}

/** The same for a store and for a client: the methods have the same names. */
const AGGREGATES = {
  'hash of 5 fields': (db, id) => db.hSet(`user:${id}`, user(id)),
  'set of 10 integers': (db, id) => db.sAdd(`numbers:${id}`, numbers(id)),
  'list of 20': (db, id) => db.rPush(`basket:${id}`, basket(id)),
}

export async function aggregates(open, { count }, wasm) {
  const first = await open()
  for (const make of Object.values(AGGREGATES)) for (let id = 0; id < 1000; id++) make(first.db, id)
  churn()
  const { db } = await open()
  const fills = Object.entries(AGGREGATES).map(([what, make]) => [what, () => { for (let id = 0; id < count; id++) make(db, id) }])
  return added(count, () => ofThisProcess(wasm), Object.fromEntries(fills))
}

export async function serverAggregates(open, { count, pid }) {
  const { client } = await open()
  const fills = Object.entries(AGGREGATES).map(([what, make]) => [what, () => inBatches(count, (id) => make(client, id))])
  return added(count, () => ofServer(client, pid), Object.fromEntries(fills))
}
