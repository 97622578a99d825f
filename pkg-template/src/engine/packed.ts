// Strings as the engine hands many of them over: in one run, as they would go over a socket.

import type { Reply } from '../reply.js'
import { asciiText, decodeText } from '../resp.js'
import { STRING_UNITS, type Strings } from './strings.js'

/** ASCII is made one string up to here, of which the strings are cut: that costs much less than to make each of its own bytes.
 *  Whoever keeps one of them keeps that whole, so it is not long. */
const CUT_BYTES = 1024
const CR = 0x0d

/** Where a run lies, and what is in it. */
export interface Run {
  readonly start: number
  /** How many strings there are. */
  readonly count: number
  /** The end of all of it, if all bytes are characters; otherwise 0. */
  readonly asciiEnd: number
}

/** The strings of a run, as bytes if `binary`. */
export function unpacked(bytes: Uint8Array<ArrayBuffer>, { start, count, asciiEnd }: Run, binary: boolean, strings: Strings | null): Reply[] {
  const values: Reply[] = new Array(count)
  let text = ''
  let from = 0
  let to = 0
  for (let n = 0, at = start; n < count; n++) {
    // The type, which is that of a bulk string, and the length.
    let length = 0
    for (let byte = bytes[++at] ?? CR; byte !== CR; byte = bytes[++at] ?? CR) length = length * 10 + (byte - 0x30)
    const first = at + 2
    const end = first + length
    at = end + 2
    if (binary) {
      values[n] = bytes.slice(first, end)
    } else if (asciiEnd === 0) {
      values[n] = decodeText(bytes, first, end)
    } else {
      if (end > to) {
        from = first
        to = Math.max(end, Math.min(asciiEnd, first + CUT_BYTES))
        text = strings !== null && to - from <= STRING_UNITS ? strings.read(from, to - from) : asciiText(bytes, from, to)
      }
      values[n] = text.substring(first - from, end - from)
    }
  }
  return values
}
