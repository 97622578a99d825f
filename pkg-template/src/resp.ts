// RESP3 as it is read: by the store in this process from the memory of the engine, by the remote from a socket.

import { NookError } from './errors.js'
import { Push, type Reply } from './reply.js'

/** Below this, a loop over bytes is faster than a call of TextDecoder (Node 20: they meet near 40 bytes). */
const SHORT_BYTES = 40

// A byte order mark is a character of the value as any other.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

type Slice = (this: Uint8Array, start: number, end: number) => string
/** Node's, as it is now: a page of a test or an application may put another in its place. */
const NodeBuffer = globalThis.Buffer
/** Node's own way to a string, without an object on the way; it takes any Uint8Array. */
const latin1Slice = (NodeBuffer?.prototype as { readonly latin1Slice?: Slice } | undefined)?.latin1Slice

/** Bytes that are all ASCII to a string. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice === undefined ? decodeText(bytes, start, end) : latin1Slice.call(bytes, start, end)
}

/** A memory that makes strings of its bytes, which all have to be ASCII. */
export interface Ascii {
  latin1Slice(start: number, end: number): string
}

/** The same as a method of the memory, in Node: V8 then goes straight to the C++ behind it, a quarter quicker than by `call`, whatever
 *  the length (GET, in benches/README.md). Null elsewhere. */
export function asciiOf(memory: ArrayBuffer): Ascii | null {
  return latin1Slice === undefined ? null : (NodeBuffer.from(memory) as unknown as Ascii)
}

/** UTF-8 to a string; what is no UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_BYTES) return decoder.decode(bytes.subarray(start, end))
  let text = ''
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte > 0x7f) return decoder.decode(bytes.subarray(start, end))
    text += String.fromCharCode(byte)
  }
  return text
}

/** The error of an error reply: its first word is the code. */
export function errorReply(text: string): NookError {
  const space = text.indexOf(' ')
  return new NookError(space < 0 ? text : text.slice(0, space), text)
}

/** Reads one value after the other out of bytes that hold them whole. */
export class RespReader {
  readonly #bytes: Uint8Array
  #at = 0

  /** @param binary whether bulk strings are given as bytes of their own, rather than as strings; may change between values */
  constructor(bytes: Uint8Array, public binary = false) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** Whether the next value is a push, which is no reply. */
  get isAtPush(): boolean {
    return this.#bytes[this.#at] === 0x3e
  }

  /** The next value; an error reply is given, not thrown.
   *  @throws NookError PROTOCOL where the bytes are no RESP3 or end too early */
  read(): Reply | Push {
    const kind = this.#bytes[this.#at++]
    switch (kind) {
      case 0x2b: // +
        return this.#line()
      case 0x2d: // -
        return errorReply(this.#line())
      case 0x3a: // :
        return integer(this.#line())
      case 0x24: // $
        return this.#bulk()
      case 0x2c: // ,
        return double(this.#line())
      case 0x5f: // _
        this.#line()
        return null
      case 0x23: // #
        return this.#line() === 't'
      case 0x28: // (
        return BigInt(this.#line())
      case 0x2a: // *
      case 0x7e: // ~
        return this.#items()
      case 0x3e: // >
        return new Push(this.#items())
      case 0x25: // %
        return this.#map()
      case 0x3d: // =
        return this.#text().slice('txt:'.length)
      case 0x21: // !
        return errorReply(this.#text())
      case 0x7c: // | attributes belong to the value after them, and say nothing that a client must know
        this.#map()
        return this.read()
      default:
        throw malformed(`an unknown type ${kind}`)
    }
  }

  /** The next value as its bytes are. */
  take(): Uint8Array<ArrayBuffer> {
    const start = this.#at
    this.read()
    return this.#bytes.slice(start, this.#at)
  }

  #value(): Reply {
    const value = this.read()
    if (value instanceof Push) throw malformed('a push inside of a reply')
    return value
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0d, this.#at)
    if (end < 0) throw malformed('a line without its end')
    const line = decodeText(this.#bytes, this.#at, end)
    this.#at = end + 2
    return line
  }

  /** Lengths and counts are most of what is read, so they are read without making a string. */
  #count(): number {
    const bytes = this.#bytes
    let at = this.#at
    const negative = bytes[at] === 0x2d
    if (negative) at++
    let count = 0
    for (let byte = bytes[at]; byte !== 0x0d; byte = bytes[++at]) {
      if (byte === undefined || byte < 0x30 || byte > 0x39) throw malformed('a count that is no number')
      count = count * 10 + (byte - 0x30)
    }
    this.#at = at + 2
    return negative ? -count : count
  }

  #bulk(): Reply {
    const length = this.#count()
    if (length < 0) return null
    const [start, end] = this.#take(length)
    return this.binary ? this.#bytes.slice(start, end) : decodeText(this.#bytes, start, end)
  }

  #text(): string {
    const [start, end] = this.#take(this.#count())
    return decodeText(this.#bytes, start, end)
  }

  #take(length: number): [start: number, end: number] {
    const start = this.#at
    const end = start + length
    if (end + 2 > this.#bytes.length) throw malformed('a string without its end')
    this.#at = end + 2
    return [start, end]
  }

  #items(): Reply[] {
    const items: Reply[] = []
    for (let left = this.#count(); left > 0; left--) items.push(this.#value())
    return items
  }

  #map(): Map<Reply, Reply> {
    const map = new Map<Reply, Reply>()
    for (let left = this.#count(); left > 0; left--) {
      const key = this.#value()
      map.set(key, this.#value())
    }
    return map
  }
}

/** A number where it is exact, a bigint past 2^53 - 1. */
function integer(digits: string): number | bigint {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}

function double(digits: string): number {
  if (digits === 'inf') return Infinity
  if (digits === '-inf') return -Infinity
  return Number(digits)
}

function malformed(what: string): NookError {
  return new NookError('PROTOCOL', `malformed reply: ${what}`)
}
