// The near cache: strings that were read twice, kept in JavaScript for as long as nothing has changed them.
//
// It is direct-mapped: the hash of a key gives its slot. Whether the value in a slot may still be given is told by a word in
// the engine's memory, which every change of the key clears (src/db/near.rs); a hit leaves its time in another, as the
// use of the key that it is. Bounded: so many slots, short keys, and values of at most 256 characters.

/** A power of two. */
export const NEAR_SLOTS = 16 * 1024
/** In UTF-16 units. */
const VALUE_CHARACTERS = 256
/** Words of the engine before those of the slots: hits that were not counted, when the last was, what all weighs. */
const HIT_MS = 1
const BYTES = 2
const HEAD_WORDS = 3
/** About what the strings of a slot take beside their characters. */
const SLOT_BYTES = 48

export class Near {
  /** Where the engine has its words, in words. */
  readonly #base: number
  readonly #keys: string[] = new Array<string>(NEAR_SLOTS).fill('')
  readonly #values: string[] = new Array<string>(NEAR_SLOTS).fill('')
  /** The hash that each slot was last asked for in vain. */
  readonly #wanted = new Int32Array(NEAR_SLOTS)

  /** @param address  of the engine's words, in bytes */
  constructor(address: number) {
    this.#base = address >>> 2
  }

  /** The value of a key, if it may be given.
   *  @param nowWord  the low 32 bits of the time, in milliseconds */
  get(words: Int32Array, hash: number, key: string, nowWord: number): string | undefined {
    const slot = hash & (NEAR_SLOTS - 1)
    const word = this.#base + HEAD_WORDS + slot
    if (words[word] !== hash || this.#keys[slot] !== key) return undefined
    words[word + NEAR_SLOTS] = nowWord
    words[this.#base]!++
    words[this.#base + HIT_MS] = nowWord
    return this.#values[slot]
  }

  /** Whether a value that was read is to be kept: it was read before, and is short. */
  wants(hash: number, value: string): boolean {
    const slot = hash & (NEAR_SLOTS - 1)
    if (this.#wanted[slot] === hash) return value.length <= VALUE_CHARACTERS
    this.#wanted[slot] = hash
    return false
  }

  /** The key in the slot of a hash. */
  former(hash: number): string {
    return this.#keys[hash & (NEAR_SLOTS - 1)] as string
  }

  put(words: Int32Array, hash: number, key: string, value: string): void {
    const slot = hash & (NEAR_SLOTS - 1)
    const former = (this.#keys[slot] as string).length + (this.#values[slot] as string).length
    const before = former === 0 ? 0 : former + SLOT_BYTES
    this.#keys[slot] = key
    this.#values[slot] = value
    words[this.#base + BYTES]! += key.length + value.length + SLOT_BYTES - before
  }
}
