// One WebAssembly instance with one store in it: argv into its memory, replies out of it.
//
// Each store has an instance of its own: what one store's keys took is given back when it is closed, though wasm memory
// never shrinks, and a trap ends one store alone.

import type { Argument } from '../client.js'
import { NookError } from '../errors.js'
import type { Platform } from '../platform/platform.js'
import type { Push, Reply } from '../reply.js'
import { asciiText, decodeText, RespReader } from '../resp.js'
import { unpacked } from './packed.js'
import { compileStrings, stringsOf, type Strings } from './strings.js'
import type { Exports, WasmMemory, WasmModule } from './wasm.js'
import {
  ANSWER_PLACE, ARGUMENT_PLACES, ASCII, ASK, BULK, BULKS, COUNT, DOUBLE, INTEGER, LENGTH, MAP, NULL, OK, RESP, SCORED, SCORES, SCRATCH_BYTES,
  SCRATCH_PLACE, WAIT,
} from './tags.js'

/** What an import came to. */
export interface Imported {
  /** How many keys the store holds now. */
  readonly keys: number
  /** What the file has and a store cannot hold, a line each. */
  readonly skipped: readonly string[]
}

/** What is left to do after a call, as src/wasm/lib.rs has it. */
export const DELIVERIES = 1 << 8
export const STEPS = 1 << 9
/** Beside `STEPS`: they are to be taken now. */
export const STEPS_DUE = 1 << 11
export const TICKS = 1 << 10
/** After a tick: its units did not do for all that is due. */
const UNFINISHED = 1 << 12

/** How long a tick may take, and its work between two looks at the clock. */
const TICK_MS = 1
const SLICE_UNITS = 1024

/** The client has to wait: the reply comes as a delivery. */
export const BLOCKED = Symbol('blocked')

/** Only the host can answer: it saves, or ends. */
export class HostRequest {
  constructor(readonly kind: 'save' | 'save in background' | 'rewrite journal' | 'shut down') {}
}

const REQUESTS = ['save', 'save in background', 'rewrite journal', 'shut down'] as const

export type Answer = Reply | Push | typeof BLOCKED | HostRequest

export interface InstanceOptions {
  readonly platform: Pick<Platform, 'randomize' | 'instantiate'>
  /** In bytes; 0 is without bound. */
  readonly maxMemory: number
  /** Whether steps are kept for a journal. */
  readonly journaling: boolean
}

/** Something for a client that is not the reply to a call of its own. */
export interface Delivery {
  readonly client: number
  readonly value: Reply | Push
}

/** Strings up to here are written by a loop: a call of encodeInto costs more (Node 20: they meet near 60 characters). */
const SHORT_CHARACTERS = 60
/** Above this, strings are encoded before they are written: three bytes for each character would be too much to reserve. */
const LARGE_BYTES = 1024 * 1024

/** Half of a surrogate pair: it has no UTF-8. */
export const LONE_SURROGATE = /\p{Surrogate}/u

const encoder = new TextEncoder()

/** The code of the error that ends an instance. */
export const DEAD = 'DEAD'

export class EngineInstance {
  readonly #exports: Exports
  /** Address of the engine: the first argument of its exports. */
  readonly #engine: number
  readonly #strings: Strings | null
  readonly #memory: WasmMemory
  /** Views of all memory; made anew when it has grown and they are detached. */
  #bytes: Uint8Array<ArrayBuffer>
  #words: Uint32Array
  #scratch = 0
  #scratchBytes = 0
  readonly #answer: number
  #death: NookError | null = null
  #pending = 0

  /** @param compiling  the module, which may still be on its way */
  static async create(compiling: Promise<WasmModule>, { platform, maxMemory, journaling }: InstanceOptions): Promise<EngineInstance> {
    const seeds = new BigUint64Array(3)
    platform.randomize(seeds)
    const [hashSeed = 0n, otherHashSeed = 0n, seed = 0n] = seeds
    const module = await compiling
    void compileStrings(module)
    const instance = platform.instantiate?.(module) ?? (await WebAssembly.instantiate(module))
    const exports = instance.exports as unknown as Exports
    const strings = stringsOf(module, exports.memory)
    const engine = exports.instance_new(Date.now(), maxMemory, Number(journaling), hashSeed, otherHashSeed, seed)
    return new EngineInstance(engine, exports, await strings)
  }

  private constructor(engine: number, exports: Exports, strings: Strings | null) {
    const { memory } = exports
    this.#engine = engine
    this.#exports = exports
    this.#strings = strings
    this.#memory = memory
    this.#bytes = new Uint8Array(memory.buffer as ArrayBuffer)
    this.#words = new Uint32Array(memory.buffer)
    this.#answer = (exports.instance_place(engine, ANSWER_PLACE) >>> 0) / 4
  }

  /** Why the instance may not be entered any more; null while it may. */
  get death(): NookError | null {
    return this.#death
  }

  /** What direct calls stand on. */
  innards(): Innards {
    const places = this.#exports.instance_place(this.#engine, ARGUMENT_PLACES) >>> 0
    return { exports: this.#exports, engine: this.#engine, places, answer: this.#answer, strings: this.#strings }
  }

  /** What calls have left to do since this was last asked: `DELIVERIES`, `STEPS` and `STEPS_DUE`, `TICKS`. */
  takePending(): number {
    const pending = this.#pending
    this.#pending = 0
    return pending
  }

  /** Steps in the instance that were not taken yet. This looks at memory alone, so it may be asked of a dead instance. */
  get untakenSteps(): number {
    this.#refresh()
    return this.#words[this.#answer + 2] ?? 0
  }

  call(client: number, argv: readonly Argument[], binary: boolean): Answer {
    const result = this.enter((exports, engine) => exports.instance_call(engine, Date.now(), client, argv.length), argv)
    return this.read(result, binary)
  }

  /** Runs a command as a socket would carry it: the reply in the protocol that the client has chosen. */
  exchange(client: number, argv: readonly Argument[]): Uint8Array<ArrayBuffer> | typeof BLOCKED | HostRequest {
    const result = this.enter((exports, engine) => exports.instance_exchange(engine, Date.now(), client, argv.length), argv)
    if ((result & 0xff) !== RESP) return this.read(result, true) as typeof BLOCKED | HostRequest
    this.#pending = result
    return this.answerBytes().slice()
  }

  connect(db = 0): number {
    return this.enter((exports, engine) => exports.instance_connect(engine, Date.now(), db))
  }

  disconnect(client: number): void {
    this.enter((exports, engine) => exports.instance_disconnect(engine, client))
  }

  /** The database that a client has selected. */
  selected(client: number): number {
    return this.enter((exports, engine) => exports.instance_selected(engine, client))
  }

  /** Takes a client out of its wait; false where it does not wait. */
  cancel(client: number): boolean {
    return this.enter((exports, engine) => exports.instance_cancel(engine, client)) !== 0
  }

  /** Opens a step that the next calls of the client join; false where one is open. */
  begin(client: number): boolean {
    return this.enter((exports, engine) => exports.instance_begin(engine, Date.now(), client)) !== 0
  }

  /** Ends the open step. An error says that it was taken back. */
  end(): Answer {
    return this.read(this.enter((exports, engine) => exports.instance_end(engine)), false)
  }

  abort(): void {
    this.enter((exports, engine) => exports.instance_abort(engine))
  }

  /** Sends a client the events of all keys that match a pattern, and no longer those of the patterns before. */
  observe(client: number, patterns: readonly Argument[]): void {
    this.enter((exports, engine) => exports.instance_observe(engine, client, patterns.length), patterns)
  }

  /** Does what is due, and says whether more is. In workerd the clock stands still while code runs: there the units alone are
   *  the bound. */
  tick(units: number): boolean {
    const until = performance.now() + TICK_MS
    for (let left = units; left > 0; left -= SLICE_UNITS) {
      this.#pending = this.enter((exports, engine) => exports.instance_tick(engine, Date.now(), SLICE_UNITS))
      if ((this.#pending & UNFINISHED) === 0) return false
      if (performance.now() >= until) break
    }
    return true
  }

  /** In milliseconds since 1970; infinite where nobody waits for a time. */
  nextTimeout(): number {
    return this.enter((exports, engine) => exports.instance_next_timeout_ms(engine))
  }

  /** @param form how a client wants what it is sent: bulk strings as text or as bytes, or all of it as it is */
  takeDeliveries(form: (client: number) => 'text' | 'bytes' | 'resp'): Delivery[] {
    this.enter((exports, engine) => exports.instance_take_deliveries(engine))
    const reader = new RespReader(this.answerBytes())
    const deliveries: Delivery[] = []
    while (!reader.done) {
      const client = Number(reader.read())
      const wanted = form(client)
      reader.binary = wanted === 'bytes'
      deliveries.push({ client, value: wanted === 'resp' ? reader.take() : reader.read() })
    }
    return deliveries
  }

  /** Refuses writes from here on, and lets time change nothing. */
  becomeReplica(): void {
    this.enter((exports, engine) => exports.instance_become_replica(engine))
  }

  /** Everything as an RDB file for Redis 7.`minor`. */
  export(minor: number): Uint8Array<ArrayBuffer> {
    this.enter((exports, engine) => exports.instance_export(engine, Date.now(), minor))
    return this.answerBytes().slice()
  }

  /** Has the store hold what an RDB file holds. @throws DAMAGED where it cannot be read; then nothing has changed */
  import(client: number, file: Uint8Array): Imported {
    const answer = this.load((exports, engine) => exports.instance_import(engine, Date.now(), client), [file])
    const [keys, skipped] = answer as unknown as [number, string[]]
    return { keys, skipped }
  }

  /** Enters the engine with something large. @throws the error that it answers with */
  load(work: (exports: Exports, engine: number) => number, argv: readonly Uint8Array[]): Answer {
    const answer = this.read(this.enter(work, argv), false)
    if (answer instanceof NookError) throw answer
    return answer
  }

  statistics(): Statistics {
    const answer = this.read(this.enter((exports, engine) => exports.instance_statistics(engine)), false)
    const [seq = 0, keys = 0, usedBytes = 0, clients = 0] = answer as number[]
    return { seq, keys, usedBytes, clients }
  }

  /** Calls into the engine, with arguments that are written before. Anything that is thrown in there was meant by nobody: a panic, a stack
   *  that overflowed, memory that could not be had. What it left behind is not looked at again. */
  enter<T>(work: (exports: Exports, engine: number) => T, argv?: readonly Argument[]): T {
    if (this.#death !== null) throw this.#death
    try {
      if (argv !== undefined) this.#write(argv)
      return work(this.#exports, this.#engine)
    } catch (cause) {
      throw cause instanceof NookError ? cause : this.die(cause)
    }
  }

  /** Has the instance never be entered again, and gives the error that says why. */
  die(cause: unknown): NookError {
    this.#death = new NookError(DEAD, `the engine stopped: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    return this.#death
  }

  #write(argv: readonly Argument[]): void {
    let room = 4 * argv.length
    for (const argument of argv) {
      if (typeof argument === 'string') room += 3 * argument.length
      else if (isBytes(argument)) room += argument.length
      // Plain JavaScript may pass anything. To fail on it further on would look like an engine that stopped.
      else throw new NookError('ERR', `ERR an argument is a string or bytes, not ${argument === null ? 'null' : typeof argument}`)
    }
    if (room > LARGE_BYTES) {
      this.#writeLarge(argv)
    } else {
      if (room > this.#scratchBytes) this.#reserve(room)
      this.#fill(argv)
    }
    for (let at = 0; at < argv.length; at++) this.#refuseHalfOfPair(argv, at)
  }

  /** Half of a surrogate pair becomes U+FFFD in UTF-8: keys that differ in it would be one. */
  #refuseHalfOfPair(argv: readonly Argument[], at: number): void {
    const argument = argv[at]
    if (typeof argument !== 'string' || (this.#words[this.#scratch / 4 + at] ?? 0) === argument.length) return
    if (LONE_SURROGATE.test(argument) && this.#exports.instance_is_key(this.#engine, argv.length, at) !== 0) {
      throw new NookError('ERR', 'ERR a key holds half of a surrogate pair, and could not be told from others: pass bytes')
    }
  }

  #writeLarge(argv: readonly Argument[]): void {
    const encoded = argv.map((argument) => (typeof argument === 'string' ? encoder.encode(argument) : argument))
    this.#reserve(encoded.reduce((sum, bytes) => sum + bytes.length, 4 * argv.length))
    this.#fill(encoded)
  }

  #reserve(bytes: number): void {
    if (bytes > 0xffff_ffff || this.#exports.instance_reserve_scratch(this.#engine, bytes) === 0) {
      throw new NookError('OOM', `OOM there is no memory for arguments of ${bytes} bytes`)
    }
    this.#findScratch()
  }

  #fill(argv: readonly Argument[]): void {
    this.#refresh()
    const bytes = this.#bytes
    const length = this.#scratch / 4
    let at = this.#scratch + 4 * argv.length
    for (let n = 0; n < argv.length; n++) {
      const start = at
      const argument = argv[n] ?? ''
      if (typeof argument === 'string') {
        at = writeText(bytes, at, argument)
      } else {
        bytes.set(argument, at)
        at += argument.length
      }
      this.#words[length + n] = at - start
    }
  }

  #refresh(): void {
    if (this.#bytes.length > 0) return
    this.#bytes = new Uint8Array(this.#memory.buffer as ArrayBuffer)
    this.#words = new Uint32Array(this.#memory.buffer)
  }

  /** What a call came to. */
  read(result: number, binary: boolean): Answer {
    this.#pending = result
    this.#refresh()
    const answer = this.#decode(result & 0xff, binary)
    if (this.#scratchBytes > LARGE_BYTES) this.#trim()
    return answer
  }

  #decode(tag: number, binary: boolean): Answer {
    const first = this.#words[this.#answer] ?? 0
    switch (tag) {
      case NULL:
        return null
      case OK:
        return 'OK'
      case INTEGER:
        return first | 0
      case BULK:
      case ASCII: {
        const end = first + (this.#words[this.#answer + 1] ?? 0)
        if (binary) return this.#bytes.slice(first, end)
        return tag === ASCII ? asciiText(this.#bytes, first, end) : decodeText(this.#bytes, first, end)
      }
      case DOUBLE:
        return this.double()
      case BULKS:
        return this.bulks(binary)
      case MAP:
        return mapOf(this.bulks(binary))
      case SCORED:
        return this.#scored(binary)
      case RESP:
        return this.#replies(binary)
      case WAIT:
        return BLOCKED
      case ASK:
        return new HostRequest(REQUESTS[first] ?? 'shut down')
      default:
        throw new TypeError(`the engine answered with an unknown tag, ${tag}`)
    }
  }

  /** The number that the last call came to. */
  double(): number {
    this.#refresh()
    halves[0] = this.#words[this.#answer] ?? 0
    halves[1] = this.#words[this.#answer + 1] ?? 0
    return double[0] ?? 0
  }

  /** The strings that the last call came to. */
  bulks(binary: boolean): Reply[] {
    this.#refresh()
    const start = this.#words[this.#answer] ?? 0
    const length = this.#words[this.#answer + 1] ?? 0
    const count = this.#words[this.#answer + COUNT] ?? 0
    const asciiEnd = length > LENGTH ? start + (length & LENGTH) : 0
    return unpacked(this.#bytes, { start, count, asciiEnd }, binary, this.#strings)
  }

  #scored(binary: boolean): Reply[] {
    const members = this.bulks(binary)
    const scores = new Float64Array(this.#memory.buffer, this.#words[this.#answer + SCORES], members.length)
    return members.map((member, at) => [member, scores[at] ?? 0])
  }

  /** One reply, or the several that SUBSCRIBE gives, as an array. */
  #replies(binary: boolean): Reply | Push {
    const reader = new RespReader(this.answerBytes(), binary)
    const reply = reader.read()
    if (reader.done) return reply
    const replies = [reply]
    while (!reader.done) replies.push(reader.read())
    return replies.map((one) => (one instanceof Object && 'items' in one ? one.items : one))
  }

  /** What the last call came to, lent: it lies in the engine's memory until it is entered again. */
  answerBytes(): Uint8Array {
    this.#refresh()
    const start = this.#words[this.#answer] ?? 0
    return this.#bytes.subarray(start, start + (this.#words[this.#answer + 1] ?? 0))
  }

  #trim(): void {
    this.enter((exports, engine) => exports.instance_trim_scratch(engine))
    this.#findScratch()
  }

  #findScratch(): void {
    this.#scratch = this.#exports.instance_place(this.#engine, SCRATCH_PLACE) >>> 0
    this.#scratchBytes = this.#exports.instance_place(this.#engine, SCRATCH_BYTES) >>> 0
  }
}

/** A number, and its two halves. */
const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)

/** Keys and values in turn as a map. */
function mapOf(flat: readonly Reply[]): Map<Reply, Reply> {
  const map = new Map<Reply, Reply>()
  for (let at = 0; at < flat.length; at += 2) map.set(flat[at] ?? null, flat[at + 1] ?? null)
  return map
}

/** An instance as direct calls use it. */
export interface Innards {
  readonly exports: Exports
  /** Address of the engine: the first argument of its exports. */
  readonly engine: number
  /** Address of the places of arguments. */
  readonly places: number
  /** Where the words of the answer are, in words. */
  readonly answer: number
  readonly strings: Strings | null
}

export interface Statistics {
  /** How many steps the store has taken since it was made. */
  readonly seq: number
  /** In all databases. */
  readonly keys: number
  /** What keys and values weigh, as `maxMemory` counts it. */
  readonly usedBytes: number
  /** The store itself, who listens, who waits, and sessions. */
  readonly clients: number
}

/** Not by its class: a Uint8Array may come from another realm. */
function isBytes(argument: unknown): argument is Uint8Array {
  return ArrayBuffer.isView(argument) && 'BYTES_PER_ELEMENT' in argument && argument.BYTES_PER_ELEMENT === 1
}

/** Writes a string as UTF-8 and gives where it ends. There is room for three bytes a character. */
function writeText(bytes: Uint8Array, start: number, text: string): number {
  if (text.length > SHORT_CHARACTERS) return start + encoder.encodeInto(text, bytes.subarray(start)).written
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n)
    if (code > 0x7f) return start + encoder.encodeInto(text, bytes.subarray(start)).written
    bytes[start + n] = code
  }
  return start + text.length
}
