// A live engine, as those see it who keep what it does.

import { NO_STEPS, type Batch } from '../storage/batch.js'
import { storageError, type Chunk, type ChunkId } from '../storage/storage.js'
import type { Journaled, LostChunks, Walk } from '../committer.js'
import type { EngineInstance } from './instance.js'
import * as kept from './kept.js'
import type { LiveEngine } from './live.js'

/** Once the engine has stopped this answers for it: what was taken from it stays true, and nothing more comes. */
export class EngineJournal implements Journaled {
  readonly #engine: LiveEngine
  /** The most that the storage takes as one value. A larger chunk goes in parts. */
  readonly #partBytes: number
  #takenSeq = 0

  constructor(engine: LiveEngine, partBytes: number) {
    this.#engine = engine
    this.#partBytes = partBytes
  }

  get isRunning(): boolean {
    return !this.#engine.hasStopped
  }

  seq(): number {
    return this.#use((instance) => kept.seq(instance)) ?? this.#takenSeq
  }

  takeSteps(epoch: number): Batch {
    const steps = this.#use((instance) => {
      const taken = kept.takeSteps(instance, epoch)
      this.#takenSeq = kept.seq(instance)
      return taken
    })
    return steps ?? NO_STEPS
  }

  beginCheckpoint({ storeId, epoch, firstChunkId }: { storeId: string; epoch: number; firstChunkId: ChunkId }): Walk {
    const baseSeq = this.#engine.use((instance) => kept.beginSnapshot(instance, hexBytes(storeId), epoch, firstChunkId))
    let nextId = firstChunkId
    const parts: Chunk[] = []
    return {
      baseSeq,
      next: () => {
        const part = parts.shift()
        if (part !== undefined) return part
        const chunk = this.#engine.use((instance) => kept.nextChunk(instance, this.#partBytes))
        if (!(chunk instanceof Uint8Array)) return chunk
        for (let at = 0; at < chunk.length; at += this.#partBytes) {
          parts.push({ id: nextId++, bytes: chunk.subarray(at, at + this.#partBytes) })
        }
        return parts.shift()
      },
      manifest: () => this.#engine.use((instance) => kept.manifest(instance)),
      abandon: () => this.#use((instance) => kept.abandonSnapshot(instance)),
    }
  }

  restoreManifest(manifest: Uint8Array, storeId: string): void {
    this.#restore((instance) => kept.loadManifest(instance, hexBytes(storeId), manifest))
  }

  restoreChunk({ id, bytes }: Chunk): void {
    this.#restore((instance) => kept.loadChunk(instance, id, bytes))
  }

  finishChunks(): LostChunks {
    return this.#restore((instance) => kept.finishChunks(instance))
  }

  restoreRecord(record: Uint8Array): void {
    this.#restore((instance) => kept.loadRecord(instance, record))
  }

  /** What was restored need not be taken. */
  #restore<T>(work: (instance: EngineInstance) => T): T {
    return this.#engine.use((instance) => {
      const result = work(instance)
      this.#takenSeq = kept.seq(instance)
      return result
    })
  }

  /** Undefined where the engine has stopped. */
  #use<T>(work: (instance: EngineInstance) => T): T | undefined {
    return this.#engine.hasStopped ? undefined : this.#engine.use(work)
  }
}

/** @throws DAMAGED where it is no store's id */
function hexBytes(storeId: string): Uint8Array {
  const bytes = Uint8Array.from(storeId.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
  if (bytes.length !== 16) throw storageError('DAMAGED', `'${storeId}' is not the id of a store`)
  return bytes
}
