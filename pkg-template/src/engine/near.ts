// The near cache: strings that were read twice, kept in JavaScript for as long as nothing has changed them.
//
// It is direct-mapped: the hash of a key gives its slot. Whether the value in a slot may still be given is told by a word in
// the engine's memory, which every change of the key clears (src/db/near.rs); a hit leaves its time in another, as the
// use of the key that it is. Bounded: so many slots, short keys, and values of at most 256 characters.
//
// Where far more keys are read than there are slots, each as likely as the other, hardly any look into it finds
// anything, and what is let in is soon thrown out: a GET then costs half as much again as without it. So it looks at how many
// keys want the slots of others, rests where most do, and tries again later.

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
/** It is judged after so many reads ... */
const JUDGED_READS = 8 * 1024
/** ... by how many of them wanted a slot that another key was last asked for. Uniform reads of twice as many keys as there
 *  are slots are as dear with it as without. */
const CONTENDED_MOST = JUDGED_READS / 2
/** Reads for which it rests; twice as many each time that it was of no use again, up to the second. */
const REST_READS = 64 * 1024
const LONGEST_REST_READS = 1024 * 1024

export class Near {
  /** Where the engine has its words, in words. */
  readonly #base: number
  readonly #keys: string[] = new Array<string>(NEAR_SLOTS).fill('')
  readonly #values: string[] = new Array<string>(NEAR_SLOTS).fill('')
  /** The hash that each slot was last asked for in vain. */
  readonly #wanted = new Int32Array(NEAR_SLOTS)
  /** Reads that go past it from here on. */
  #resting = 0
  #nextRest = REST_READS
  /** Reads until it is judged, and those since it was that found no room in their slot. */
  #judgedIn = JUDGED_READS
  #contended = 0

  /** @param address  of the engine's words, in bytes */
  constructor(address: number) {
    this.#base = address >>> 2
  }

  /** The value of a key, if it may be given.
   *  @param nowWord  the low 32 bits of the time, in milliseconds */
  get(words: Int32Array, hash: number, key: string, nowWord: number): string | undefined {
    if (this.#resting > 0) {
      this.#resting--
      return undefined
    }
    if (--this.#judgedIn === 0) this.#judge()
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
    if (this.#resting > 0) return false
    const slot = hash & (NEAR_SLOTS - 1)
    const before = this.#wanted[slot]
    if (before === hash) return value.length <= VALUE_CHARACTERS
    if (before !== 0) this.#contended++
    this.#wanted[slot] = hash
    return false
  }

  #judge(): void {
    const isOfUse = this.#contended <= CONTENDED_MOST
    this.#judgedIn = JUDGED_READS
    this.#contended = 0
    if (isOfUse) {
      this.#nextRest = REST_READS
    } else {
      this.#resting = this.#nextRest
      this.#nextRest = Math.min(2 * this.#nextRest, LONGEST_REST_READS)
    }
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
