// A store in IndexedDB: one database for each, in version 1 with the object stores
//
//   meta      'head' -> Head, 'manifest' -> bytes
//   chunks    chunk id -> bytes
//   journal   seq of the last step -> batch (batch.ts)
//   clients, outbox   empty, for replication: a store made today needs no upgrade then
//
// Each write is one transaction that reads the head, so epoch and seq are checked where nobody can come between.

import { NO_STEPS, packBatch, recordsAfter, type Batch } from './batch.js'
import { Line } from './line.js'
import { afterAppend, afterCheckpoint, closed, newId, raiseEpoch, requireRoom, requireWriter, tooNew, wiped, type Head } from './rules.js'
import {
  storageError, type Checkpoint, type Chunk, type Durability, type Estimate, type Identity, type Opened, type Storage,
} from './storage.js'
import { NookError } from '../errors.js'

const PREFIX = 'nookdb:'
const VERSION = 1
const STORES = ['meta', 'chunks', 'journal', 'clients', 'outbox'] as const
type StoreName = (typeof STORES)[number]

/** How often one call reopens a connection that died under it, with 50, 100 and 200 ms before the new one. */
const REOPENINGS = 3
const FIRST_PAUSE_MS = 50

/** Values that are read in one transaction: enough to hide its cost, few enough to hold in memory. */
const READ_AT_ONCE = 8

export interface IndexedDBOptions {
  /** @default 'strict' */
  readonly durability?: Durability
  /** @default globalThis.indexedDB */
  readonly factory?: IDBFactory
}

export class IndexedDBStorage implements Storage {
  /** Half of what Chrome takes as one value (127 MiB), the smallest of the browsers' limits. */
  readonly maxValueBytes = 64 * 2 ** 20
  readonly #name: string
  readonly #durability: Durability
  readonly #factory: IDBFactory
  readonly #token = newId()
  readonly #line = new Line()
  readonly #watchers = new Set<() => void>()
  #connection: IDBDatabase | null = null
  #channel: BroadcastChannel | null = null
  /** Null until opened, and once closed. */
  #storeId: string | null = null

  constructor(name: string, { durability = 'strict', factory = indexedDBHere() }: IndexedDBOptions = {}) {
    this.#name = PREFIX + name
    this.#durability = durability
    this.#factory = factory
  }

  open(last?: Identity): Promise<Opened> {
    return this.#line.run(async () => {
      this.#disconnect()
      this.#storeId = ''
      try {
        const raise = (transaction: IDBTransaction): Promise<Opened> => raiseStoredEpoch(transaction, last, this.#token)
        const opened = await this.#transact('readwrite', ['meta'], raise, last === undefined ? 'may be new' : 'must exist')
        this.#storeId = opened.storeId
        this.#listen()
        return opened
      } catch (error) {
        this.#storeId = null
        throw error
      }
    })
  }

  async *chunks(): AsyncIterable<Chunk> {
    for await (const [id, bytes] of this.#records('chunks')) if (bytes !== null) yield { id, bytes }
  }

  async *readAfter(seq: number): AsyncIterable<Uint8Array> {
    for await (const [lastSeq, batch] of this.#records('journal', IDBKeyRange.lowerBound(seq, true))) {
      if (batch === null) throw storageError('DAMAGED', `the batch of the journal up to step ${lastSeq} cannot be read`)
      yield* recordsAfter(seq, lastSeq, batch)
    }
  }

  append(epoch: number, firstSeq: number, steps: Batch): Promise<void> {
    return this.#write(epoch, ['meta', 'journal'], (transaction, found, isRetry) => {
      requireRoom(this.maxValueBytes, steps)
      // Nobody else writes under this epoch: if the last connection died after its commit, what is there is ours.
      if (isRetry && found.lastSeq === firstSeq + steps.count - 1) return
      const head = afterAppend(found, firstSeq, steps.count)
      if (steps.count === 0) return
      transaction.objectStore('meta').put(head, 'head')
      transaction.objectStore('journal').put(packBatch(steps), head.lastSeq)
    })
  }

  checkpoint(epoch: number, checkpoint: Checkpoint): Promise<void> {
    return this.#write(epoch, ['meta', 'chunks', 'journal'], (transaction, found) => {
      requireRoom(this.maxValueBytes, NO_STEPS, checkpoint.add)
      const meta = transaction.objectStore('meta')
      const chunks = transaction.objectStore('chunks')
      meta.put(afterCheckpoint(found, checkpoint), 'head')
      meta.put(checkpoint.manifest.slice(), 'manifest')
      for (const id of checkpoint.drop) chunks.delete(id)
      for (const { id, bytes } of checkpoint.add) chunks.put(bytes.slice(), id)
      transaction.objectStore('journal').delete(IDBKeyRange.upperBound(checkpoint.baseSeq))
    })
  }

  notify(onChange: () => void): () => void {
    this.#watchers.add(onChange)
    return () => void this.#watchers.delete(onChange)
  }

  /** Of all that the origin keeps: browsers do not count by database. */
  async estimate(): Promise<Estimate> {
    const { usage = null, quota = null } = (await navigator.storage?.estimate?.()) ?? {}
    return { usedBytes: usage, quotaBytes: quota }
  }

  /** Asks where asking is possible, which is in a page; a worker is told what a page was granted. */
  async persist(): Promise<boolean> {
    const { storage } = navigator
    return (await (storage?.persist === undefined ? storage?.persisted?.() : storage.persist())) ?? false
  }

  close(): Promise<void> {
    return this.#line.run(async () => {
      this.#disconnect()
      this.#channel?.close()
      this.#channel = null
      this.#storeId = null
    })
  }

  /** Carries out a write by the writer of `epoch`, and tells the others. */
  #write(
    epoch: number,
    stores: StoreName[],
    body: (transaction: IDBTransaction, head: Head, isRetry: boolean) => void,
  ): Promise<void> {
    return this.#line.run(async () => {
      await this.#transact('readwrite', stores, async (transaction, isRetry) => {
        const head: Head | undefined = await result(transaction.objectStore('meta').get('head'))
        body(transaction, requireWriter(head, this.#storeId ?? '', epoch), isRetry)
      })
      this.#channel?.postMessage(null)
    })
  }

  /** Key and bytes of the records in `range`, in the order of their keys; null for bytes that the medium has lost. */
  async *#records(store: StoreName, range?: IDBKeyRange): AsyncIterable<[number, Uint8Array | null]> {
    const keys = await this.#transact('readonly', [store], (transaction) =>
      result(transaction.objectStore(store).getAllKeys(range)),
    )
    for (let at = 0; at < keys.length; at += READ_AT_ONCE) {
      const some = keys.slice(at, at + READ_AT_ONCE)
      const values = await this.#transact('readonly', [store], (transaction) =>
        Promise.all(some.map((key) => bytesOrNull(transaction.objectStore(store).get(key)))),
      )
      for (const [index, key] of some.entries()) yield [Number(key), values[index] ?? null]
    }
  }

  /** Runs `body` in a transaction and resolves when it is complete, that is, committed with the durability chosen.
   *  A connection that dies is replaced and `body` run again, a bounded number of times. */
  async #transact<T>(
    mode: IDBTransactionMode,
    stores: StoreName[],
    body: (transaction: IDBTransaction, isRetry: boolean) => Promise<T>,
    existence: Existence = 'must exist',
  ): Promise<T> {
    if (this.#storeId === null) throw closed()
    for (let attempt = 0; ; attempt++) {
      try {
        const connection = await this.#connect(existence)
        const transaction = connection.transaction(stores, mode, { durability: this.#durability })
        return await complete(transaction, body(transaction, attempt > 0))
      } catch (error) {
        if (error instanceof NookError) throw error
        const lost = this.#connection === null || isDead(error)
        if (!lost || attempt === REOPENINGS) throw translated(error)
        this.#disconnect()
        await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** attempt))
      }
    }
  }

  async #connect(existence: Existence): Promise<IDBDatabase> {
    if (this.#connection !== null) return this.#connection
    const connection = await connect(this.#factory, this.#name, existence)
    // Closed by the browser (site data cleared, disk gone), or asked to make way for a deletion.
    const lose = (): void => {
      connection.close()
      if (this.#connection === connection) this.#connection = null
    }
    connection.onclose = lose
    connection.onversionchange = lose
    return (this.#connection = connection)
  }

  #disconnect(): void {
    this.#connection?.close()
    this.#connection = null
  }

  /** BroadcastChannel does not call back the one that posts. */
  #listen(): void {
    this.#channel ??= new BroadcastChannel(this.#name)
    this.#channel.onmessage = () => {
      for (const onChange of this.#watchers) onChange()
    }
    this.#channel.postMessage(null)
  }
}

/** @throws IO where there is none, as in some private windows, or where the page may not use it, as with cookies blocked */
function indexedDBHere(): IDBFactory {
  const none = 'there is no IndexedDB here, or this page may not use it; a store with the name memory: needs none'
  let factory: IDBFactory | null | undefined
  try {
    factory = globalThis.indexedDB
  } catch (error) {
    throw storageError('IO', none, error)
  }
  if (factory === undefined || factory === null) throw storageError('IO', none)
  return factory
}

/** The names of the stores that this origin keeps. */
export async function listIndexedDB(factory: IDBFactory = indexedDBHere()): Promise<string[]> {
  const databases = await factory.databases()
  const names = databases.map(({ name = '' }) => name).filter((name) => name.startsWith(PREFIX))
  return names.map((name) => name.slice(PREFIX.length)).sort()
}

/** Deletes a store, under whoever has it open: its writer is told `WIPED`. No store of that name is no error. */
export async function destroyIndexedDB(name: string, factory: IDBFactory = indexedDBHere()): Promise<void> {
  // `onblocked` may come first, and is no end: connections close on `versionchange`, and then the deletion goes on.
  await result(factory.deleteDatabase(PREFIX + name)).catch((error: unknown) => {
    throw translated(error)
  })
}

/** How browsers tell of a database that is broken: it cannot be opened, read or written (UnknownError), files or stores of it are gone
 *  (NotReadableError, NotFoundError; DataError in Chromium 130 and 131), it does not come to stay open (InvalidStateError, AbortError). */
const BROKEN = ['UnknownError', 'NotReadableError', 'NotFoundError', 'DataError', 'InvalidStateError', 'AbortError']

/** Whether a failure that stays may be one of the database. Others are of the page: that it has no memory for a copy, which is told as
 *  RangeError or DataCloneError, or that it may not use databases. */
export function isOfDatabase({ code, cause }: NookError): boolean {
  return code === 'DAMAGED' || (code === 'IO' && isNamed(cause, ...BROKEN))
}

type Existence = 'may be new' | 'must exist'

async function raiseStoredEpoch(transaction: IDBTransaction, last: Identity | undefined, token: string): Promise<Opened> {
  const meta = transaction.objectStore('meta')
  const found: Head | undefined = await result(meta.get('head'))
  const manifest: Uint8Array | undefined = await result(meta.get('manifest'))
  const head = raiseEpoch(found, last, token)
  meta.put(head, 'head')
  return { manifest: manifest ?? null, epoch: head.epoch, lastSeq: head.lastSeq, storeId: head.storeId }
}

/** @throws WIPED when the database must exist and does not; it is not made then. */
function connect(factory: IDBFactory, name: string, existence: Existence): Promise<IDBDatabase> {
  const request = factory.open(name, VERSION)
  let missing = false
  request.onupgradeneeded = () => {
    missing = existence === 'must exist'
    if (missing) request.transaction?.abort()
    else for (const store of STORES) request.result.createObjectStore(store)
  }
  return result(request).catch((error: unknown) => {
    throw missing ? wiped() : error
  })
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Like `result`, but a value that cannot be read is null, and the rest of the transaction goes on. */
function bytesOrNull(request: IDBRequest<Uint8Array | undefined>): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result ?? null)
    request.onerror = (event) => {
      event.preventDefault()
      event.stopPropagation()
      resolve(null)
    }
  })
}

/** Waits for the commit. Where `body` fails, for whatever reason, the transaction is aborted: what it had put by then would be
 *  committed otherwise, a head without its journal. The failure is told once that is done. */
async function complete<T>(transaction: IDBTransaction, body: Promise<T>): Promise<T> {
  const committed = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new DOMException('the transaction was aborted', 'AbortError'))
  })
  try {
    const [value] = await Promise.all([body, committed])
    return value
  } catch (error) {
    if (abort(transaction)) await committed.catch(() => undefined)
    throw error
  }
}

/** Whether there was anything left to abort: a request that failed has ended its transaction already. */
function abort(transaction: IDBTransaction): boolean {
  try {
    transaction.abort()
    return true
  } catch {
    return false
  }
}

/** By name and not by class: a DOMException may come from another realm. */
function isNamed(error: unknown, ...names: string[]): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && names.includes(String(error.name))
}

/** The connection is closing (InvalidStateError), was closed under its transactions (AbortError), or the browser's database
 *  process is gone (UnknownError). */
function isDead(error: unknown): boolean {
  return isNamed(error, 'InvalidStateError', 'AbortError', 'UnknownError')
}

function translated(error: unknown): NookError {
  // By this name alone: messages differ, and other failures speak of space too.
  if (isNamed(error, 'QuotaExceededError')) return storageError('QUOTA', 'the browser has no more room for this site', error)
  // The database has a higher version than the one that is asked for.
  if (isNamed(error, 'VersionError')) return tooNew('a database of another version', error)
  return storageError('IO', `IndexedDB failed: ${String(error)}`, error)
}
