// What a GET and a SET cost as the store grows: one store that is filled further and further.

import { DRAWN, key, uniformIds, values } from './keys.mjs'
import { emptied } from './timing.mjs'

const CALLS = 300_000
/** Values are used again from here on: ten million of them would leave no room for the stores. */
const VALUES = 1_000_000

function get(store, ids, calls) {
  let sum = 0
  for (let n = 0; n < calls; n++) sum = (sum + store.get(key(ids[n & (DRAWN - 1)])).charCodeAt(n & 63)) | 0
  return sum
}

function set(store, from, to, contents) {
  for (let id = from; id < to; id++) store.set(key(id), contents[id % contents.length])
}

/** The figures are per size: `GET 1000`, and `SET 1000` for the keys that were new since the last size.
 *  @param sizes ascending */
export async function growth(open, { sizes }) {
  const largest = sizes.at(-1)
  const contents = values(Math.min(largest, VALUES))
  const store = await open({ capacity: largest })
  const warmKeys = Math.min(largest, 20_000)
  set(store, 0, warmKeys, contents)
  get(store, uniformIds(warmKeys, 3), CALLS / 3)
  await emptied(store)
  const figures = {}
  const checksums = {}
  let filled = 0
  for (const size of sizes) {
    globalThis.gc()
    let begin = performance.now()
    set(store, filled, size, contents)
    figures[`SET ${size}`] = ((performance.now() - begin) * 1e6) / (size - filled)
    filled = size
    const ids = uniformIds(size)
    globalThis.gc()
    begin = performance.now()
    checksums[`GET ${size}`] = get(store, ids, CALLS)
    figures[`GET ${size}`] = ((performance.now() - begin) * 1e6) / CALLS
  }
  return { figures, checksums }
}
