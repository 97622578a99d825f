// What every backend holds its callers to. The backend asks inside the transaction that writes, so that nothing changes in between.

import type { NookError } from '../errors.js'
import { storageError, type Checkpoint, type Identity } from './storage.js'
import { batchBytes, type Batch } from './batch.js'

/** The format of a store as a whole: of the backends' own values, of batches, records and manifests. It is raised with every change to
 *  any of them that a build of before could not read: that one is to say so, and neither to call the store damaged nor to take what
 *  it does not know for a torn end. In 1 each record had one step; 2 has records of several. What is older is read. */
export const FORMAT = 2

/** What a backend keeps beside manifest, chunks and journal.
 *  Invariant: `baseSeq <= lastSeq`, and the journal holds every step after `baseSeq` up to `lastSeq`. */
export interface Head {
  /** Of the builds that have opened the store, the newest one's. Missing from stores of the format 1. */
  readonly format?: number
  readonly storeId: string
  readonly epoch: number
  /** Of the storage that opened it last. No two storages have the same, whatever process they are in. */
  readonly token: string
  readonly lastSeq: number
  readonly baseSeq: number
}

/** Drawn once for each store, and as the token of each storage. crypto.randomUUID would be shorter, and is missing from pages that came over http. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** @throws UNSUPPORTED where the store has a format that came after this build */
export function requireFormat(format: number | undefined): void {
  if (format !== undefined && format > FORMAT) throw tooNew(`format ${format}, and this version knows those up to ${FORMAT}`)
}

export function tooNew(what: string, cause?: unknown): NookError {
  const message = `UNSUPPORTED a newer version of nookdb has written the store (${what}): nothing that it keeps was changed; upgrade nookdb to open it`
  return storageError('UNSUPPORTED', message, cause)
}

/** The head that the storage of `token` puts in place by opening the store: the one it found, if any, with the next epoch.
 *  @throws UNSUPPORTED; FENCED, WIPED when it is neither the head that `last` left, nor one that this storage raised since */
export function raiseEpoch(found: Head | undefined, last: Identity | undefined, token: string): Head {
  // First of all: what else is in a head of another format is not known.
  requireFormat(found?.format)
  // An opening may fail when its epoch is in place already. The next try finds that one, which the caller was never told of; that
  // nobody has come between, the token says, and a count of epochs could not.
  const isOwn = found?.token === token
  if (last !== undefined) requireWriter(found, last.storeId, isOwn ? found.epoch : last.epoch)
  return found === undefined
    ? { format: FORMAT, storeId: newId(), epoch: 1, token, lastSeq: 0, baseSeq: 0 }
    : { ...found, format: FORMAT, epoch: found.epoch + 1, token }
}

/** Gives the head if whoever opened `storeId` and was given `epoch` is still its writer.
 *  @throws WIPED, FENCED */
export function requireWriter(head: Head | undefined, storeId: string, epoch: number): Head {
  if (head === undefined || head.storeId !== storeId) throw wiped()
  if (head.epoch !== epoch) {
    throw storageError('FENCED', `epoch ${epoch} may not write: the store has been opened under epoch ${head.epoch}`)
  }
  return head
}

export function wiped(): Error {
  return storageError('WIPED', 'the store was deleted while it was open')
}

export function closed(): Error {
  return storageError('CLOSED', 'the storage is not open')
}

/** The head after an append. @throws CONFLICT */
export function afterAppend(head: Head, firstSeq: number, count: number): Head {
  if (firstSeq !== head.lastSeq + 1) {
    throw storageError('CONFLICT', `step ${firstSeq} cannot follow step ${head.lastSeq}`)
  }
  return { ...head, lastSeq: head.lastSeq + count }
}

/** The head after a checkpoint. @throws CONFLICT */
export function afterCheckpoint(head: Head, { baseSeq }: Checkpoint): Head {
  if (baseSeq < head.baseSeq) {
    throw storageError('CONFLICT', `a checkpoint of step ${baseSeq} cannot follow one of step ${head.baseSeq}`)
  }
  return { ...head, baseSeq, lastSeq: Math.max(head.lastSeq, baseSeq) }
}

/** @throws TOOBIG */
export function requireRoom(maxValueBytes: number, steps: Batch, chunks: Checkpoint['add'] = []): void {
  for (const bytes of [batchBytes(steps), ...chunks.map((chunk) => chunk.bytes.length)]) {
    if (bytes > maxValueBytes) {
      throw storageError('TOOBIG', `${bytes} bytes are more than the ${maxValueBytes} that the storage takes at once`)
    }
  }
}
