// What the storage tests run inside workerd: objects that keep stores, and a Worker that runs the conformance suite on them from
// outside, so that it stays alive when an object is aborted.

import { DurableObject } from 'cloudflare:workers'
import {
  destroyDurableObject, DurableObjectStorage, listDurableObject, type DurableStorage,
} from '../../../pkg-template/src/storage/durable-object.js'
import { storageError, type Chunk, type Identity, type Storage, type StorageCode } from '../../../pkg-template/src/storage/storage.js'
import { batchOf } from '../../js/storage/batch-of.js'
import { cases, runCase, type World } from '../../js/storage/conformance.js'

const NAME = 'shop'

/** What a call of an object gives back: errors lose their code on the way through an RPC. */
type Answer<T> = { readonly value: T } | { readonly code: StorageCode; readonly message: string }

async function answer<T>(call: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await call }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: error.code as StorageCode, message: error.message }
    throw error
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

class StorageObject extends DurableObject {
  readonly #connections = new Map<number, DurableObjectStorage>()
  /** Calls of the object's storage until it is aborted. */
  #callsLeft = Infinity

  protected partBytes(): number {
    return 127 * 1024
  }

  #connection(id: number): DurableObjectStorage {
    const found = this.#connections.get(id)
    if (found !== undefined) return found
    const made = new DurableObjectStorage(this.#counted(), NAME, { partBytes: this.partBytes() })
    this.#connections.set(id, made)
    return made
  }

  /** The object's storage, with the crash that was asked for in it. */
  #counted(): DurableStorage {
    const storage: DurableStorage = this.ctx.storage
    const count = async <T>(call: () => Promise<T>): Promise<T> => {
      if (this.#callsLeft-- <= 0) this.ctx.abort('crash')
      return call()
    }
    const within = (inner: Omit<DurableStorage, 'transaction' | 'sync'>): Omit<DurableStorage, 'transaction' | 'sync'> => ({
      get: (key) => count(() => inner.get(key)),
      put: (entries) => count(() => inner.put(entries)),
      delete: (keys) => count(() => inner.delete(keys)),
      list: (options) => count(() => inner.list(options)),
    })
    return {
      ...within(storage),
      transaction: (body) => count(() => storage.transaction((transaction) => body(within(transaction)))),
      sync: () => count(() => storage.sync()),
    }
  }

  crashAfter(calls: number): void {
    this.#callsLeft = calls
  }
  crash(): void {
    this.ctx.abort('crash')
  }
  wipe(): Promise<void> {
    return this.ctx.storage.deleteAll()
  }

  async setFormat(format: number): Promise<void> {
    const key = `nookdb:${NAME}:head`
    await this.ctx.storage.put(key, { ...(await this.ctx.storage.get<object>(key)), format })
  }

  open(id: number, last?: Identity) {
    return answer(this.#connection(id).open(last))
  }
  chunks(id: number) {
    return answer(collect(this.#connection(id).chunks()))
  }
  readAfter(id: number, seq: number) {
    return answer(collect(this.#connection(id).readAfter(seq)))
  }
  append(id: number, ...call: Parameters<Storage['append']>) {
    return answer(this.#connection(id).append(...call))
  }
  checkpoint(id: number, ...call: Parameters<Storage['checkpoint']>) {
    return answer(this.#connection(id).checkpoint(...call))
  }
  close(id: number) {
    return answer(this.#connection(id).close())
  }

  /** Makes three stores beside a key of the object's own, deletes one, and gives the names before and after. */
  async names(): Promise<string[][]> {
    const { storage } = this.ctx
    await storage.put({ own: 'kept' })
    for (const name of ['a', 'b:c', 'd/ü']) await new DurableObjectStorage(storage, name).open()
    const before = await listDurableObject(storage)
    await destroyDurableObject(storage, 'b:c')
    await destroyDurableObject(storage, 'never made')
    return [before, await listDurableObject(storage), [String(await storage.get('own'))]]
  }
}

export class KeyValueObject extends StorageObject {}

export class SqliteObject extends StorageObject {
  protected override partBytes(): number {
    return 2_000_000
  }
}

type Stub = Pick<StorageObject, 'open' | 'chunks' | 'readAfter' | 'append' | 'checkpoint' | 'close' | 'crash' | 'crashAfter' | 'wipe' | 'setFormat' | 'names'>

interface Namespace {
  idFromName(name: string): unknown
  get(id: unknown): Stub
}

async function valueOf<T>(answered: Promise<Answer<T>> | Answer<T>): Promise<T> {
  const answer = await answered
  if ('value' in answer) return answer.value
  throw storageError(answer.code, answer.message)
}

let connections = 0

/** A storage in the object behind `stub`. */
function remote(stub: Stub): Storage {
  const id = connections++
  return {
    maxValueBytes: 16 * 2 ** 20,
    open: (last) => valueOf(stub.open(id, last)),
    async *chunks(): AsyncIterable<Chunk> {
      yield* await valueOf(stub.chunks(id))
    },
    async *readAfter(seq) {
      yield* await valueOf(stub.readAfter(id, seq))
    },
    append: (...call) => valueOf(stub.append(id, ...call)),
    checkpoint: (...call) => valueOf(stub.checkpoint(id, ...call)),
    notify: () => () => undefined,
    estimate: async () => ({ usedBytes: null, quotaBytes: null }),
    persist: async () => true,
    close: () => valueOf(stub.close(id)),
  }
}

function durableObjectWorld(namespace: Namespace): World {
  const id = namespace.idFromName(crypto.randomUUID())
  let stub = namespace.get(id)
  // A stub whose object was aborted stays broken.
  const renew = (): void => void (stub = namespace.get(id))
  return {
    notifies: false,
    connect: () => remote(stub),
    async crash() {
      await Promise.resolve(stub.crash()).catch(() => undefined)
      renew()
    },
    async crashDuring(moment, work) {
      await stub.crashAfter(moment)
      try {
        await work()
        await stub.crashAfter(Infinity)
        return false
      } catch (error) {
        if (!(error instanceof Error) || 'code' in error) throw error
        renew()
        return true
      }
    },
    wipe: async () => stub.wipe(),
    setFormat: async (format) => stub.setFormat(format),
    dispose: async () => undefined,
  }
}

export default {
  async fetch(request: Request, namespaces: Record<string, Namespace>): Promise<Response> {
    const { searchParams, pathname } = new URL(request.url)
    const namespace = namespaces[searchParams.get('objects') ?? '']
    if (namespace === undefined) throw new Error('no such objects')
    const fixed = (): Stub => namespace.get(namespace.idFromName('fixed'))
    switch (pathname) {
      case '/case': {
        const one = cases.find(({ name }) => name === searchParams.get('name'))
        if (one === undefined) throw new Error('no such case')
        return Response.json(await runCase(one, async () => durableObjectWorld(namespace)))
      }
      case '/append': {
        const storage = remote(fixed())
        const { epoch, lastSeq } = await storage.open()
        await storage.append(epoch, lastSeq + 1, batchOf([new TextEncoder().encode(`step ${lastSeq + 1}`)]))
        const steps = await collect(storage.readAfter(0))
        return Response.json(steps.map((step) => new TextDecoder().decode(step)))
      }
      case '/names':
        return Response.json(await fixed().names())
      default:
        return new Response(null, { status: 404 })
    }
  },
}
