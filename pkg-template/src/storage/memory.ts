// A store that lives as long as the process: for `memory:`, for tests, and as the shortest description of what a backend does.

import { NO_STEPS, packBatch, recordsAfter, type Batch } from './batch.js'
import { Line } from './line.js'
import { afterAppend, afterCheckpoint, closed, newId, raiseEpoch, requireRoom, requireWriter, type Head } from './rules.js'
import type { Checkpoint, Chunk, ChunkId, Estimate, Identity, Opened, Storage } from './storage.js'

interface Kept {
  head: Head
  manifest: Uint8Array | null
  readonly chunks: Map<ChunkId, Uint8Array>
  /** Batches by the seq of their last step, ascending. */
  readonly journal: Map<number, Uint8Array>
}

/** What outlives a `MemoryStorage`: the next one on the same disk opens the same store. */
export class MemoryDisk {
  /** Changed by synchronous code alone: that is what makes a commit atomic here. */
  kept: Kept | null = null
  readonly watchers = new Map<MemoryStorage, Set<() => void>>()

  /** @param sync what a commit waits for before it counts; tests put time, faults and crashes here. */
  constructor(readonly sync: () => Promise<void> = () => Promise.resolve()) {}
}

export class MemoryStorage implements Storage {
  readonly maxValueBytes = 2 ** 30
  readonly #disk: MemoryDisk
  readonly #token = newId()
  readonly #line = new Line()
  #storeId: string | null = null

  constructor(disk = new MemoryDisk()) {
    this.#disk = disk
  }

  open(last?: Identity): Promise<Opened> {
    return this.#line.run(async () => {
      await this.#disk.sync()
      const { kept } = this.#disk
      const head = raiseEpoch(kept?.head, last, this.#token)
      if (kept !== null) kept.head = head
      else this.#disk.kept = { head, manifest: null, chunks: new Map(), journal: new Map() }
      this.#storeId = head.storeId
      this.#tellOthers()
      return { manifest: kept?.manifest ?? null, epoch: head.epoch, lastSeq: head.lastSeq, storeId: head.storeId }
    })
  }

  async *chunks(): AsyncIterable<Chunk> {
    for (const [id, bytes] of this.#require().kept?.chunks ?? []) yield { id, bytes: bytes.slice() }
  }

  async *readAfter(seq: number): AsyncIterable<Uint8Array> {
    for (const [lastSeq, batch] of this.#require().kept?.journal ?? []) {
      if (lastSeq > seq) yield* recordsAfter(seq, lastSeq, batch.slice())
    }
  }

  append(epoch: number, firstSeq: number, steps: Batch): Promise<void> {
    return this.#commit(epoch, (kept) => {
      requireRoom(this.maxValueBytes, steps)
      kept.head = afterAppend(kept.head, firstSeq, steps.count)
      if (steps.count > 0) kept.journal.set(kept.head.lastSeq, packBatch(steps))
    })
  }

  checkpoint(epoch: number, checkpoint: Checkpoint): Promise<void> {
    return this.#commit(epoch, (kept) => {
      requireRoom(this.maxValueBytes, NO_STEPS, checkpoint.add)
      kept.head = afterCheckpoint(kept.head, checkpoint)
      kept.manifest = checkpoint.manifest.slice()
      for (const id of checkpoint.drop) kept.chunks.delete(id)
      for (const { id, bytes } of checkpoint.add) kept.chunks.set(id, bytes.slice())
      for (const lastSeq of kept.journal.keys()) if (lastSeq <= checkpoint.baseSeq) kept.journal.delete(lastSeq)
    })
  }

  notify(onChange: () => void): () => void {
    const mine = this.#disk.watchers.get(this) ?? new Set()
    this.#disk.watchers.set(this, mine.add(onChange))
    return () => void mine.delete(onChange)
  }

  async estimate(): Promise<Estimate> {
    const { kept } = this.#require()
    const values = [...(kept?.chunks.values() ?? []), ...(kept?.journal.values() ?? [])]
    return { usedBytes: values.reduce((sum, bytes) => sum + bytes.length, kept?.manifest?.length ?? 0), quotaBytes: null }
  }

  async persist(): Promise<boolean> {
    return false
  }

  close(): Promise<void> {
    return this.#line.run(async () => {
      this.#storeId = null
      this.#disk.watchers.delete(this)
    })
  }

  #require(): MemoryDisk {
    if (this.#storeId === null) throw closed()
    return this.#disk
  }

  #commit(epoch: number, change: (kept: Kept) => void): Promise<void> {
    return this.#line.run(async () => {
      const disk = this.#require()
      await disk.sync()
      requireWriter(disk.kept?.head, this.#storeId ?? '', epoch)
      if (disk.kept !== null) change(disk.kept)
      this.#tellOthers()
    })
  }

  #tellOthers(): void {
    for (const [storage, watchers] of this.#disk.watchers) {
      if (storage !== this) for (const onChange of watchers) onChange()
    }
  }
}
