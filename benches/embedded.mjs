// Nanoseconds per call from JavaScript, in a process of its own: `node benches/embedded.mjs nookdb|map`, one line of JSON.
//
// Keys are built for each call, as a handler builds them; every value is consumed.

import { performance } from 'node:perf_hooks'

const KEYS = 100_000
const CALLS = 1_000_000
const VALUE = 'v'.repeat(64)

/** What a Map has to do for the same three commands, without deadlines, bounds, events or a journal. */
function openMap() {
  const map = new Map()
  return {
    set: (key, value) => void map.set(key, value),
    get: (key) => map.get(key) ?? null,
    incr: (key) => {
      const sum = Number(map.get(key) ?? 0) + 1
      map.set(key, String(sum))
      return sum
    },
  }
}

async function openNookdb() {
  const { open } = await import(new URL('../pkg/dist/index.node.js', import.meta.url))
  return open('memory:')
}

/** Mean time of one call over all of them, after a tenth of them as warm-up. */
function nanoseconds(call) {
  let consumed = 0
  for (let n = 0; n < CALLS / 10; n++) consumed += call(n)
  const begin = performance.now()
  for (let n = 0; n < CALLS; n++) consumed += call(n)
  const elapsedMs = performance.now() - begin
  if (consumed < 0) throw new Error('every value is consumed')
  return (elapsedMs * 1e6) / CALLS
}

const which = process.argv[2]
const store = which === 'map' ? openMap() : await openNookdb()
// A multiplicative walk over all keys: neither in order nor twice the same before all were met.
const key = (n) => `session:${String((n * 7919) % KEYS).padStart(12, '0')}`

const times = {
  'SET new': nanoseconds((n) => (store.set(key(n), VALUE), 1)),
  'SET over': nanoseconds((n) => (store.set(key(n), VALUE), 1)),
  GET: nanoseconds((n) => store.get(key(n)).length),
  'GET missing': nanoseconds((n) => (store.get(`missing:${n % KEYS}`) === null ? 1 : 0)),
  INCR: nanoseconds((n) => Number(store.incr(`counter:${n % 1000}`))),
}
console.log(JSON.stringify(times))
process.exit(0)
