// Steps that follow each other, packed: a store of many small steps costs a few large copies, and a write for each append.
//
//   batch = frame*                                                               integers are u32, little-endian
//   frame = length | record: length bytes                                        a record of one step
//         | length with the highest bit set | how many steps | record            of several, as the engine hands them over
//
// A batch is filed under the seq of its LAST step: the first batch filed above `seq` is then the one that holds `seq + 1`,
// and all that a checkpoint trims is what is filed up to its base.

import { storageError } from './storage.js'

const LENGTH_BYTES = 4
const COUNTED_BYTES = 8
/** In a length. */
const IS_COUNTED = 2 ** 31

/** Steps on their way to a storage. A plain object: it may go through a structured clone. */
export interface Batch {
  /** How many steps there are. */
  readonly count: number
  /** One after the other they are a batch. A frame lies in one part, whole. */
  readonly parts: readonly Uint8Array[]
}

export const NO_STEPS: Batch = { count: 0, parts: [] }

export function batchBytes({ parts }: Batch): number {
  return lengthOf(parts)
}

/** What all parts come to, in bytes. */
export function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

/** Puts the batch into bytes of its own: what is stored then holds nothing of the buffers that the parts are views of. */
export function packBatch({ parts }: Batch): Uint8Array<ArrayBuffer> {
  return joined(parts)
}

/** A copy of all parts, one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(lengthOf(parts))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** The records of a batch, as views of it. @throws DAMAGED when the lengths do not add up. */
export function unpackBatch(batch: Uint8Array): Uint8Array[] {
  return [...framesOf(batch)].map(({ record }) => record)
}

function* framesOf(batch: Uint8Array): Generator<{ steps: number; record: Uint8Array }, void> {
  for (let at = 0; at < batch.length; ) {
    const to = endOfFrame(batch, at)
    if (to > batch.length) throw storageError('DAMAGED', 'a batch of the journal ends in the middle of a record')
    const head = u32At(batch, at) < IS_COUNTED ? LENGTH_BYTES : COUNTED_BYTES
    yield { steps: stepsInFrame(batch, at), record: batch.subarray(at + head, to) }
    at = to
  }
}

/** Where the frame that begins at `at` ends; infinite where its head is cut off. */
export function endOfFrame(batch: Uint8Array, at: number): number {
  if (at + LENGTH_BYTES > batch.length) return Infinity
  const length = u32At(batch, at)
  if (length < IS_COUNTED) return at + LENGTH_BYTES + length
  return at + COUNTED_BYTES > batch.length ? Infinity : at + COUNTED_BYTES + length - IS_COUNTED
}

/** How many steps the frame has that begins at `at`, whose head is there. */
export function stepsInFrame(batch: Uint8Array, at: number): number {
  return u32At(batch, at) < IS_COUNTED ? 1 : u32At(batch, at + LENGTH_BYTES)
}

function u32At({ buffer, byteOffset }: Uint8Array, at: number): number {
  return new DataView(buffer, byteOffset + at).getUint32(0, true)
}

/** The records with steps after `seq` of a batch whose last step is `lastSeq`. @throws DAMAGED */
export function recordsAfter(seq: number, lastSeq: number, batch: Uint8Array): Uint8Array[] {
  const frames = [...framesOf(batch)]
  let last = lastSeq - frames.reduce((sum, { steps }) => sum + steps, 0)
  return frames.filter(({ steps }) => (last += steps) > seq).map(({ record }) => record)
}
