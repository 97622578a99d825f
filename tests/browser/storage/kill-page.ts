// Loops that count for ever in a store of the package as it is published.

import { open, type Nook } from 'nookdb/inline'

let db: Nook | null = null

function store(): Nook {
  if (db === null) throw new Error('the counters are not open')
  return db
}

/** Opens the store, and gives to what number each loop has counted.
 *  @throws where what is there was never so: each loop pushes a number to its list in the step in which it counts it */
async function openCounters(loops: number): Promise<number[]> {
  // Nothing is committed but what is flushed.
  db = await open('kill', { durability: 'no' })
  return Array.from({ length: loops }, (_, loop) => {
    const all = store().lRange(`all:${loop}`, 0, -1)
    const counted = store().get(`count:${loop}`) ?? '0'
    if (all.some((number, index) => number !== String(index + 1)) || counted !== String(all.length)) {
      throw new Error(`loop ${loop} counted to ${counted}, and its list is ${all.join(' ')}`)
    }
    return all.length
  })
}

/** What else is known of the store and its database, for the message of a test that failed. */
async function describeStore(): Promise<string> {
  return JSON.stringify({ health: store().storage.health(), databases: await indexedDB.databases(), ...(await navigator.storage.estimate()) })
}

/** Starts the loops, which tell the test of each number before and after it is flushed; without `flush` they only say so. */
function count(loops: number, flush: boolean): void {
  for (let loop = 0; loop < loops; loop++) void countForEver(loop, flush)
}

async function countForEver(loop: number, flush: boolean): Promise<void> {
  for (;;) {
    const number = store().atomic((tx) => {
      const counted = tx.incr(`count:${loop}`)
      tx.rPush(`all:${loop}`, String(counted))
      return counted
    })
    await tell('begun', loop, number)
    if (flush) await store().flush()
    await tell('flushed', loop, number)
  }
}

declare global {
  // Declarations in the global scope must be `var`.
  var openCounters: (loops: number) => Promise<number[]>
  var describeStore: () => Promise<string>
  var count: (loops: number, flush: boolean) => void
  /** Of the test that kills the browser. */
  var tell: (what: 'begun' | 'flushed', loop: number, count: number) => Promise<void>
}

Object.assign(globalThis, { openCounters, describeStore, count })
