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

/**
 * A key of 20 characters and a value of 64, neither held by anybody but the store. Another store was filled with as many before and is
 * kept: code is compiled then, and the collector has made the room that it wants for what lives briefly, which is up to 16 MB for whatever
 * is filled first.
 */
export async function entries(open, { count }, wasm) {
  const stores = []
  const fill = async (entries) => {
    const store = await open({ capacity: entries })
    const value = valueMaker()
    for (let id = 0; id < entries; id++) store.set(key(id), value())
    stores.push(store)
  }
  await fill(count)
  const found = await added(count, () => ofThisProcess(wasm), { entry: () => fill(count) })
  // Also: who is asked afterwards was not collected before.
  if (stores.some((store) => store.get(key(0)) === null)) throw new Error('an entry is gone')
  return found
}

export async function serverEntries(open, { count, pid }) {
  const { client } = await open()
  const value = valueMaker()
  return added(count, () => ofServer(client, pid), {
    entry: async () => {
      for (let from = 0; from < count; from += 1000) {
        await client.mSet(Array.from({ length: Math.min(1000, count - from) }, (_, at) => [key(from + at), value()]))
      }
    },
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

/** @param kind one of the above: each in a process of its own, as memory that one has grown is touched by the next only */
export async function aggregates(open, { kind, count }, wasm) {
  const { db: first } = await open()
  const { db } = await open()
  const fill = (store, values) => {
    for (let id = 0; id < values; id++) AGGREGATES[kind](store, id)
  }
  fill(first, count)
  return added(count, () => ofThisProcess(wasm), { [kind]: () => fill(db, count) })
}

export async function serverAggregates(open, { kind, count, pid }) {
  const { client } = await open()
  return added(count, () => ofServer(client, pid), { [kind]: () => inBatches(count, (id) => AGGREGATES[kind](client, id)) })
}
