// A store in the storage of a Cloudflare Durable Object, under keys that leave room for the object's own:
//
//   nookdb:<name>:head
//   nookdb:<name>:manifest:<part>
//   nookdb:<name>:chunk:<id>:<part>
//   nookdb:<name>:journal:<seq of the last step>:<part>          a batch (batch.ts)
//
// Numbers have 16 digits, so that the order of the keys is that of the numbers. What is larger than one value may be is kept in parts,
// each of which says how many there are: 0002/0005 is the third of five.

import { NookError } from '../errors.js'
import { joined, packBatch, recordsAfter, type Batch } from './batch.js'
import { Line } from './line.js'
import { afterAppend, afterCheckpoint, closed, newId, raiseEpoch, requireRoom, requireWriter, type Head } from './rules.js'
import { storageError, type Checkpoint, type Chunk, type Estimate, type Identity, type Opened, type Storage } from './storage.js'

const ROOT = 'nookdb:'

/** Objects that keep plain key-values take 128 KiB a value, its serialization included; those on SQLite take 2 MB. */
const DEFAULT_PART_BYTES = 127 * 1024

/** The most keys that one put or delete takes, and how many values are read or dropped at once. */
const KEYS_AT_ONCE = 128
const READ_AT_ONCE = 16

export interface DurableTransaction {
  get<T>(key: string): Promise<T | undefined>
  put<T>(entries: Record<string, T>): Promise<void>
  delete(keys: string[]): Promise<number>
  list<T>(options: { prefix?: string; start?: string; startAfter?: string; end?: string; limit?: number }): Promise<Map<string, T>>
}

/** What is used of `ctx.storage`. */
export interface DurableStorage extends DurableTransaction {
  transaction<T>(body: (transaction: DurableTransaction) => Promise<T>): Promise<T>
  sync(): Promise<void>
}

export interface DurableObjectOptions {
  /** Of the values that are put; up to 2_000_000 in an object whose class is on SQLite.
   *  @default 130048 */
  readonly partBytes?: number
}

export class DurableObjectStorage implements Storage {
  /** Held twice while it is written, in an isolate that has 128 MB for everything. */
  readonly maxValueBytes = 16 * 2 ** 20
  readonly #storage: DurableStorage
  readonly #prefix: string
  readonly #partBytes: number
  readonly #token = newId()
  readonly #line = new Line()
  #storeId: string | null = null

  constructor(storage: DurableStorage, name: string, { partBytes = DEFAULT_PART_BYTES }: DurableObjectOptions = {}) {
    this.#storage = storage
    this.#prefix = prefixOf(name)
    this.#partBytes = partBytes
  }

  open(last?: Identity): Promise<Opened> {
    return this.#line.run(async () => {
      const { head, manifest } = await this.#commit(async (transaction) => {
        const raised = raiseEpoch(await transaction.get<Head>(this.#key('head')), last, this.#token)
        await transaction.put({ [this.#key('head')]: raised })
        const values = valuesOf(transaction, this.#key('manifest'))
        return { head: raised, manifest: (await values.next()).value?.[1] ?? null }
      })
      this.#storeId = head.storeId
      return { manifest, epoch: head.epoch, lastSeq: head.lastSeq, storeId: head.storeId }
    })
  }

  async *chunks(): AsyncIterable<Chunk> {
    this.#require()
    for await (const [id, bytes] of valuesOf(this.#storage, this.#key('chunk'))) yield { id, bytes }
  }

  async *readAfter(seq: number): AsyncIterable<Uint8Array> {
    this.#require()
    const journal = this.#key('journal')
    for await (const [lastSeq, batch] of valuesOf(this.#storage, journal, keyOf(journal, seq + 1))) {
      yield* recordsAfter(seq, lastSeq, batch)
    }
  }

  append(epoch: number, firstSeq: number, steps: Batch): Promise<void> {
    return this.#write(epoch, async (transaction, found) => {
      requireRoom(this.maxValueBytes, steps)
      const head = afterAppend(found, firstSeq, steps.count)
      if (steps.count === 0) return
      await transaction.put({ [this.#key('head')]: head })
      await putParts(transaction, keyOf(this.#key('journal'), head.lastSeq), packBatch(steps), this.#partBytes)
    })
  }

  checkpoint(epoch: number, checkpoint: Checkpoint): Promise<void> {
    return this.#write(epoch, async (transaction, found) => {
      requireRoom(this.maxValueBytes, { count: 1, parts: [checkpoint.manifest] }, checkpoint.add)
      const head = afterCheckpoint(found, checkpoint)
      await transaction.put({ [this.#key('head')]: head })
      const gone = [...checkpoint.drop, ...checkpoint.add.map(({ id }) => id)].map((id) => keyOf(this.#key('chunk'), id))
      for (const key of [this.#key('manifest'), ...gone]) await removeFrom(transaction, `${key}:`, `${key};`)
      await removeFrom(transaction, `${this.#key('journal')}:`, `${keyOf(this.#key('journal'), head.baseSeq)};`)
      await putParts(transaction, keyOf(this.#key('manifest'), 0), checkpoint.manifest, this.#partBytes)
      for (const { id, bytes } of checkpoint.add) {
        await putParts(transaction, keyOf(this.#key('chunk'), id), bytes, this.#partBytes)
      }
    })
  }

  /** Nobody is ever called: there is one object of a name in the world, and what it keeps it shares with nobody. */
  notify(): () => void {
    return () => undefined
  }

  /** Only objects on SQLite know their size. */
  async estimate(): Promise<Estimate> {
    return { usedBytes: null, quotaBytes: null }
  }

  async persist(): Promise<boolean> {
    return true
  }

  close(): Promise<void> {
    return this.#line.run(async () => {
      this.#storeId = null
    })
  }

  #key(kind: 'head' | 'manifest' | 'chunk' | 'journal'): string {
    return this.#prefix + kind
  }

  #require(): string {
    if (this.#storeId === null) throw closed()
    return this.#storeId
  }

  #write(epoch: number, body: (transaction: DurableTransaction, found: Head) => Promise<void>): Promise<void> {
    return this.#line.run(async () => {
      const storeId = this.#require()
      await this.#commit(async (transaction) => {
        await body(transaction, requireWriter(await transaction.get<Head>(this.#key('head')), storeId, epoch))
      })
    })
  }

  /** Resolves when the transaction is on disk, and not only decided: workerd holds back what the object sends until then, but not
   *  what it goes on to do. */
  async #commit<T>(body: (transaction: DurableTransaction) => Promise<T>): Promise<T> {
    try {
      const value = await this.#storage.transaction(body)
      await this.#storage.sync()
      return value
    } catch (error) {
      if (error instanceof NookError) throw error
      throw storageError('IO', `the Durable Object's storage failed: ${String(error)}`, error)
    }
  }
}

/** The names of the stores that an object keeps. One look for each: keys are skipped by name. */
export async function listDurableObject(storage: DurableStorage): Promise<string[]> {
  const names: string[] = []
  let options: Parameters<DurableStorage['list']>[0] = { prefix: ROOT, limit: 1 }
  for (;;) {
    const [key] = (await storage.list(options)).keys()
    if (key === undefined) return names
    const name = key.slice(ROOT.length, key.indexOf(':', ROOT.length))
    names.push(decodeURIComponent(name))
    options = { prefix: ROOT, limit: 1, start: `${ROOT}${name};` }
  }
}

/** Deletes a store, under whoever has it open: its writer is told `WIPED`. No store of that name is no error. */
export async function destroyDurableObject(storage: DurableStorage, name: string): Promise<void> {
  const prefix = prefixOf(name)
  await storage.transaction((transaction) => removeFrom(transaction, prefix, prefix.replace(/:$/, ';')))
  await storage.sync()
}

/** encodeURIComponent leaves no ':' in a name, nor ';', which is the character after it. */
function prefixOf(name: string): string {
  return `${ROOT}${encodeURIComponent(name)}:`
}

function keyOf(kind: string, number: number): string {
  return `${kind}:${String(number).padStart(16, '0')}`
}

async function putParts(transaction: DurableTransaction, key: string, bytes: Uint8Array, partBytes: number): Promise<void> {
  const count = Math.max(1, Math.ceil(bytes.length / partBytes))
  const digits = (number: number): string => String(number).padStart(4, '0')
  let entries: Record<string, Uint8Array> = {}
  for (let part = 0; part < count; part++) {
    // A copy: of a view, all of the buffer under it would be kept.
    entries[`${key}:${digits(part)}/${digits(count)}`] = bytes.slice(part * partBytes, (part + 1) * partBytes)
    if ((part + 1) % KEYS_AT_ONCE === 0 || part + 1 === count) {
      await transaction.put(entries)
      entries = {}
    }
  }
}

/** Number and bytes of the values of a kind, in the order of their numbers, with the parts put together. @throws DAMAGED */
async function* valuesOf(
  storage: Pick<DurableTransaction, 'list'>,
  kind: string,
  start = `${kind}:`,
): AsyncGenerator<[number, Uint8Array], undefined> {
  let parts: Uint8Array[] = []
  let last: string | null = null
  for (;;) {
    const from: { start: string } | { startAfter: string } = last === null ? { start } : { startAfter: last }
    const page: Map<string, Uint8Array> = await storage.list({ ...from, end: `${kind};`, limit: READ_AT_ONCE })
    for (const [key, bytes] of page) {
      const [number = '', place = ''] = key.slice(kind.length + 1).split(':')
      const [part, count] = place.split('/').map(Number)
      if (part !== parts.length) throw storageError('DAMAGED', `a part is missing before ${key}`)
      parts.push(bytes)
      if (parts.length === count) {
        yield [Number(number), whole(parts)]
        parts = []
      }
      last = key
    }
    if (page.size < READ_AT_ONCE) break
  }
  if (parts.length > 0) throw storageError('DAMAGED', `a part is missing after ${last}`)
  return undefined
}

async function removeFrom(transaction: DurableTransaction, start: string, end: string): Promise<void> {
  for (;;) {
    const keys = [...(await transaction.list({ start, end, limit: READ_AT_ONCE })).keys()]
    if (keys.length === 0) return
    await transaction.delete(keys)
  }
}

function whole(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  return only !== undefined && parts.length === 1 ? only : joined(parts)
}
