// Steps that follow each other, packed: a store of many small steps costs a few large copies, and a write for each append.
//
//   batch = (length: u32 little-endian, step: length bytes)*
//
// A batch is filed under the seq of its LAST step: the first batch filed above `seq` is then the one that holds `seq + 1`,
// and all that a checkpoint trims is what is filed up to its base.

import { storageError } from './storage.js'

const LENGTH_BYTES = 4

/** Steps on their way to a storage. A plain object: it may go through a structured clone. */
export interface Batch {
  /** How many steps there are. */
  readonly count: number
  /** One after the other they are a batch. A step lies in one part, whole. */
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

/** The steps of a batch, as views of it. @throws DAMAGED when the lengths do not add up. */
export function unpackBatch(batch: Uint8Array): Uint8Array[] {
  const steps: Uint8Array[] = []
  for (let at = 0; at < batch.length; ) {
    const to = endOfStep(batch, at)
    if (to > batch.length) throw storageError('DAMAGED', 'a batch of the journal ends in the middle of a step')
    steps.push(batch.subarray(at + LENGTH_BYTES, to))
    at = to
  }
  return steps
}

/** Where the step that begins at `at` ends; infinite where its length is cut off. */
export function endOfStep(batch: Uint8Array, at: number): number {
  const from = at + LENGTH_BYTES
  return from <= batch.length ? from + new DataView(batch.buffer, batch.byteOffset + at).getUint32(0, true) : Infinity
}

/** The steps after `seq` of a batch whose last step is `lastSeq`. @throws DAMAGED */
export function stepsAfter(seq: number, lastSeq: number, batch: Uint8Array): Uint8Array[] {
  const steps = unpackBatch(batch)
  const firstSeq = lastSeq - steps.length + 1
  return steps.slice(Math.max(0, seq + 1 - firstSeq))
}
