// Keys and values of the workloads: 20 and 64 characters, the same for every peer.

const FIRST_ID = 10_000_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A key as a handler makes it: a string that nobody has hashed or flattened. 20 characters for up to 90 million ids. */
export const key = (id) => `app:session:${FIRST_ID + id}`

/** The same key as a constant in the code is: in one piece, and hashed the first time that it is looked up. */
export const heldKey = (id) => decoder.decode(encoder.encode(key(id)))

/** A key that no store holds. */
export const missingKey = (id) => `app:missing:${FIRST_ID + id}`

export const counterKey = (id) => `app:counter:${FIRST_ID + id}`

/** Numbers from 0 to 2^32 that look random and are the same in each run (mulberry32). */
export function generator(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** How many ids the lists below hold: a power of two, so that a loop can go round without dividing. */
export const DRAWN = 1 << 20

function drawn(draw) {
  const ids = new Uint32Array(DRAWN)
  for (let n = 0; n < DRAWN; n++) ids[n] = draw()
  return ids
}

/** Ids below `keys`, each as likely as the other. */
export function uniformIds(keys, seed = 1) {
  const next = generator(seed)
  return drawn(() => next() % keys)
}

/** Ids below `keys`, the nth as likely as 1/n^0.99: a few keys get most of the calls (Zipf; the exponent is YCSB's). */
export function zipfIds(keys, seed = 1) {
  const upTo = new Float64Array(keys)
  let total = 0
  for (let id = 0; id < keys; id++) upTo[id] = total += 1 / (id + 1) ** 0.99
  const next = generator(seed)
  return drawn(() => {
    const target = (next() / 2 ** 32) * total
    let [low, high] = [0, keys - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (upTo[middle] < target) low = middle + 1
      else high = middle
    }
    return low
  })
}

/** Every id below `keys` once, in no order (Fisher and Yates). */
export function shuffledIds(keys, seed = 1) {
  const ids = new Uint32Array(keys)
  for (let id = 0; id < keys; id++) ids[id] = id
  const next = generator(seed)
  for (let last = keys - 1; last > 0; last--) {
    const other = next() % (last + 1)
    const id = ids[last]
    ids[last] = ids[other]
    ids[other] = id
  }
  return ids
}

export const VALUE_CHARACTERS = 64

const LETTERS = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')

/** Makes values of 64 letters, each another one: flat strings, as they come from JSON.stringify or from the network. */
export function valueMaker(seed = 7) {
  const next = generator(seed)
  const bytes = new Uint8Array(VALUE_CHARACTERS)
  return () => {
    for (let at = 0; at < VALUE_CHARACTERS; at += 4) {
      const random = next()
      bytes[at] = LETTERS[random & 63]
      bytes[at + 1] = LETTERS[(random >>> 8) & 63]
      bytes[at + 2] = LETTERS[(random >>> 16) & 63]
      bytes[at + 3] = LETTERS[(random >>> 24) & 63]
    }
    return decoder.decode(bytes)
  }
}

/** As many values, made before anything is timed. */
export function values(count, seed) {
  return Array.from({ length: count }, valueMaker(seed))
}
