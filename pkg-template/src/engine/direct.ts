// The short way into the engine: arguments in places that never move, numbers in and out, nothing made on the way but the
// string that is answered.
//
// It serves calls with one to three short arguments, MGET, other commands with up to 64 arguments that find room in the places,
// and parts of lists and sorted sets, which the near cache may hold. What is special about a call, its caller or its store is left
// to the ordinary way: then nothing has happened, and the answer is undefined.

import { NookError } from '../errors.js'
import { Push, type Reply } from '../reply.js'
import { asciiOf, asciiText, decodeText, type Ascii } from '../resp.js'
import { BLOCKED, HostRequest, LONE_SURROGATE, type EngineInstance } from './instance.js'
import { commandNamed, type DirectCommand } from './named.js'
import { NEAR_SLOTS, Near, type Part } from './near.js'
import { STRING_UNITS, type Strings } from './strings.js'
import { ASCII, BULK, BULKS, DOUBLE, INTEGER, LENGTH, LIST, MAP, NULL, OK, ORDINARY } from './tags.js'
import type { WasmMemory } from './wasm.js'

/** What src/wasm/direct.rs exports. */
interface Exports {
  instance_get(engine: number, nowMs: number, client: number, key: number): number
  instance_set(
    engine: number, nowMs: number, client: number, key: number, valueAt: number, value: number, ttlMs: number,
  ): number
  instance_count(engine: number, nowMs: number, client: number, key: number, verb: number, step: number): number
  instance_zadd(engine: number, nowMs: number, client: number, key: number, score: number, member: number): number
  instance_hget(engine: number, nowMs: number, client: number, key: number, field: number): number
  instance_mget(engine: number, nowMs: number, client: number, count: number): number
  instance_near_open(engine: number, client: number, slots: number): number
  instance_admit(engine: number, nowMs: number, key: number, former: number): number
  instance_row(engine: number, name: number): number
  instance_direct(
    engine: number, nowMs: number, client: number, row: number, count: number, first: number, second: number, third: number,
  ): number
  instance_direct_words(engine: number, nowMs: number, client: number, row: number, count: number): number
}

/** Room of the first argument, and of the second and the third, as src/wasm/direct.rs has it. */
const FIRST_BYTES = 1024
const OTHER_BYTES = 16 * 1024
const ALL_BYTES = FIRST_BYTES + 2 * OTHER_BYTES
/** Strings up to here are written a word at a time. Longer ones cost less by a call of encodeInto, which they meet at 17 characters
 *  where they were just put together and at 31 where they are in one piece, ... */
const SHORT_CHARACTERS = 24
/** ... or, where that takes an object, at more; ... */
const SHORT_ELSEWHERE_CHARACTERS = 32
/** ... or by the copies of `Strings`. */
const SHORT_COPIED_CHARACTERS = 12
/** A key and a value up to here together are written by one call: for longer ones joining them costs more. */
const JOINED_CHARACTERS = 512
/** After a key or a value that is not ASCII so many are written each by itself. */
const APART_CALLS = 64
/** So many calls within a millisecond show a caller in a hurry ... */
const HURRIED_CALLS = 8
/** ... whose next calls share one look at the clock, as long as its turn lasts. */
const SHARING_CALLS = 64
/** Arguments of a call of any number of them, as src/wasm/direct.rs has it. */
const MOST_WORDS = 64

/** The verbs of `count`, as src/wasm/direct.rs has them. */
export const INCR = 0
export const DECR = 1
export const INCRBY = 2

const encoder = new TextEncoder()

/** What is told to whoever made the calls. */
export interface DirectEvents {
  /** A call has left something to do. */
  follow(pending: number): void
  /** The engine stopped. */
  stopped(error: NookError): void
}

export class DirectCalls {
  readonly #instance: EngineInstance
  readonly #exports: Exports
  readonly #engine: number
  readonly #client: number
  readonly #events: DirectEvents
  readonly #memory: WasmMemory
  readonly #places: number
  readonly #strings: Strings | null
  readonly #answer: number
  /** Views of memory; made anew when it has grown and they are detached. */
  #bytes!: Uint8Array<ArrayBuffer>
  #ascii!: Ascii | null
  #words!: Int32Array
  #all!: Uint8Array
  #first!: Uint8Array
  #second!: Uint8Array
  #third!: Uint8Array
  /** The row of each command that was called, -1 where it has none. */
  readonly #rows: number[] = []
  #clockMs = 0
  /** The low 32 bits of it. */
  #clockWord = 0
  #hurry = 0
  #sharing = 0
  #isTurnWatched = false
  #apart = 0
  #rowOfGet = 0
  /** Made when a key is read for the second time; null where there is to be none. */
  #near: Near | null | undefined

  constructor(instance: EngineInstance, client: number, hasNear: boolean, events: DirectEvents) {
    const { exports, engine, places, answer, strings } = instance.innards()
    this.#instance = instance
    this.#exports = ownProperties(exports as unknown as Exports)
    this.#engine = engine
    this.#client = client
    this.#events = events
    this.#memory = exports.memory
    this.#places = places
    this.#strings = strings
    this.#answer = answer
    this.#near = hasNear ? undefined : null
    this.#refresh()
  }

  /** GET */
  get(key: string, binary: boolean): Reply | undefined {
    const isShared = this.#sharing > 0
    if (isShared) this.#sharing--
    else this.#exactly()
    let near = binary ? null : this.#near
    if (near) {
      if (near.rests()) {
        near = null
      } else {
        const value = near.get(this.#words, key, this.#clockWord, this.#rowOfGet)
        if (value !== undefined) return value
      }
    }
    const length = this.#put(key, this.#places, this.#first)
    if (length < 0) return undefined
    for (let now = isShared ? -this.#clockMs : this.#clockMs; ; ) {
      let result: number
      try {
        result = this.#exports.instance_get(this.#engine, now, this.#client, length)
      } catch (cause) {
        throw this.#stopped(cause)
      }
      if (result === ORDINARY && now < 0) {
        now = this.#exactly()
        continue
      }
      const value = this.#read(result, binary)
      if (near !== null) this.#tell(near, key, length, value)
      return value
    }
  }

  /** A part of a key that holds many strings, as LRANGE and ZRANGE give it. */
  part(command: DirectCommand, key: string, from: number, to: number, isReversed: boolean, binary: boolean): Reply | undefined {
    const row = this.#rows[command.at] ?? this.#findRow(command)
    if (row < 0) return undefined
    const what = isReversed ? -row : row
    let near = binary ? null : this.#near
    if (near) {
      if (near.rests()) {
        near = null
      } else {
        if (this.#sharing > 0) this.#sharing--
        else this.#exactly()
        const items = near.part(this.#words, key, this.#clockWord, row, what, from, to)
        if (items !== undefined) return items
      }
    }
    const answer = isReversed
      ? this.words([command.name, key, String(from), String(to), 'REV'], binary, command)
      : this.call(command, binary, key, from, to)
    if (near !== null && isTexts(answer)) this.#offerPart(near, key, { what, from, to, items: answer })
    return answer
  }

  /** Tells the near cache, once there is one, what GET has come to where it had nothing: it keeps what is read again.
   *  @param length  of the key in bytes: it may hold ASCII only */
  #tell(known: Near | undefined, key: string, length: number, value: Reply | undefined): void {
    if (typeof value === 'string') {
      const near = known ?? this.#openNear()
      if (near !== null && length === key.length && near.wants(value) && this.#admit(near, key)) near.put(this.#words, key, value)
    } else if (value === null) {
      known?.miss()
    }
  }

  #offerPart(known: Near | undefined, key: string, part: Part): void {
    const near = known ?? this.#openNear()
    if (near?.wantsPart(part) === true && this.#admit(near, key)) {
      near.put(this.#words, key, { ...part, items: part.items.slice() })
    }
  }

  /** Asks the engine to let the near cache hold a key. */
  #admit(near: Near, key: string): boolean {
    const length = this.#put(key, this.#places, this.#first)
    if (length !== key.length) return false
    const former = this.#put(near.former(), this.#places + FIRST_BYTES, this.#second)
    return this.#enter(() => this.#exports.instance_admit(this.#engine, this.#clockMs, length, former)) !== 0
  }

  #openNear(): Near | null {
    const address = this.#enter(() => this.#exports.instance_near_open(this.#engine, this.#client, NEAR_SLOTS)) >>> 0
    this.#rowOfGet = this.#findRow(commandNamed('GET'))
    this.#refresh()
    this.#near = address === 0 ? null : new Near(address)
    return this.#near
  }

  /** SET without options, or for a time alone.
   *  @param ttlMs  more than 0 where it is for a time */
  set(key: unknown, value: unknown, ttlMs: number): Reply | undefined {
    let length: number
    let second: number
    let secondAt: number
    if (typeof key === 'string' && typeof value === 'string' && this.#putJoined(key, value)) {
      length = secondAt = key.length
      second = value.length
    } else {
      length = this.#putAny(key, this.#places, this.#first)
      secondAt = FIRST_BYTES
      second = this.#putAny(value, this.#places + FIRST_BYTES, this.#second)
      if (length < 0 || second < 0) return undefined
    }
    if (ttlMs > 0) this.#sharing = 0
    for (let now = this.#now(); ; now = this.#exactly()) {
      let result: number
      try {
        result = this.#exports.instance_set(this.#engine, now, this.#client, length, secondAt, second, ttlMs)
      } catch (cause) {
        throw this.#stopped(cause)
      }
      if (result !== ORDINARY || now >= 0) return this.#read(result, false)
    }
  }

  /** INCR, DECR, or INCRBY with a step of 32 bits. */
  count(verb: number, key: unknown, step: number): Reply | undefined {
    const length = this.#putAny(key, this.#places, this.#first)
    if (length < 0) return undefined
    for (let now = this.#now(); ; now = this.#exactly()) {
      let result: number
      try {
        result = this.#exports.instance_count(this.#engine, now, this.#client, length, verb, step)
      } catch (cause) {
        throw this.#stopped(cause)
      }
      if (result !== ORDINARY || now >= 0) return this.#read(result, false)
    }
  }

  /** ZADD of one member without options. */
  zAdd(key: unknown, score: number, member: unknown): Reply | undefined {
    const length = this.#putAny(key, this.#places, this.#first)
    const second = this.#putAny(member, this.#places + FIRST_BYTES, this.#second)
    if (length < 0 || second < 0) return undefined
    for (let now = this.#now(); ; now = this.#exactly()) {
      let result: number
      try {
        result = this.#exports.instance_zadd(this.#engine, now, this.#client, length, score, second)
      } catch (cause) {
        throw this.#stopped(cause)
      }
      if (result !== ORDINARY || now >= 0) return this.#read(result, false)
    }
  }

  /** HGET */
  hGet(key: string, field: string, binary: boolean): Reply | undefined {
    const length = this.#put(key, this.#places, this.#first)
    const second = this.#put(field, this.#places + FIRST_BYTES, this.#second)
    if (length < 0 || second < 0) return undefined
    for (let now = this.#now(); ; now = this.#exactly()) {
      let result: number
      try {
        result = this.#exports.instance_hget(this.#engine, now, this.#client, length, second)
      } catch (cause) {
        throw this.#stopped(cause)
      }
      if (result !== ORDINARY || now >= 0) return this.#read(result, binary)
    }
  }

  /** MGET */
  mGet(keys: readonly unknown[], binary: boolean): Reply | undefined {
    if (!this.#putAll(keys, 0)) return undefined
    let result: number
    try {
      const now = this.#now()
      result = this.#exports.instance_mget(this.#engine, now, this.#client, keys.length)
      if (result === ORDINARY && now < 0) {
        result = this.#exports.instance_mget(this.#engine, this.#exactly(), this.#client, keys.length)
      }
    } catch (cause) {
      throw this.#stopped(cause)
    }
    if ((result & 0xff) !== LIST) return this.#read(result, binary)
    if (this.#bytes.length === 0) this.#refresh()
    const values: Reply[] = new Array(keys.length)
    for (let n = 0, word = (this.#words[this.#answer] ?? 0) >>> 2; n < keys.length; n++, word += 2) {
      const address = (this.#words[word] ?? 0) >>> 0
      const length = this.#words[word + 1] ?? 0
      values[n] = address === 0 ? null : this.#value(address, length & LENGTH, length < 0, binary)
    }
    this.#follow(result)
    return values
  }

  /** Runs a command with all of its words, the name first. Maps come as keys and values in turn.
   *  @param known  which command it is, where that is known and the rest of the words takes no time */
  words(argv: readonly unknown[], binary: boolean, known?: DirectCommand): Reply | undefined {
    const command = known ?? commandNamed(String(argv[0]))
    const row = this.#rows[command.at] ?? this.#findRow(command)
    const count = argv.length - 1
    if (row < 0 || count > MOST_WORDS || !this.#putAll(argv, 1)) return undefined
    const now = known === undefined ? this.#exactly() : this.#now()
    let result: number
    try {
      result = this.#exports.instance_direct_words(this.#engine, now, this.#client, row, count)
      if (result === ORDINARY && now < 0) {
        result = this.#exports.instance_direct_words(this.#engine, this.#exactly(), this.#client, row, count)
      }
    } catch (cause) {
      throw this.#stopped(cause)
    }
    return this.#read(result, binary)
  }

  /** Runs a command with one to three arguments. Maps come as keys and values in turn. */
  call(command: DirectCommand, binary: boolean, first: unknown, second?: unknown, third?: unknown): Reply | undefined {
    const row = this.#rows[command.at] ?? this.#findRow(command)
    if (row < 0) return undefined
    const one = this.#putAny(first, this.#places, this.#first)
    if (one < 0) return undefined
    let count = 1
    let two = 0
    let three = 0
    if (second !== undefined) {
      two = this.#putAny(second, this.#places + FIRST_BYTES, this.#second)
      if (two < 0) return undefined
      count = 2
      if (third !== undefined) {
        three = this.#putAny(third, this.#places + FIRST_BYTES + OTHER_BYTES, this.#third)
        if (three < 0) return undefined
        count = 3
      }
    } else if (third !== undefined) {
      return undefined
    }
    if (!command.isTimeless) this.#sharing = 0
    for (let now = this.#now(); ; now = this.#exactly()) {
      let result: number
      try {
        result = this.#exports.instance_direct(this.#engine, now, this.#client, row, count, one, two, three)
      } catch (cause) {
        throw this.#stopped(cause)
      }
      if (result !== ORDINARY || now >= 0) return this.#read(result, binary)
    }
  }

  #findRow({ name, at }: DirectCommand): number {
    // Without a place, which would be that of the memory before it grew; a name is short.
    const length = this.#put(name, this.#places, null)
    const row = this.#enter(() => this.#exports.instance_row(this.#engine, length)) | 0
    this.#rows[at] = row
    return row
  }

  /** Milliseconds since 1970. Looking at the clock costs as much as a look-up: a caller in a hurry is let do without, until
   *  its turn is over. Then the time is negative, and the engine asks for it after all where a deadline is to be compared
   *  with it. */
  #now(): number {
    if (this.#sharing > 0) {
      this.#sharing--
      return -this.#clockMs
    }
    return this.#exactly()
  }

  #exactly(): number {
    this.#sharing = 0
    const now = Date.now()
    this.#hurry = now === this.#clockMs ? this.#hurry + 1 : 0
    this.#clockMs = now
    this.#clockWord = now | 0
    if (this.#hurry >= HURRIED_CALLS) this.#share()
    return now
  }

  #share(): void {
    this.#sharing = SHARING_CALLS
    if (this.#isTurnWatched) return
    this.#isTurnWatched = true
    void Promise.resolve().then(() => {
      this.#isTurnWatched = false
      this.#sharing = 0
      this.#hurry = 0
    })
  }

  /** Writes words one after the other, their lengths before them; false where they have no room.
   *  @param from  the first of them */
  #putAll(words: readonly unknown[], from: number): boolean {
    const count = words.length - from
    let at = this.#places + 4 * count
    const end = this.#places + ALL_BYTES
    if (count === 0 || at >= end) return false
    for (let n = 0; n < count; n++) {
      const word = words[from + n]
      if (typeof word !== 'string' || at + 3 * word.length + 4 > end) return false
      const length = this.#put(word, at, null)
      if (length < 0) return false
      this.#words[(this.#places >> 2) + n] = length
      at += (length + 3) & ~3
    }
    return true
  }

  #putAny(argument: unknown, at: number, place: Uint8Array): number {
    if (typeof argument === 'string') return this.#put(argument, at, place)
    return typeof argument === 'number' && Number.isFinite(argument) ? this.#put(String(argument), at, place) : -1
  }

  /** Writes a string as UTF-8 and gives how many bytes that took; -1 where it has no room.
   *  @param place  of the string; null where there is room for what it may take */
  #put(text: string, at: number, place: Uint8Array | null): number {
    if (this.#bytes.length === 0) this.#refresh()
    const length = text.length
    if (length > SHORT_COPIED_CHARACTERS && this.#isLong(length, place)) return this.#putLong(text, at, place)
    const words = this.#words
    let word = at >>> 2
    let n = 0
    let seen = 0
    for (; n + 4 <= length; n += 4) {
      const a = text.charCodeAt(n)
      const b = text.charCodeAt(n + 1)
      const c = text.charCodeAt(n + 2)
      const d = text.charCodeAt(n + 3)
      seen |= a | b | c | d
      words[word++] = a | (b << 8) | (c << 16) | (d << 24)
    }
    let last = 0
    for (let shift = 0; n < length; n++, shift += 8) {
      const code = text.charCodeAt(n)
      seen |= code
      last |= code << shift
    }
    words[word] = last
    return seen > 0x7f ? this.#putLong(text, at, place) : length
  }

  #isLong(length: number, place: Uint8Array | null): boolean {
    return this.#strings !== null || length > (place === null ? SHORT_ELSEWHERE_CHARACTERS : SHORT_CHARACTERS)
  }

  /** Writes a key and a value behind it, if both are short and ASCII: a call of the encoder costs more than what it does. */
  #putJoined(key: string, value: string): boolean {
    if (this.#apart > 0) {
      this.#apart--
      return false
    }
    const length = key.length + value.length
    if (length > JOINED_CHARACTERS) return false
    if (this.#bytes.length === 0) this.#refresh()
    const joined = key + value
    const isAscii = this.#strings !== null
      ? this.#strings.write(joined, this.#places) < 0x80
      : encoder.encodeInto(joined, this.#all).written === length
    if (!isAscii) this.#apart = APART_CALLS
    return isAscii
  }

  #putLong(text: string, at: number, place: Uint8Array | null): number {
    const { length } = text
    if (this.#strings !== null && length <= STRING_UNITS && (place === null || length + 4 <= place.length)) {
      if (this.#strings.write(text, at) < 0x80) return length
    }
    const { read, written } = encoder.encodeInto(text, place ?? this.#bytes.subarray(at, at + 3 * text.length))
    return read === text.length && (written === read || !LONE_SURROGATE.test(text)) ? written : -1
  }

  #read(result: number, binary: boolean): Reply | undefined {
    if (this.#bytes.length === 0) this.#refresh()
    let answer: Reply
    switch (result & 0xff) {
      case NULL:
        answer = null
        break
      case OK:
        answer = 'OK'
        break
      case INTEGER:
        answer = this.#words[this.#answer] ?? 0
        break
      case ASCII:
      case BULK:
        answer = this.#value(
          (this.#words[this.#answer] ?? 0) >>> 0, this.#words[this.#answer + 1] ?? 0, (result & 0xff) === ASCII, binary,
        )
        break
      case DOUBLE:
        answer = this.#instance.double()
        break
      case BULKS:
      case MAP:
        answer = this.#instance.bulks(binary)
        break
      case ORDINARY:
        return undefined
      default:
        return this.#readOther(result, binary)
    }
    this.#follow(result)
    return answer
  }

  #readOther(result: number, binary: boolean): Reply | undefined {
    const answer = this.#instance.read(result, binary)
    this.#follow(this.#instance.takePending())
    if (answer instanceof NookError) throw answer
    return answer === BLOCKED || answer instanceof HostRequest || answer instanceof Push ? null : answer
  }

  #value(address: number, length: number, isAscii: boolean, binary: boolean): string | Uint8Array<ArrayBuffer> {
    const end = address + length
    if (binary) return this.#bytes.slice(address, end)
    if (!isAscii) return decodeText(this.#bytes, address, end)
    if (this.#ascii !== null) return this.#ascii.latin1Slice(address, end)
    return this.#strings !== null && length <= STRING_UNITS ? this.#strings.read(address, length) : asciiText(this.#bytes, address, end)
  }

  #follow(result: number): void {
    if (result > 0xff) this.#events.follow(result)
  }

  /** The engine has stopped: nothing goes this way any more. */
  end(): void {
    this.#near = null
    this.#bytes = new Uint8Array()
  }

  #refresh(): void {
    if (this.#instance.death !== null) throw this.#instance.death
    const buffer = this.#memory.buffer as ArrayBuffer
    this.#bytes = new Uint8Array(buffer)
    this.#ascii = asciiOf(buffer)
    this.#words = new Int32Array(buffer)
    this.#all = new Uint8Array(buffer, this.#places, ALL_BYTES)
    this.#first = new Uint8Array(buffer, this.#places, FIRST_BYTES)
    this.#second = new Uint8Array(buffer, this.#places + FIRST_BYTES, OTHER_BYTES)
    this.#third = new Uint8Array(buffer, this.#places + FIRST_BYTES + OTHER_BYTES, OTHER_BYTES)
  }

  /** For what is done rarely. Calls that are made again and again do without the function. */
  #enter(work: () => number): number {
    try {
      return work()
    } catch (cause) {
      throw this.#stopped(cause)
    }
  }

  #stopped(cause: unknown): NookError {
    const error = this.#instance.die(cause)
    this.#events.stopped(error)
    return error
  }
}

function isTexts(answer: Reply | undefined): answer is string[] {
  return Array.isArray(answer) && answer.every((item) => typeof item === 'string')
}

/** The same functions. Of the object that an instance gives, each is looked up by its name whenever it is called. */
function ownProperties({
  instance_get, instance_set, instance_count, instance_zadd, instance_hget, instance_mget, instance_near_open, instance_admit,
  instance_row, instance_direct, instance_direct_words,
}: Exports): Exports {
  return {
    instance_get, instance_set, instance_count, instance_zadd, instance_hget, instance_mget, instance_near_open, instance_admit,
    instance_row, instance_direct, instance_direct_words,
  }
}
