// What is not kept yet, and how it is written: steps by appending, the whole by checkpoints. When to write, and what to do
// after a failure, is decided in durability.ts.

import { Backlog } from './backlog.js'
import { NO_STEPS, type Batch } from './storage/batch.js'
import { storageError, type Chunk, type ChunkId, type Identity, type Opened, type Storage } from './storage/storage.js'

/** The engine, as far as keeping it goes. */
export interface Journaled {
  /** It has not stopped: all that was kept is in its memory. */
  readonly isRunning: boolean
  /** The seq of the last step that ran or was restored; 0 before the first. */
  seq(): number
  /** The records of the steps since the last call, in order. `epoch` is the writer's, for them. They are lent: they may lie in the
   *  engine's memory, and are there until it is called again. */
  takeSteps(epoch: number): Batch
  /** Starts a snapshot of this moment, whose chunks are numbered upwards from `firstChunkId`. One walk at a time. */
  beginCheckpoint(start: { storeId: string; epoch: number; firstChunkId: ChunkId }): Walk

  /** @throws DAMAGED, also where it is the manifest of another store */
  restoreManifest(manifest: Uint8Array, storeId: string): void
  restoreChunk(chunk: Chunk): void
  /** Called once all chunks were handed over; those that the manifest does not name are left alone. */
  finishChunks(): LostChunks
  /** Steps that come up to those that were restored are passed over. @throws DAMAGED, also where no step comes after these */
  restoreRecord(record: Uint8Array): void
}

/** What of the snapshot could not be read back. */
export interface LostChunks {
  /** Chunks that were missing or damaged. */
  readonly chunks: readonly ChunkId[]
  /** How many keys these chunks held. */
  readonly keys: number
  /** The keys, as far as they can be made out. */
  readonly names: readonly string[]
}

/** What was not read back when the store was opened. */
export interface Losses extends LostChunks {
  /** What was cut off the journal as what a crash has left of the last write, which nobody was told is kept. A step that was kept, has a
   *  sector of zeros of its own and has gone bad looks the same. Told by the opening that cuts it off, and by none after that; seen
   *  in files alone. */
  readonly tornBytes: number
  /** Steps that were kept and that the store was opened without, as a damaged file of its journal was cut off by hand: as many as are known
   *  of. Told once, as `tornBytes` is; in files alone. */
  readonly cutSteps: number
}

/** A snapshot that is being made: of the moment when it began, whatever happens meanwhile. */
export interface Walk {
  /** The last step that it holds. */
  readonly baseSeq: number
  /** Works for a slice of time; gives the chunk that it finished, undefined when there is none yet, and null at the end. */
  next(): Chunk | undefined | null
  /** Once `next` gave null. */
  manifest(): Uint8Array
  /** Ends a walk of which no more is wanted. */
  abandon(): void
}

/** A walk, and what was true when it began. */
export interface BegunWalk {
  readonly walk: Walk
  readonly storeId: string
  /** Of all steps that it holds. */
  readonly stepBytes: number
}

/** What has become of a snapshot that was offered, or of the one that took its place. */
export type Fate = 'waiting' | 'kept' | 'given up'

interface Snapshot {
  readonly manifest: Uint8Array
  readonly baseSeq: number
  readonly stepBytes: number
  readonly chunks: readonly Chunk[]
}

/** More than this is not held back for a medium that fails: a checkpoint makes up for the steps, once it works again. */
const PENDING_LIMIT_BYTES = 32 * 2 ** 20

/** Writes what an engine did to a storage, one call at a time.
 *
 *  Invariant: every step up to `committedSeq` is kept. `#pending` holds the steps from `#pendingFrom` on, and is gapless with what is
 *  kept unless `owesCheckpoint`. */
export class Committer {
  readonly #storage: Storage
  readonly #engine: Journaled
  #identity: Identity
  #committedSeq: number
  readonly #pending = new Backlog()
  #pendingFrom: number
  /** The one that was offered last, until it is kept or given up. */
  #snapshot: Snapshot | null = null
  #offers = 0
  /** The last of the offers that are kept. */
  #keptOffer = 0
  /** Of the snapshot that is kept. */
  #chunks: readonly ChunkId[]
  #snapshotBytes: number
  /** Of the steps up to `committedSeq`, and of those of them that the snapshot holds: both count on and on. */
  #stepBytes: number
  #foldedBytes = 0
  /** The last call failed as IO: how much of it is kept, only opening the store tells. */
  #mustReopen = false

  private constructor(storage: Storage, engine: Journaled, restored: Restored) {
    this.#storage = storage
    this.#engine = engine
    this.#identity = restored.identity
    this.#committedSeq = engine.seq()
    this.#pendingFrom = engine.seq() + 1
    this.#chunks = restored.chunks
    this.#snapshotBytes = restored.snapshotBytes
    this.#stepBytes = restored.journalBytes
  }

  /** Opens the storage and restores what it keeps into an empty engine. Tells what could not be read, too.
   *  @throws DAMAGED when the journal does not lead up to the last step; with `last`, FENCED and WIPED */
  static async open(
    storage: Storage, engine: Journaled, last?: Identity,
  ): Promise<{ committer: Committer; losses: Losses }> {
    const restored = await restore(storage, engine, last)
    return { committer: new Committer(storage, engine, restored), losses: restored.losses }
  }

  get identity(): Identity {
    return this.#identity
  }
  get committedSeq(): number {
    return this.#committedSeq
  }
  get pendingBytes(): number {
    return this.#pending.bytes
  }
  get journalBytes(): number {
    return this.#stepBytes - this.#foldedBytes
  }
  get snapshotBytes(): number {
    return this.#snapshotBytes
  }

  /** A snapshot waits to be written. */
  get isOffered(): boolean {
    return this.#snapshot !== null
  }

  /** Steps are missing between what is kept and what is pending: only a checkpoint fills that gap. */
  get owesCheckpoint(): boolean {
    return this.#snapshot === null && this.#pendingFrom > this.#committedSeq + 1
  }

  /** Takes over what the engine has done. */
  gather(): void {
    this.#pending.push(this.#engine.takeSteps(this.#identity.epoch))
    if (this.#pendingFrom + this.#pending.count !== this.#engine.seq() + 1) {
      throw new Error(`the engine is at step ${this.#engine.seq()}, and its records are not`)
    }
    if (this.#pending.bytes > PENDING_LIMIT_BYTES) this.forgetPending()
  }

  /** From here on a new checkpoint is owed for what was pending. */
  forgetPending(): void {
    this.#engine.takeSteps(this.#identity.epoch)
    this.#snapshot = null
    this.#pending.clear()
    this.#pendingFrom = this.#engine.seq() + 1
  }

  beginWalk(): BegunWalk {
    this.gather()
    const { storeId } = this.#identity
    const stepBytes = this.#stepBytes + this.#pending.bytes
    const firstChunkId = Math.max(-1, ...this.#chunks, ...(this.#snapshot?.chunks ?? []).map(({ id }) => id)) + 1
    return { walk: this.#engine.beginCheckpoint({ ...this.#identity, firstChunkId }), storeId, stepBytes }
  }

  /** Has what a walk gave written by the next commit, before the steps. Gives the number of the offer; null, and nothing is written,
   *  where the store is another by now than the one that the manifest names. */
  offer({ walk, storeId, stepBytes }: BegunWalk, chunks: readonly Chunk[]): number | null {
    const manifest = walk.manifest()
    if (storeId !== this.#identity.storeId) return null
    this.#snapshot = { manifest, baseSeq: walk.baseSeq, stepBytes, chunks }
    return ++this.#offers
  }

  fateOf(offer: number): Fate {
    if (offer <= this.#keptOffer) return 'kept'
    return this.#snapshot === null ? 'given up' : 'waiting'
  }

  /** Takes back a snapshot that steps can do without. Gives whether there was one. */
  withdraw(): boolean {
    const isDispensable = this.#snapshot !== null && this.#pendingFrom === this.#committedSeq + 1
    if (isDispensable) this.#snapshot = null
    return isDispensable
  }

  /** Writes the steps that ran before the call, and a snapshot that is offered until these are written. What comes meanwhile is left to
   *  the next commit: a store that never pauses would otherwise have each write begin as soon as the last one is over, however
   *  little has come. Does not write steps while a checkpoint is owed.
   *  @throws what `Storage` throws; whatever was not written stays pending */
  async commit(): Promise<void> {
    if (this.#mustReopen) await this.#reopen()
    const seq = this.#engine.seq()
    for (;;) {
      this.gather()
      if (this.#snapshot !== null) await this.#tried(this.#commitSnapshot(this.#snapshot))
      else if (this.#committedSeq < seq && !this.owesCheckpoint) await this.#tried(this.#commitBatch())
      else return
    }
  }

  /** Asks whether nobody else has opened the store. @throws FENCED, WIPED, IO */
  requireWriter(): Promise<void> {
    return this.#tried(this.#storage.append(this.#identity.epoch, this.#committedSeq + 1, NO_STEPS))
  }

  /** Goes on with a store that is empty, as after a deletion. A checkpoint is owed then. */
  async startAfresh(): Promise<void> {
    const { storeId, epoch, lastSeq } = await this.#storage.open()
    this.#identity = { storeId, epoch }
    this.#mustReopen = false
    this.#chunks = []
    this.#committedSeq = lastSeq
    this.#foldedBytes = this.#stepBytes
    this.forgetPending()
  }

  async #tried(call: Promise<void>): Promise<void> {
    try {
      await call
    } catch (error) {
      this.#mustReopen = error instanceof Error && 'code' in error && error.code === 'IO'
      throw error
    }
  }

  async #commitSnapshot(snapshot: Snapshot): Promise<void> {
    const { manifest, baseSeq, stepBytes, chunks } = snapshot
    const offer = this.#offers
    await this.#storage.checkpoint(this.#identity.epoch, { manifest, baseSeq, add: chunks, drop: this.#chunks })
    this.#chunks = chunks.map(({ id }) => id)
    this.#snapshotBytes = bytesOf(chunks.map(({ bytes }) => bytes))
    this.#keptOffer = offer
    if (this.#snapshot === snapshot) this.#snapshot = null
    this.#dropPending(baseSeq)
    // Steps that were appended while it was made stay in the journal. Others may have been forgotten, and were never counted.
    this.#foldedBytes = stepBytes
    this.#stepBytes = Math.max(this.#stepBytes, stepBytes)
  }

  async #commitBatch(): Promise<void> {
    // As many steps as the storage takes in one append, and one at least: it says TOOBIG if that is too large.
    const batch = this.#pending.first(this.#storage.maxValueBytes)
    // What is pending may be forgotten meanwhile, and begin elsewhere.
    const firstSeq = this.#pendingFrom
    await this.#storage.append(this.#identity.epoch, firstSeq, batch)
    this.#dropPending(firstSeq + batch.count - 1)
  }

  /** Notes that everything up to `seq` is kept. */
  #dropPending(seq: number): void {
    this.#committedSeq = Math.max(this.#committedSeq, seq)
    const kept = Math.min(Math.max(0, seq - this.#pendingFrom + 1), this.#pending.count)
    this.#stepBytes += this.#pending.drop(kept)
    this.#pendingFrom += kept
  }

  /** Opens the store again as the writer that it had, and finds out what of the last call is kept. */
  async #reopen(): Promise<void> {
    const { epoch, lastSeq } = await this.#storage.open(this.#identity, this.#engine.isRunning)
    this.#identity = { ...this.#identity, epoch }
    this.#mustReopen = false
    this.gather()
    if (lastSeq > this.#engine.seq()) throw storageError('CONFLICT', `step ${lastSeq} is kept, and was never run here`)
    if (lastSeq >= this.#committedSeq && this.#pending.areWhole(lastSeq + 1 - this.#pendingFrom)) return this.#dropPending(lastSeq)
    // The medium has lost steps that it had acknowledged, or they have gone bad there: they are still in memory, though no longer as
    // steps. Or it has a part of a record, whose other part nothing can be appended to.
    this.#committedSeq = lastSeq
    this.forgetPending()
  }
}

interface Restored {
  readonly identity: Identity
  readonly chunks: readonly ChunkId[]
  readonly losses: Losses
  readonly snapshotBytes: number
  readonly journalBytes: number
}

async function restore(storage: Storage, engine: Journaled, last: Identity | undefined): Promise<Restored> {
  const opened = await storage.open(last)
  // What another writer that has opened the store meanwhile took away is neither damaged nor lost.
  const requireWriter = (): Promise<void> => storage.append(opened.epoch, opened.lastSeq + 1, NO_STEPS)
  try {
    const restored = await readBack(storage, engine, opened)
    if (restored.losses.chunks.length > 0) await requireWriter()
    return restored
  } catch (error) {
    await requireWriter()
    throw error
  }
}

async function readBack(storage: Storage, engine: Journaled, opened: Opened): Promise<Restored> {
  const { manifest, epoch, lastSeq, storeId, tornBytes = 0, cutSteps = 0 } = opened
  const chunks: ChunkId[] = []
  let snapshotBytes = 0
  let journalBytes = 0
  if (manifest !== null) engine.restoreManifest(manifest, storeId)
  for await (const chunk of storage.chunks()) {
    chunks.push(chunk.id)
    snapshotBytes += chunk.bytes.length
    engine.restoreChunk(chunk)
  }
  const losses = { ...engine.finishChunks(), tornBytes, cutSteps }
  for await (const record of storage.readAfter(engine.seq())) {
    journalBytes += record.length
    engine.restoreRecord(record)
  }
  if (engine.seq() !== lastSeq) {
    throw storageError('DAMAGED', `step ${lastSeq} was kept, and what can be read ends with step ${engine.seq()}`)
  }
  return { identity: { storeId, epoch }, chunks: [...new Set([...chunks, ...losses.chunks])], losses, snapshotBytes, journalBytes }
}

function bytesOf(values: readonly Uint8Array[]): number {
  return values.reduce((sum, bytes) => sum + bytes.length, 0)
}
