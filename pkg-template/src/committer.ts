// What is not kept yet, and how it is written: steps by appending, the whole by checkpoints. When to write, and what to do
// after a failure, is decided in durability.ts.

import { storageError, type Chunk, type ChunkId, type Identity, type Storage } from './storage/storage.js'

/** The engine, as far as keeping it goes. */
export interface Journaled {
  /** The seq of the last step that ran or was restored; 0 before the first. */
  seq(): number
  /** The records of the steps since the last call, in order and apart from the engine's memory. `epoch` is the writer's, for them. */
  takeSteps(epoch: number): Uint8Array[]
  /** Starts a snapshot of this moment, whose chunks are numbered upwards from `firstChunkId`. One walk at a time. */
  beginCheckpoint(start: { storeId: string; epoch: number; firstChunkId: ChunkId }): Walk

  restoreManifest(manifest: Uint8Array): void
  restoreChunk(chunk: Chunk): void
  /** Called once all chunks were handed over; those that the manifest does not name are left alone. */
  finishChunks(): Losses
  restoreStep(record: Uint8Array): void
}

/** What was kept and could not be read back. */
export interface Losses {
  /** Chunks that were missing or damaged. */
  readonly chunks: readonly ChunkId[]
  /** How many keys these chunks held. */
  readonly keys: number
  /** The keys, as far as they can be made out. */
  readonly names: readonly string[]
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

export interface Snapshot {
  readonly manifest: Uint8Array
  readonly baseSeq: number
  readonly chunks: readonly Chunk[]
}

/** More than this is not held back for a medium that fails: a checkpoint makes up for the steps, once it works again. */
const PENDING_LIMIT_BYTES = 32 * 2 ** 20

/** storage/batch.ts puts its length before each step. */
const STEP_OVERHEAD_BYTES = 4

/** Writes what an engine did to a storage, one call at a time.
 *
 *  Invariant: every step up to `committedSeq` is kept. `#pending` holds the steps from `#pendingFrom` on, and is gapless with what is
 *  kept unless `owesCheckpoint`. */
export class Committer {
  readonly #storage: Storage
  readonly #engine: Journaled
  #identity: Identity
  #committedSeq: number
  #pending: Uint8Array[] = []
  #pendingFrom: number
  #pendingBytes = 0
  #snapshot: Snapshot | null = null
  /** Of the snapshot that is kept. */
  #chunks: readonly ChunkId[]
  #snapshotBytes: number
  #journalBytes: number
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
    this.#journalBytes = restored.journalBytes
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
    return this.#pendingBytes
  }
  get journalBytes(): number {
    return this.#journalBytes
  }
  get snapshotBytes(): number {
    return this.#snapshotBytes
  }

  /** Steps are missing between what is kept and what is pending: only a checkpoint fills that gap. */
  get owesCheckpoint(): boolean {
    return this.#snapshot === null && this.#pendingFrom > this.#committedSeq + 1
  }

  /** Takes over what the engine has done. */
  gather(): void {
    const steps = this.#engine.takeSteps(this.#identity.epoch)
    for (const step of steps) this.#pendingBytes += step.length + STEP_OVERHEAD_BYTES
    this.#pending = this.#pending.concat(steps)
    if (this.#pendingFrom + this.#pending.length !== this.#engine.seq() + 1) {
      throw new Error(`the engine is at step ${this.#engine.seq()}, and its records are not`)
    }
    if (this.#pendingBytes > PENDING_LIMIT_BYTES) this.forgetPending()
  }

  /** From here on a new checkpoint is owed for what was pending. */
  forgetPending(): void {
    this.#engine.takeSteps(this.#identity.epoch)
    this.#snapshot = null
    this.#pending = []
    this.#pendingBytes = 0
    this.#pendingFrom = this.#engine.seq() + 1
  }

  beginWalk(): Walk {
    this.gather()
    const firstChunkId = Math.max(-1, ...this.#chunks, ...(this.#snapshot?.chunks ?? []).map(({ id }) => id)) + 1
    return this.#engine.beginCheckpoint({ ...this.#identity, firstChunkId })
  }

  /** Has a snapshot written by the next commit, before the steps. */
  offer(snapshot: Snapshot): void {
    this.#snapshot = snapshot
  }

  /** Takes back a snapshot that steps can do without. Gives whether there was one. */
  withdraw(): boolean {
    const isDispensable = this.#snapshot !== null && this.#pendingFrom === this.#committedSeq + 1
    if (isDispensable) this.#snapshot = null
    return isDispensable
  }

  /** Writes all that is pending, and all that comes meanwhile. Does not write steps while a checkpoint is owed.
   *  @throws what `Storage` throws; whatever was not written stays pending */
  async commit(): Promise<void> {
    if (this.#mustReopen) await this.#reopen()
    for (;;) {
      this.gather()
      if (this.#snapshot !== null) await this.#tried(this.#commitSnapshot(this.#snapshot))
      else if (this.#pending.length > 0 && !this.owesCheckpoint) await this.#tried(this.#commitBatch())
      else return
    }
  }

  /** Asks whether nobody else has opened the store. @throws FENCED, WIPED, IO */
  requireWriter(): Promise<void> {
    return this.#tried(this.#storage.append(this.#identity.epoch, this.#committedSeq + 1, []))
  }

  /** Goes on with a store that is empty, as after a deletion. A checkpoint is owed then. */
  async startAfresh(): Promise<void> {
    const { storeId, epoch, lastSeq } = await this.#storage.open()
    this.#identity = { storeId, epoch }
    this.#mustReopen = false
    this.#chunks = []
    this.#committedSeq = lastSeq
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
    const { manifest, baseSeq, chunks } = snapshot
    await this.#storage.checkpoint(this.#identity.epoch, { manifest, baseSeq, add: chunks, drop: this.#chunks })
    this.#chunks = chunks.map(({ id }) => id)
    this.#snapshotBytes = bytesOf(chunks.map(({ bytes }) => bytes))
    this.#journalBytes = 0
    if (this.#snapshot === snapshot) this.#snapshot = null
    this.#dropPending(baseSeq)
  }

  async #commitBatch(): Promise<void> {
    const batch = this.#nextBatch()
    // What is pending may be forgotten meanwhile, and begin elsewhere.
    const firstSeq = this.#pendingFrom
    await this.#storage.append(this.#identity.epoch, firstSeq, batch)
    this.#journalBytes += bytesOf(batch)
    this.#dropPending(firstSeq + batch.length - 1)
  }

  /** As many steps as the storage takes in one append, and one at least: it says TOOBIG if that is too large. */
  #nextBatch(): Uint8Array[] {
    let bytes = 0
    const fitting = this.#pending.findIndex((step) => (bytes += step.length + STEP_OVERHEAD_BYTES) > this.#storage.maxValueBytes)
    return this.#pending.slice(0, fitting === -1 ? undefined : Math.max(1, fitting))
  }

  /** Notes that everything up to `seq` is kept. */
  #dropPending(seq: number): void {
    this.#committedSeq = Math.max(this.#committedSeq, seq)
    const kept = this.#pending.splice(0, Math.max(0, seq - this.#pendingFrom + 1))
    this.#pendingBytes -= bytesOf(kept) + kept.length * STEP_OVERHEAD_BYTES
    this.#pendingFrom += kept.length
  }

  /** Opens the store again as the writer that it had, and finds out what of the last call is kept. */
  async #reopen(): Promise<void> {
    const { epoch, lastSeq } = await this.#storage.open(this.#identity)
    this.#identity = { ...this.#identity, epoch }
    this.#mustReopen = false
    this.gather()
    if (lastSeq > this.#engine.seq()) throw storageError('CONFLICT', `step ${lastSeq} is kept, and was never run here`)
    if (lastSeq >= this.#committedSeq) return this.#dropPending(lastSeq)
    // The medium has lost steps that it had acknowledged. They are still in memory, though no longer as steps.
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
  const { manifest, epoch, lastSeq, storeId } = await storage.open(last)
  const chunks: ChunkId[] = []
  let snapshotBytes = 0
  let journalBytes = 0
  if (manifest !== null) engine.restoreManifest(manifest)
  for await (const chunk of storage.chunks()) {
    chunks.push(chunk.id)
    snapshotBytes += chunk.bytes.length
    engine.restoreChunk(chunk)
  }
  const losses = engine.finishChunks()
  for await (const step of storage.readAfter(engine.seq())) {
    journalBytes += step.length
    engine.restoreStep(step)
  }
  if (engine.seq() !== lastSeq) {
    throw storageError('DAMAGED', `step ${lastSeq} was kept, and what can be read ends with step ${engine.seq()}`)
  }
  return { identity: { storeId, epoch }, chunks: [...new Set([...chunks, ...losses.chunks])], losses, snapshotBytes, journalBytes }
}

function bytesOf(values: readonly Uint8Array[]): number {
  return values.reduce((sum, bytes) => sum + bytes.length, 0)
}
