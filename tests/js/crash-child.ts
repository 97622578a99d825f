// Does one operation after the other on the store in the folder given, says how far it has come, and keeps it in all ways there are.

import { open } from 'nookdb'
import { perform } from './crash-workload.js'

const [, , directory = '', seed = '0'] = process.argv
const upTo = (limit: number): number => Math.floor(Math.random() * limit)

// A clock that is set forwards and back.
const { now } = Date
let aheadMs = 0
Date.now = () => now() + aheadMs

process.send?.(['started', 0])
const durability = (['always', 'everysec', 'no'] as const)[upTo(3)]
const db = await open('shop', { directory, ...(durability === undefined ? {} : { durability }) })
let n = Number(db.get('n') ?? 0)

for (;;) {
  for (let left = 1 + upTo(upTo(10) === 0 ? 300 : 10); left > 0; left--) {
    if (upTo(20) === 0) aheadMs = upTo(100_000_000) - 50_000_000
    process.send?.(['begun', ++n])
    perform(db, Number(seed), n)
  }
  const done = n
  if (upTo(3) === 0) void db.flush().then(() => process.send?.(['flushed', done]))
  // Refused where one is being made.
  if (upTo(25) === 0) attempt(() => db.call('BGSAVE'))
  await new Promise((resolve) => setImmediate(resolve))
}

function attempt(work: () => unknown): void {
  try {
    work()
  } catch {
    return
  }
}
