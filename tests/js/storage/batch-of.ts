import { packBatch, type Batch } from '../../../pkg-template/src/storage/batch.js'

const LENGTH_BYTES = 4

/** Steps as the engine hands them over: packed, in one part. */
export function batchOf(steps: readonly Uint8Array[]): Batch {
  const parts = steps.flatMap((step) => {
    const length = new Uint8Array(LENGTH_BYTES)
    new DataView(length.buffer).setUint32(0, step.length, true)
    return [length, step]
  })
  return { count: steps.length, parts: [packBatch({ count: steps.length, parts })] }
}
