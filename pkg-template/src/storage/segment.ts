// A file of the journal: frames, one for each append, each synced before the next is written.
//
//   frame = 'NKJ1', crc32: u32, length: u32, last seq: f64, batch: length bytes (batch.ts)      all little-endian
//
// The checksum covers what comes after it. So whatever a crash leaves of the last frame is seen to be no frame. It is cut off where a crash
// may have left it, and was never acknowledged then; anything else that is no frame has gone bad since.

import { crc32 } from 'node:zlib'
import { batchBytes, endOfFrame, type Batch } from './batch.js'
import { tooNew } from './rules.js'

const MAGIC = Buffer.from('NKJ1')
/** Where the magic says its version, and the last one that it may come to. */
const VERSION_AT = 3
const LAST_VERSION = '9'.charCodeAt(0)
const CRC_AT = 4
const LENGTH_AT = 8
const SEQ_AT = 12
const HEADER_BYTES = 20
/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512

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

/** The frame that begins at `at`; null when what stands there is no whole frame, whatever its version says where that is not asked for. */
function frameAt(segment: Buffer, at: number, magicBytes = MAGIC.length): Frame | null {
  if (at + HEADER_BYTES > segment.length || segment.compare(MAGIC, 0, magicBytes, at, at + magicBytes) !== 0) return null
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

/** Whether any frame that was written as one begins after `from`, where none does that is whole. A crash tears the last frame alone: one
 *  that lies behind something torn was acknowledged, and to cut there would lose it without a word. A value may hold what looks like
 *  frames, such as a copy of a journal: none of that counts. Where a header can be believed, all up to the length that it says is of its
 *  own records; but for where these end, as a length that has gone bad says too much. Where none can, steps that are there already are copies.
 *  @param lastSeq  of what is before `from` */
export function hasFrameAfter(bytes: Uint8Array, from: number, lastSeq: number): boolean {
  const segment = asBuffer(bytes)
  let at = from + 1
  if (isHeaderAt(segment, from, lastSeq)) {
    if (frameAt(segment, endOfRecords(segment, from + HEADER_BYTES)) !== null) return true
    at = from + HEADER_BYTES + segment.readUInt32LE(from + LENGTH_AT)
  }
  for (at = segment.indexOf(MAGIC, at); at !== -1; at = segment.indexOf(MAGIC, at + 1)) {
    if ((frameAt(segment, at)?.lastSeq ?? 0) > lastSeq) return true
  }
  return false
}

/** Whether what stands at `at` is the header of a frame that follows on `lastSeq`, whatever comes behind it. */
function isHeaderAt(segment: Buffer, at: number, lastSeq: number): boolean {
  if (at + HEADER_BYTES > segment.length || segment.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0) return false
  const seq = segment.readDoubleLE(at + SEQ_AT)
  return Number.isSafeInteger(seq) && seq > lastSeq
}

/** Where the first thing begins that is no whole record of a batch. The magic of a frame is the length of none that is there whole. */
function endOfRecords(segment: Buffer, from: number): number {
  let at = from
  for (let to = endOfFrame(segment, at); to <= segment.length; to = endOfFrame(segment, at)) at = to
  return at
}

/** Frames of a version to come are no torn tail. One that is what a frame is today is of today, and the byte of its version has gone bad.
 *  @throws UNSUPPORTED where one begins at `at` */
export function requireKnownFrame(bytes: Uint8Array, at: number): void {
  const segment = asBuffer(bytes)
  const version = segment[at + VERSION_AT] ?? 0
  const isMagic = segment.subarray(at, at + VERSION_AT).equals(MAGIC.subarray(0, VERSION_AT))
  if (isMagic && version > (MAGIC[VERSION_AT] ?? 0) && version <= LAST_VERSION && frameAt(segment, at, VERSION_AT) === null) {
    throw tooNew(`frames of the version ${String.fromCharCode(version)}`)
  }
}

/** Whether a crash may have left what stands at `at`, which is no frame and has none behind it: the beginning of one, or zeros for a sector
 *  that the disk did not come to, whatever it came to instead. Of one that was acknowledged, where its bytes go bad, that is so only if it
 *  has a sector of zeros of its own, or nothing but zeros in the part of one that it has: such a step is lost as a torn one is, and told as that.
 *  The rule is that of etcd's log (`isTornEntry` in server/storage/wal/decoder.go). */
export function isTorn(bytes: Uint8Array, at: number): boolean {
  const segment = asBuffer(bytes)
  for (let from = at, to = at; from < segment.length; from = to) {
    to = from + SECTOR_BYTES - (from % SECTOR_BYTES)
    if (segment.subarray(from, to).every((byte) => byte === 0)) return true
  }
  const magic = segment.subarray(at, at + MAGIC.length)
  if (!MAGIC.subarray(0, magic.length).equals(magic)) return false
  if (at + HEADER_BYTES > segment.length) return true
  if (at + HEADER_BYTES + segment.readUInt32LE(at + LENGTH_AT) <= segment.length) return false
  // One that is whole up to the end of the file has gone bad in its length.
  const header = Buffer.from(segment.subarray(at + LENGTH_AT, at + HEADER_BYTES))
  header.writeUInt32LE(segment.length - at - HEADER_BYTES)
  return crc32(segment.subarray(at + HEADER_BYTES), crc32(header)) !== segment.readUInt32LE(at + CRC_AT)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
