// Run as a process of its own, to be killed: says when the first write is flushed, and goes on writing.

import { open } from 'nookdb'

const db = await open('shop', { directory: process.argv[2] ?? '' })
db.set('flushed', '1')
await db.flush()
process.send?.('flushed')
for (let n = 0; ; n++) {
  db.set('later', `${n}`)
  await new Promise(setImmediate)
}
