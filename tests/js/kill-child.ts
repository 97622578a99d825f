// Four loops that count for ever in the store in the folder given, and tell the parent before and after each flush.

import { open } from 'nookdb'

const [, , directory = '', mode = 'no'] = process.argv
const flush = mode === 'flush'
const db = await open('shop', { directory, durability: 'no' })

async function count(loop: number): Promise<void> {
  for (;;) {
    const number = db.incr(`count:${loop}`)
    db.rPush(`all:${loop}`, String(number))
    process.send?.(['begun', loop, number])
    if (flush) await db.flush()
    process.send?.(['flushed', loop, number])
    // Without the flush nothing else would ever have a turn.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

for (let loop = 0; loop < 4; loop++) void count(loop)
