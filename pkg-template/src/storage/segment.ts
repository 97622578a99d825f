// A file of the journal: frames, one for each append, each synced before the next is written.
//
//   frame = 'NKJ1', crc32: u32, length: u32, last seq: f64, batch: length bytes (batch.ts)      all little-endian
//
// The checksum covers what comes after it. So whatever a crash leaves of the last frame is seen to be no frame, and is cut off.

import { crc32 } from 'node:zlib'
import { batchBytes, type Batch } from './batch.js'
import { tooNew } from './rules.js'

const MAGIC = Buffer.from('NKJ1')
/** Where the magic says its version, and the last one that it may come to. */
const VERSION_AT = 3
const LAST_VERSION = '9'.charCodeAt(0)
const CRC_AT = 4
const LENGTH_AT = 8
const SEQ_AT = 12
const HEADER_BYTES = 20

export interface Frame {
  readonly lastSeq: number
  readonly batch: Uint8Array
  /** Where the next frame begins. */
  readonly endsAt: number
}

/** A frame in parts, of which all but the first are those of the batch: they are written from where they lie. */
export function encodeFrame(lastSeq: number, steps: Batch): Uint8Array[] {
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt32LE(batchBytes(steps), LENGTH_AT)
  header.writeDoubleLE(lastSeq, SEQ_AT)
  const checksum = steps.parts.reduce((sum, part) => crc32(part, sum), crc32(header.subarray(LENGTH_AT)))
  header.writeUInt32LE(checksum, CRC_AT)
  return [header, ...steps.parts]
}

/** The frame that begins at `at`; null when what stands there is no whole frame. */
function frameAt(segment: Buffer, at: number): Frame | null {
  if (at + HEADER_BYTES > segment.length || segment.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0) return null
  const endsAt = at + HEADER_BYTES + segment.readUInt32LE(at + LENGTH_AT)
  if (endsAt > segment.length) return null
  if (crc32(segment.subarray(at + LENGTH_AT, endsAt)) !== segment.readUInt32LE(at + CRC_AT)) return null
  // Not as a Buffer, whose slice() shares what that of a Uint8Array copies.
  const batch = new Uint8Array(segment.buffer, segment.byteOffset + at + HEADER_BYTES, endsAt - at - HEADER_BYTES)
  return { lastSeq: segment.readDoubleLE(at + SEQ_AT), batch, endsAt }
}

/** The frames from the start of a segment up to its end, or to the first thing that is none. */
export function* framesOf(bytes: Uint8Array): Generator<Frame, void> {
  const segment = asBuffer(bytes)
  for (let frame = frameAt(segment, 0); frame !== null; frame = frameAt(segment, frame.endsAt)) yield frame
}

/** Whether any frame begins after `from`. A crash tears the last frame alone: one that lies behind something torn was
 *  acknowledged, and to cut there would lose it without a word. */
export function hasFrameAfter(bytes: Uint8Array, from: number): boolean {
  const segment = asBuffer(bytes)
  for (let at = segment.indexOf(MAGIC, from + 1); at !== -1; at = segment.indexOf(MAGIC, at + 1)) {
    if (frameAt(segment, at) !== null) return true
  }
  return false
}

/** Frames of a version to come are no torn tail. @throws UNSUPPORTED where one begins at `at` */
export function requireKnownFrame(bytes: Uint8Array, at: number): void {
  const version = bytes[at + VERSION_AT] ?? 0
  const isMagic = MAGIC.subarray(0, VERSION_AT).every((byte, index) => bytes[at + index] === byte)
  if (isMagic && version > (MAGIC[VERSION_AT] ?? 0) && version <= LAST_VERSION) {
    throw tooNew(`frames of the version ${String.fromCharCode(version)}`)
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
