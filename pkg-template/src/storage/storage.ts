// Where the bytes of a store are kept: a snapshot (a manifest and its chunks) and a journal of the steps after it.
//
// A backend moves bytes and knows nothing of what they say. What it owes, tests/js/storage/conformance.ts asks of every one.

import { NookError } from '../errors.js'
import type { Batch } from './batch.js'

/** Names a chunk for as long as the store lives: a whole number from 0, never given to other bytes. */
export type ChunkId = number

/** A part of the snapshot. What it means, and which codec wrote it, is in the manifest. */
export interface Chunk {
  readonly id: ChunkId
  readonly bytes: Uint8Array
}

/** What a writer finds. */
export interface Opened {
  /** Of the newest checkpoint; null before the first. */
  readonly manifest: Uint8Array | null
  /** This writer's own: higher than that of every writer before it. The first is 1. */
  readonly epoch: number
  /** The newest step that is kept, in the journal or in the snapshot; 0 when there is none. */
  readonly lastSeq: number
  /** 32 hexadecimal digits, drawn when the store was made. A store that was deleted and made again has others. */
  readonly storeId: string
  /** Of an append that a crash has cut, or what cannot be told from that, in a medium where a part of it may be left: it is gone.
   *  Missing from others. */
  readonly tornBytes?: number
  /** Steps that were kept and are gone since somebody cut off a journal that was damaged; missing where nobody can. */
  readonly cutSteps?: number
}

/** What a writer was told when it opened the store. */
export type Identity = Pick<Opened, 'storeId' | 'epoch'>

/** One generation of the snapshot taking the place of the last. */
export interface Checkpoint {
  readonly manifest: Uint8Array
  /** The last step that the snapshot holds. The backend cannot read the manifest, and needs this to trim the journal:
   *  steps up to here may go. It may be ahead of the journal (a store that never appends), never behind the last one. */
  readonly baseSeq: number
  readonly add: readonly Chunk[]
  readonly drop: readonly ChunkId[]
}

/** Bytes used and allowed, as far as the backend can tell. */
export interface Estimate {
  readonly usedBytes: number | null
  readonly quotaBytes: number | null
}

/** What a storage call fails with, as `NookError.code`. After each of them nothing of the failed call is kept, but for `IO`, and in files for
 *  `FENCED` and for a `QUOTA` after which the next call fails as `IO`: then the whole of it may be. */
export type StorageCode =
  /** The step's seq is not the one after the last, or the checkpoint's base lies before that of the last checkpoint. */
  | 'CONFLICT'
  /** A later writer has opened the store: this one may never write again. */
  | 'FENCED'
  /** Another writer has the store open. */
  | 'INUSE'
  /** There is no room. Said only where the platform says exactly this. */
  | 'QUOTA'
  /** The store was deleted from under its writer. Nothing is written until somebody opens a new one. */
  | 'WIPED'
  /** What is kept cannot be read back as it was written. */
  | 'DAMAGED'
  /** A newer version of nookdb has written what is kept, in a format that came after this build. None of that is changed; an
   *  opening may have raised the epoch before it came to what it does not know. */
  | 'UNSUPPORTED'
  /** A chunk, or the steps of one append, are larger than `maxValueBytes`. */
  | 'TOOBIG'
  /** The storage was closed, or never opened. */
  | 'CLOSED'
  /** The medium failed in another way, and went on failing; `cause` has its own error. */
  | 'IO'

export function storageError(code: StorageCode, message: string, cause?: unknown): NookError {
  return new NookError(code, message, cause === undefined ? undefined : { cause })
}

/** The bytes of one store, for one writer.
 *
 *  Writes are carried out in the order of the calls, whether or not the caller waits in between. Bytes that are handed over
 *  are left alone by the caller until the promise settles; only the bytes of a view are kept, not the buffer under it.
 *  Every method but `notify` rejects with `CLOSED` before `open` and after `close`. */
export interface Storage {
  /** In bytes, the largest chunk, and the most that the steps of one append may come to, packed. */
  readonly maxValueBytes: number

  /** Makes the store if there is none, and raises its epoch, so that every earlier writer is fenced from here on.
   *  After `IO` or `WIPED` it may be called again, and starts over.
   *  @param last  who this writer was before: then it only goes on if nobody else has opened the store since
   *  @param isHeld  it has all in memory that was kept: what cannot be read from some step on is given up then, where the medium can do so,
   *  and `lastSeq` is the step before
   *  @throws UNSUPPORTED, before anything that is kept is changed; DAMAGED when the journal cannot be read up to its end. A step whose append was
   *  cut off is no damage. With `last`, FENCED and WIPED. */
  open(last?: Identity, isHeld?: boolean): Promise<Opened>

  /** The chunks of the snapshot, in no particular order. One that the medium has lost is left out: the manifest tells
   *  which ones there should be. Meant for the time before the first checkpoint: it does not look at later ones. */
  chunks(): AsyncIterable<Chunk>

  /** The records of the journal that have steps after `seq`, in order: the first may have others before these. */
  readAfter(seq: number): AsyncIterable<Uint8Array>

  /** Puts steps at the end of the journal, the first of them under `firstSeq`; all or none of them.
   *  Resolves when they would survive the tab being closed or the process being killed, and with strict durability the
   *  power being cut. Without steps it writes nothing, and tells whether this writer is still the writer.
   *  @throws CONFLICT when `firstSeq` is not the seq after the last, FENCED, WIPED, QUOTA, TOOBIG, IO */
  append(epoch: number, firstSeq: number, steps: Batch): Promise<void>

  /** Swaps in a manifest with the chunks that it adds and drops, and trims the journal; all or nothing of it.
   *  Resolves as `append` does.
   *  @throws CONFLICT when `baseSeq` lies before that of the last checkpoint, FENCED, WIPED, QUOTA, TOOBIG, IO */
  checkpoint(epoch: number, checkpoint: Checkpoint): Promise<void>

  /** Calls back when somebody else may have written. Gives the function that ends this. */
  notify(onChange: () => void): () => void

  estimate(): Promise<Estimate>

  /** Asks the platform not to delete the store when it needs room; resolves to whether that is so now. */
  persist(): Promise<boolean>

  /** Waits for the writes under way and lets go of the medium. A second call does nothing. */
  close(): Promise<void>
}

/** What a resolved write survives: `strict` a power cut, `relaxed` the end of the process. IndexedDB's own word for it. */
export type Durability = 'strict' | 'relaxed'
