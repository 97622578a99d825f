// SET in turns of the event loop, as requests come, so that what keeps the journal can do its work between them.

import { setImmediate as turn } from 'node:timers/promises'
import { DRAWN, key, uniformIds, values } from './keys.mjs'

const IN_A_TURN = 100

export async function sets(open, { keys, calls }) {
  const store = await open()
  const contents = values(Math.min(keys, 100_000))
  const ids = uniformIds(keys)
  const set = async (count) => {
    for (let n = 0; n < count; ) {
      for (const end = Math.min(n + IN_A_TURN, count); n < end; n++) store.set(key(ids[n & (DRAWN - 1)]), contents[n % contents.length])
      await turn()
    }
  }
  for (let id = 0; id < keys; id++) store.set(key(id), contents[id % contents.length])
  await set(Math.min(calls, 50_000))
  await store.db.flush()
  globalThis.gc()
  const [begin, cpuBegin] = [performance.now(), process.cpuUsage()]
  await set(calls)
  const elapsedMs = performance.now() - begin
  await store.db.flush()
  const flushedMs = performance.now() - begin
  const { user, system } = process.cpuUsage(cpuBegin)
  await store.close()
  return {
    figures: {
      SET: (elapsedMs * 1e6) / calls,
      'SET until flushed': (flushedMs * 1e6) / calls,
      'SET CPU': ((user + system) * 1e3) / calls,
    },
  }
}
