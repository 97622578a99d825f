import type { Journaled, LostChunks, Walk } from '../../../pkg-template/src/committer.js'
import type { Batch } from '../../../pkg-template/src/storage/batch.js'
import { storageError, type Chunk, type ChunkId } from '../../../pkg-template/src/storage/storage.js'
import { batchOf } from './batch-of.js'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const WORDS_PER_CHUNK = 3

interface Manifest {
  readonly storeId: string
  readonly seq: number
  readonly chunks: ChunkId[]
}

/** This word, unlike all others, empties the list. */
export const FLUSH = 'FLUSH'

/** The smallest engine that can be kept: a list of words, to which each step adds one. */
export class WordEngine implements Journaled {
  isRunning = true
  readonly words: string[] = []
  /** Walks that were begun and neither finished nor abandoned. */
  openWalks = 0
  #seq = 0
  #untaken: Uint8Array[] = []
  #restoring: { manifest: Manifest; chunks: Map<ChunkId, string[]> } | null = null

  say(word: string): void {
    this.#run(word)
    this.#untaken.push(encode(word))
  }

  seq(): number {
    return this.#seq
  }

  takeSteps(): Batch {
    return batchOf(this.#untaken.splice(0))
  }

  beginCheckpoint({ storeId, firstChunkId }: { storeId: string; firstChunkId: ChunkId }): Walk {
    const words = [...this.words]
    const baseSeq = this.#seq
    const chunks: ChunkId[] = []
    let at = 0
    let isBetween = true
    this.openWalks++
    return {
      baseSeq,
      next: () => {
        if (at >= words.length) return null
        // Every other slice finishes no chunk.
        isBetween = !isBetween
        if (isBetween) return undefined
        const id = firstChunkId + chunks.length
        chunks.push(id)
        at += WORDS_PER_CHUNK
        return { id, bytes: encode(JSON.stringify(words.slice(at - WORDS_PER_CHUNK, at))) }
      },
      manifest: () => {
        this.openWalks--
        return encode(JSON.stringify({ storeId, seq: baseSeq, chunks } satisfies Manifest))
      },
      abandon: () => void this.openWalks--,
    }
  }

  restoreManifest(bytes: Uint8Array, storeId: string): void {
    const manifest = JSON.parse(decode(bytes)) as Manifest
    if (manifest.storeId !== storeId) throw storageError('DAMAGED', 'the manifest is of another store')
    this.#restoring = { manifest, chunks: new Map() }
  }

  restoreChunk({ id, bytes }: Chunk): void {
    this.#restoring?.chunks.set(id, JSON.parse(decode(bytes)) as string[])
  }

  finishChunks(): LostChunks {
    if (this.#restoring === null) return { chunks: [], keys: 0, names: [] }
    const { manifest, chunks } = this.#restoring
    this.#seq = manifest.seq
    for (const id of manifest.chunks) this.words.push(...(chunks.get(id) ?? []))
    const lost = manifest.chunks.filter((id) => !chunks.has(id))
    return { chunks: lost, keys: lost.length * WORDS_PER_CHUNK, names: [] }
  }

  restoreRecord(record: Uint8Array): void {
    this.#run(decode(record))
  }

  #run(word: string): void {
    this.#seq++
    if (word !== FLUSH) return void this.words.push(word)
    this.words.length = 0
  }
}
