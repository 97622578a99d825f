import { packBatch, type Batch } from '../../../pkg-template/src/storage/batch.js'

const IS_COUNTED = 2 ** 31

/** A record of several steps. */
export interface Several {
  readonly steps: number
  readonly record: Uint8Array
}

/** Records as the engine hands them over: packed, in one part. Those that do not say how many steps they have have one. */
export function batchOf(records: readonly (Uint8Array | Several)[]): Batch {
  const parts = records.flatMap((one) => {
    if (!('record' in one)) return [words(one.length), one]
    return [words(one.record.length + IS_COUNTED, one.steps), one.record]
  })
  const count = records.reduce((sum, one) => sum + ('record' in one ? one.steps : 1), 0)
  return { count, parts: [packBatch({ count, parts })] }
}

function words(...numbers: number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * numbers.length))
  for (const [at, number] of numbers.entries()) bytes.setUint32(4 * at, number, true)
  return new Uint8Array(bytes.buffer)
}
