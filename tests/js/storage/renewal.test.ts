// When a store is written anew, and when it must not be: what is kept is all that is left of it once the process is gone.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Durability, type DurabilityOptions, type State } from '../../../pkg-template/src/durability.js'
import { joined, NO_STEPS, type Batch } from '../../../pkg-template/src/storage/batch.js'
import { nodeFileSystem, type FileSystem } from '../../../pkg-template/src/storage/file-system.js'
import { destroyFiles, FileStorage, isOfFiles } from '../../../pkg-template/src/storage/files.js'
import { isOfDatabase } from '../../../pkg-template/src/storage/indexeddb.js'
import { MemoryDisk, MemoryStorage } from '../../../pkg-template/src/storage/memory.js'
import { FORMAT } from '../../../pkg-template/src/storage/rules.js'
import { storageError, type Storage, type StorageCode } from '../../../pkg-template/src/storage/storage.js'
import { batchOf } from './batch-of.js'
import { ForgetfulDisk } from './forgetful-disk.js'
import { WordEngine } from './word-engine.js'

/** A store whose medium can be broken, and what is seen of it. */
async function openShop(storage: Storage, options: DurabilityOptions) {
  const engine = new WordEngine()
  const states: State[] = []
  const durability = await Durability.open(storage, engine, { mode: 'no', onHealth: ({ state }) => void states.push(state), ...options })
  return { engine, durability, states }
}

/** A storage that fails as long as it is told to. */
function breakable(disk: MemoryDisk): { storage: Storage; medium: { isBroken: boolean } } {
  const storage = new MemoryStorage(disk)
  const medium = { isBroken: false }
  for (const method of ['append', 'open'] as const) {
    const original = storage[method].bind(storage) as (...call: unknown[]) => Promise<never>
    const tried = (...call: unknown[]): Promise<never> => (medium.isBroken ? Promise.reject(storageError('IO', 'dead')) : original(...call))
    Object.assign(storage, { [method]: tried })
  }
  return { storage, medium }
}

/** The code with which a flush fails, with time going by as fast as it is waited for. */
async function failureOf(context: TestContext, durability: Durability): Promise<string | undefined> {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let failure: { code?: string } | undefined
  const flushed = durability.flush().catch((error: unknown) => void (failure = error as { code?: string }))
  // Files take their own time.
  let isOver = false
  void flushed.then(() => (isOver = true))
  for (let step = 0; step < 5000 && !isOver; step++) {
    context.mock.timers.tick(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await flushed
  context.mock.timers.reset()
  return failure?.code
}

async function kept(disk: MemoryDisk): Promise<string[]> {
  const { engine } = await openShop(new MemoryStorage(disk), {})
  return engine.words
}

test('a writer that finds its store taken over by a newer version stops, and neither destroys nor rewrites it', async (context) => {
  const disk = new MemoryDisk()
  const { storage, medium } = breakable(disk)
  let destroyed = 0
  const { engine, durability, states } = await openShop(storage, { destroy: async () => void destroyed++ })
  engine.say('a')
  await durability.flush()
  // The connection dies, and what the next one finds is of a format to come.
  engine.say('b')
  medium.isBroken = true
  setImmediate(() => (medium.isBroken = false))
  if (disk.kept !== null) disk.kept.head = { ...disk.kept.head, format: FORMAT + 1 }
  assert.equal(await failureOf(context, durability), 'UNSUPPORTED')
  assert.deepEqual([destroyed, states.at(-1), disk.kept?.head.lastSeq], [0, 'fenced', 1])
  await durability.close()
})

/** A process that had used up its file descriptors for two seconds moved the store away, and could make no other. */
test('a failure that is not one of the store costs nothing of what is kept, however long it lasts', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'shop')
  let isInNeed = false
  const inNeed = new Proxy(nodeFileSystem, {
    get: (files, name: keyof FileSystem) => (...call: unknown[]) => {
      // To rename and to remove takes no descriptor.
      if (!isInNeed || name === 'rename' || name === 'remove') return (files[name] as (...call: unknown[]) => unknown)(...call)
      return Promise.reject(Object.assign(new Error('EMFILE'), { code: 'EMFILE' }))
    },
  })
  const destroy = (): Promise<void> => destroyFiles(path, inNeed)
  const { engine, durability, states } = await openShop(new FileStorage(path, inNeed), { destroy, isOfStore: isOfFiles })
  engine.say('a')
  await durability.flush()
  isInNeed = true
  engine.say('b')
  assert.deepEqual([await failureOf(context, durability), states.at(-1)], ['IO', 'failed'])
  assert.deepEqual(await readdir(directory), ['shop'])
  isInNeed = false
  await durability.flush()
  const next = await openShop(new FileStorage(path), {})
  assert.deepEqual(next.engine.words, ['a', 'b'])
  await durability.close()
})

/** A store in files whose last step has gone bad since, and a step that could not be appended to it: the next try opens it again. */
async function spoilt(bad: 'in its middle' | 'and one behind it') {
  const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0 })
  let destroyed = 0
  const destroy = async (): Promise<void> => {
    destroyed++
    disk.wipe()
  }
  const shop = await openShop(new FileStorage('/shop', disk), { destroy, isOfStore: isOfFiles })
  for (const word of ['a', 'b', 'c']) {
    shop.engine.say(word)
    await shop.durability.flush()
  }
  const bytes = (await disk.read('/shop/journal.1.0'))?.length ?? 0
  disk.damage('/shop/journal.1.0', bad === 'in its middle' ? bytes - 1 : bytes - bytes / 3 - 1)
  shop.engine.say('d')
  disk.failNextWrite = 'EIO'
  return { ...shop, disk, destroyed: () => destroyed }
}

/** It was deleted before anything else was written, and gone where the process ended meanwhile. */
for (const bad of ['in its middle', 'and one behind it'] as const) {
  test(`a store whose last step has gone bad, ${bad}, is made up for by a checkpoint, and not deleted`, async (context) => {
    const { engine, durability, states, disk, destroyed } = await spoilt(bad)
    assert.equal(await failureOf(context, durability), undefined)
    assert.deepEqual([destroyed(), states.at(-1)], [0, 'ok'])
    engine.say('e')
    await durability.flush()
    const next = await openShop(new FileStorage('/shop', disk), {})
    assert.deepEqual(next.engine.words, ['a', 'b', 'c', 'd', 'e'])
  })
}

/** It was deleted, and there was nothing to write it anew from. */
test('a store that has gone bad stays as it is where the engine has stopped', async (context) => {
  const { engine, durability, disk, destroyed } = await spoilt('in its middle')
  engine.isRunning = false
  assert.equal(await failureOf(context, durability), 'DAMAGED')
  assert.equal(destroyed(), 0)
  assert.ok((await disk.list('/shop')).includes('journal.1.0'))
})

/** A word engine that hands over all steps in one record. */
class RunEngine extends WordEngine {
  override takeSteps(): Batch {
    const { count, parts } = super.takeSteps()
    return count === 0 ? NO_STEPS : batchOf([{ steps: count, record: joined(parts) }])
  }
}

/** What was pending was dropped in part before it was found that it could not be, and no commit ever succeeded after that. */
test('a medium that has kept a part of a record is made up for by a checkpoint', async (context) => {
  const disk = new MemoryDisk()
  const storage = new MemoryStorage(disk)
  const append = storage.append.bind(storage)
  let isTorn = true
  storage.append = async (...call) => {
    await append(...call)
    if (!isTorn || disk.kept === null) return
    isTorn = false
    disk.kept.head = { ...disk.kept.head, lastSeq: 1 }
    throw storageError('IO', 'torn')
  }
  const engine = new RunEngine()
  const durability = await Durability.open(storage, engine, { mode: 'no' })
  for (const word of ['a', 'b', 'c']) engine.say(word)
  assert.equal(await failureOf(context, durability), undefined)
  engine.say('d')
  await durability.checkpoint()
  assert.deepEqual([await kept(disk), disk.kept?.journal.size], [['a', 'b', 'c', 'd'], 0])
})

/** What was in memory was not written again: the next try found no store, and took it for the user's wish. */
test('a store that was deleted to be written anew is written, though that fails at first', async (context) => {
  const disk = new MemoryDisk()
  const { storage, medium } = breakable(disk)
  const { engine, durability, states } = await openShop(storage, { destroy: async () => void (disk.kept = null) })
  engine.say('a')
  await durability.flush()
  medium.isBroken = true
  engine.say('b')
  assert.deepEqual([await failureOf(context, durability), disk.kept, states.at(-1)], ['IO', null, 'failed'])
  medium.isBroken = false
  await durability.flush()
  assert.deepEqual(await kept(disk), ['a', 'b'])
  await durability.close()
})

/** The deletion of its own that had failed was taken for the user's, and the store was written again. */
test('a store that the user deletes stays deleted, though its writer had failed to delete it itself and went on', async (context) => {
  const disk = new MemoryDisk()
  const { storage, medium } = breakable(disk)
  const { engine, durability, states } = await openShop(storage, { destroy: () => Promise.reject(storageError('IO', 'dead')) })
  medium.isBroken = true
  engine.say('a')
  assert.deepEqual([await failureOf(context, durability), states.at(-1)], ['IO', 'failed'])
  medium.isBroken = false
  await durability.flush()
  assert.deepEqual([disk.kept?.head.lastSeq, states.at(-1)], [1, 'ok'])
  disk.kept = null
  engine.say('b')
  await assert.rejects(durability.flush(), { code: 'WIPED' })
  assert.deepEqual([disk.kept, states.at(-1)], [null, 'wiped'])
})

test('a database is made anew where it is broken, and not where the page has no memory', () => {
  const isOfStore = (cause?: unknown, code: StorageCode = 'IO'): boolean => isOfDatabase(storageError(code, 'failed', cause))
  for (const name of ['UnknownError', 'NotReadableError', 'NotFoundError', 'InvalidStateError', 'AbortError', 'DataError']) {
    assert.equal(isOfStore(new DOMException('Internal error', name)), true, name)
  }
  assert.equal(isOfStore(undefined, 'DAMAGED'), true)
  assert.equal(isOfStore(new RangeError('Array buffer allocation failed')), false)
  // So V8 says that a copy of a value finds no memory.
  assert.equal(isOfStore(new DOMException('Data cannot be cloned, out of memory.', 'DataCloneError')), false)
  assert.equal(isOfStore(new DOMException('a page that may not', 'SecurityError')), false)
  assert.equal(isOfStore(new DOMException('full', 'QuotaExceededError'), 'QUOTA'), false)
})
