// The near cache: strings and parts of lists that were read twice, kept in JavaScript for as long as nothing has changed them.
//
// It is direct-mapped: the hash of a key gives its slot. Whether the value in a slot may still be given is told by a word in
// the engine's memory, which every change of the key clears (src/db/near.rs); a hit leaves its time in another, as the
// use of the key that it is. Bounded: so many slots, short keys, and values of at most 256 characters, in all.
//
// Where far more keys are read than there are slots, each as likely as the other, hardly any look into it finds
// anything, and what is let in is soon thrown out: a GET then costs half as much again as without it. So it looks at how many
// keys want the slots of others, rests as soon as too many do, and tries again later. While it rests a read costs it a number that
// is counted down: whoever reads asks `rests` first, and nothing else then. After a rest it is on trial, and lets nothing in: a
// value that is let in costs more than what it saves if it is not read soon again, as it is copied by the collector twice.

/** A power of two. */
export const NEAR_SLOTS = 16 * 1024
/** In UTF-16 units. */
const VALUE_CHARACTERS = 256
/** The longest key, as src/db/near.rs has it. */
const KEY_CHARACTERS = 128
/** Of longer keys only so many characters are looked at. */
const SAMPLE_CHARACTERS = 12
/** Words of the engine before those of the slots: hits that were not counted, when the last was, what all weighs, and the row of
 *  the command that hit last. */
const HIT_MS = 1
const BYTES = 2
const ROW = 3
const HEAD_WORDS = 4
/** About what the strings of a slot take beside their characters. */
const SLOT_BYTES = 48
const ITEM_BYTES = 24
/** A part of so many strings at most. */
const PART_ITEMS = 32
/** It is judged by so many reads ... */
const JUDGED_READS = 8 * 1024
/** ... of which fewer than so many may want a slot that another key was last asked for. Uniform reads of as many keys as there
 *  are slots are as dear with it as without. */
const CONTENDED_MOST = JUDGED_READS / 4
/** A look for a key that is not there costs a third of what one saves that finds its value. */
const ABSENT = 1
const CONTENDED = 3
/** A trial is so many reads. A look that finds another key wanted weighs less in it, as there are more of these while nothing is let
 *  in: of two keys in turn none is a hit then. */
const TRIAL_READS = JUDGED_READS / 2
const CONTENDED_ON_TRIAL = 2
/** What may speak against it by the read, in all: as much in a trial as after it. */
const PATIENCE = (CONTENDED * CONTENDED_MOST) / JUDGED_READS
/** Reads for which it rests; twice as many each time that it was of no use again, up to the second. That is how late it may hear
 *  that reads have become those of a few keys: so many reads, and those by which it is judged. */
const REST_READS = 64 * 1024
const LONGEST_REST_READS = 256 * 1024

/** What was asked of a key that holds many strings, and answered. */
export interface Part {
  /** The row of the command, negative where it counts from the end. */
  readonly what: number
  readonly from: number
  readonly to: number
  readonly items: readonly string[]
}

export class Near {
  /** Where the engine has its words, in words. */
  readonly #base: number
  readonly #keys: string[] = new Array<string>(NEAR_SLOTS).fill('')
  readonly #values: (string | Part)[] = new Array<string | Part>(NEAR_SLOTS).fill('')
  /** The hash that each slot was last asked for in vain. */
  readonly #wanted = new Int32Array(NEAR_SLOTS)
  /** Reads that go past it from here on. */
  #resting = 0
  #nextRest = REST_READS
  /** Reads by which it is being judged that are yet to come, and how much may still speak against it. */
  #judgedIn = JUDGED_READS
  #patience = PATIENCE * JUDGED_READS
  /** What a look weighs that finds another key wanted: less on trial. */
  #contended = CONTENDED
  /** Of the key that was last looked for; 0 where it cannot be kept, or nothing is. */
  #hash = 0

  /** @param address  of the engine's words, in bytes */
  constructor(address: number) {
    this.#base = address >>> 2
  }

  /** The value of a key, if it may be given.
   *  @param nowWord  the low 32 bits of the time, in milliseconds
   *  @param row  of the command that asks */
  get(words: Int32Array, key: string, nowWord: number, row: number): string | undefined {
    const slot = this.#find(words, key)
    const value = slot < 0 ? undefined : this.#values[slot]
    if (typeof value !== 'string') return undefined
    this.#hit(words, slot, nowWord, row)
    return value
  }

  /** As `get`, for a part of a key. The list is the caller's own. */
  part(words: Int32Array, key: string, nowWord: number, row: number, what: number, from: number, to: number): string[] | undefined {
    const slot = this.#find(words, key)
    const value = slot < 0 ? undefined : this.#values[slot]
    if (typeof value !== 'object' || value.what !== what || value.from !== from || value.to !== to) return undefined
    this.#hit(words, slot, nowWord, row)
    return value.items.slice()
  }

  /** The slot of a key, negative where it does not hold what stands under the key now. */
  #find(words: Int32Array, key: string): number {
    if (--this.#judgedIn < 0) this.#wasOfUse()
    const hash = (this.#hash = hashOf(key))
    const slot = hash & (NEAR_SLOTS - 1)
    return words[this.#base + HEAD_WORDS + slot] === hash && hash !== 0 && this.#keys[slot] === key ? slot : -1
  }

  #hit(words: Int32Array, slot: number, nowWord: number, row: number): void {
    words[this.#base + HEAD_WORDS + slot + NEAR_SLOTS] = nowWord
    words[this.#base]!++
    words[this.#base + HIT_MS] = nowWord
    words[this.#base + ROW] = row
  }

  /** Counts a read; whether it is to go past the cache, which is then not to be told of it. */
  rests(): boolean {
    if (this.#resting === 0) return false
    this.#resting--
    return true
  }

  /** Whether a value that was just looked for, and read, is to be kept: it was read before, and is short. */
  wants(value: string): boolean {
    return this.#wasWanted(this.#hash) && !this.#isOnTrial() && value.length <= VALUE_CHARACTERS
  }

  /** What was just looked for is not there. */
  miss(): void {
    this.#against(ABSENT)
  }

  /** The same of a part. What changes between reads is asked for in vain twice before it is kept again. */
  wantsPart({ what, from, to, items }: Part): boolean {
    if (items.length > PART_ITEMS || characters(items) > VALUE_CHARACTERS) return false
    if (!this.#wasWanted(mixed(mixed(mixed(this.#hash, what), from), to)) || this.#isOnTrial()) return false
    this.#wanted[this.#hash & (NEAR_SLOTS - 1)] = 0
    return true
  }

  /** Whether the last that was asked for of a slot in vain is asked for again. */
  #wasWanted(asked: number): boolean {
    if (this.#hash === 0) return false
    const slot = this.#hash & (NEAR_SLOTS - 1)
    const before = this.#wanted[slot]
    if (before === asked) return true
    this.#wanted[slot] = asked
    if (before !== 0) this.#against(this.#contended)
    return false
  }

  #against(weight: number): void {
    this.#patience -= weight
    if (this.#patience >= 0) return
    this.#resting = this.#nextRest
    this.#nextRest = Math.min(2 * this.#nextRest, LONGEST_REST_READS)
    this.#judge(TRIAL_READS, CONTENDED_ON_TRIAL)
  }

  #wasOfUse(): void {
    if (!this.#isOnTrial()) this.#nextRest = REST_READS
    this.#judge(JUDGED_READS, CONTENDED)
  }

  #isOnTrial(): boolean {
    return this.#contended === CONTENDED_ON_TRIAL
  }

  #judge(reads: number, contended: number): void {
    this.#judgedIn = reads
    this.#patience = PATIENCE * reads
    this.#contended = contended
  }

  /** The key in the slot of the one that was last looked for. */
  former(): string {
    return this.#keys[this.#hash & (NEAR_SLOTS - 1)] as string
  }

  /** Keeps what was read of the key that was last looked for. */
  put(words: Int32Array, key: string, value: string | Part): void {
    const slot = this.#hash & (NEAR_SLOTS - 1)
    const before = weight(this.#keys[slot] as string, this.#values[slot] as string | Part)
    this.#keys[slot] = key
    this.#values[slot] = value
    words[this.#base + BYTES]! += weight(key, value) - before
  }
}

/** The hash of a key, as src/db/near.rs draws it; 0 where it is too long. */
export function hashOf(key: string): number {
  const { length } = key
  if (length <= SAMPLE_CHARACTERS) return hashOfAll(key)
  if (length > KEY_CHARACTERS) return 0
  const head = length - 6
  const first = word(key, (head * 2) >>> 3, (head * 3) >>> 3, head >>> 1, (head * 5) >>> 3)
  const second = word(key, (head * 6) >>> 3, (head * 7) >>> 3, head, length - 5)
  const third = word(key, length - 4, length - 3, length - 2, length - 1)
  return mixed(mixed(mixed(length, first), second), third) || 1
}

function hashOfAll(key: string): number {
  let hash = key.length
  let word = 0
  for (let n = 0; n < key.length; n++) {
    word = (word << 8) | key.charCodeAt(n)
    if ((n & 3) !== 3) continue
    hash = mixed(hash, word)
    word = 0
  }
  return ((key.length & 3) === 0 ? hash : mixed(hash, word)) || 1
}

function word(key: string, a: number, b: number, c: number, d: number): number {
  return (key.charCodeAt(a) << 24) | (key.charCodeAt(b) << 16) | (key.charCodeAt(c) << 8) | key.charCodeAt(d)
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1)
  return product ^ (product >>> 15)
}

function characters(items: readonly string[]): number {
  let sum = 0
  for (const item of items) sum += item.length
  return sum
}

/** About what a slot takes; nothing while it holds none. */
function weight(key: string, value: string | Part): number {
  if (typeof value === 'object') return SLOT_BYTES + key.length + characters(value.items) + ITEM_BYTES * value.items.length
  const length = key.length + value.length
  return length === 0 ? 0 : SLOT_BYTES + length
}
