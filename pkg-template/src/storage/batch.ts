// The steps of one append as one value: a store of many small steps costs a write for each append, not for each step.
//
//   batch = (length: u32 little-endian, step: length bytes)*
//
// A batch is filed under the seq of its LAST step: the first batch filed above `seq` is then the one that holds `seq + 1`,
// and all that a checkpoint trims is what is filed up to its base.

import { storageError } from './storage.js'

const LENGTH_BYTES = 4

export function batchBytes(steps: readonly Uint8Array[]): number {
  return steps.reduce((sum, step) => sum + LENGTH_BYTES + step.length, 0)
}

/** Copies the steps into a buffer of their own: what is stored then holds nothing of the buffers they are views of. */
export function packBatch(steps: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const batch = new Uint8Array(batchBytes(steps))
  const view = new DataView(batch.buffer)
  let at = 0
  for (const step of steps) {
    view.setUint32(at, step.length, true)
    batch.set(step, at + LENGTH_BYTES)
    at += LENGTH_BYTES + step.length
  }
  return batch
}

/** The steps of a batch, as views of it. @throws DAMAGED when the lengths do not add up. */
export function unpackBatch(batch: Uint8Array): Uint8Array[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
  const steps: Uint8Array[] = []
  let at = 0
  while (at < batch.length) {
    const from = at + LENGTH_BYTES
    const to = from <= batch.length ? from + view.getUint32(at, true) : Infinity
    if (to > batch.length) throw storageError('DAMAGED', 'a batch of the journal ends in the middle of a step')
    steps.push(batch.subarray(from, to))
    at = to
  }
  return steps
}

/** The steps after `seq` of a batch whose last step is `lastSeq`. @throws DAMAGED */
export function stepsAfter(seq: number, lastSeq: number, batch: Uint8Array): Uint8Array[] {
  const steps = unpackBatch(batch)
  const firstSeq = lastSeq - steps.length + 1
  return steps.slice(Math.max(0, seq + 1 - firstSeq))
}
