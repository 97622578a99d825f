import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Committer } from '../../../pkg-template/src/committer.js'
import { Durability } from '../../../pkg-template/src/durability.js'
import { NO_STEPS } from '../../../pkg-template/src/storage/batch.js'
import { MemoryDisk, MemoryStorage } from '../../../pkg-template/src/storage/memory.js'
import { storageError, type Storage, type StorageCode } from '../../../pkg-template/src/storage/storage.js'
import { kept, openShop, turns, wipe } from './shop.js'
import { FLUSH, WordEngine } from './word-engine.js'

/** Makes the next calls of a method fail with these codes, before or after they did their work. */
function failing(storage: Storage, method: 'append' | 'checkpoint', codes: StorageCode[], when: 'before' | 'after' = 'before'): void {
  const original = storage[method].bind(storage) as (...call: unknown[]) => Promise<void>
  const broken = async (...call: unknown[]): Promise<void> => {
    const code = codes.shift()
    if (code === undefined || when === 'after') await original(...call)
    if (code !== undefined) throw storageError(code, `${method} was made to fail`)
  }
  Object.assign(storage, { [method]: broken })
}

/** Counts the appends that reach a storage. */
function counted(storage: Storage): { appends: number; checkpoints: number } {
  const calls = { appends: 0, checkpoints: 0 }
  const append = storage.append.bind(storage)
  const checkpoint = storage.checkpoint.bind(storage)
  storage.append = (...call) => (calls.appends++, append(...call))
  storage.checkpoint = (...call) => (calls.checkpoints++, checkpoint(...call))
  return calls
}

/** Stops setTimeout; setImmediate goes on, so that turns pass while time does not. */
function stopTime(context: TestContext): (passedMs: number) => Promise<void> {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  return async (passedMs) => {
    context.mock.timers.tick(passedMs)
    await turns()
  }
}

test('what was flushed is there when the store is opened again, from the journal and from a checkpoint', async () => {
  const { disk, durability, say } = await openShop({ mode: 'no' })
  say('a', 'b')
  await durability.flush()
  assert.deepEqual(await kept(disk), ['a', 'b'])
  await durability.checkpoint()
  say('c')
  await durability.flush()
  assert.deepEqual(await kept(disk), ['a', 'b', 'c'])
  assert.equal(disk.kept?.journal.size, 1)
})

test('always commits without being asked, and what one turn did in one append', async () => {
  const { disk, storage, say } = await openShop({ mode: 'always' })
  const calls = counted(storage)
  say('a', 'b', 'c')
  await turns()
  assert.deepEqual(await kept(disk), ['a', 'b', 'c'])
  assert.equal(calls.appends, 1)
})

test('always commits together what came while it was committing', async () => {
  let release = (): void => undefined
  const disk = new MemoryDisk(() => new Promise((resolve) => (release = resolve)))
  const opening = openShop({ mode: 'always' }, disk)
  await turns()
  release()
  const { say, storage } = await opening
  const calls = counted(storage)
  say('a')
  for (const word of ['b', 'c', 'd']) {
    await turns()
    say(word)
  }
  for (let commit = 0; commit < 3; commit++) {
    release()
    await turns()
  }
  assert.equal(calls.appends, 2)
  assert.deepEqual(disk.kept?.head.lastSeq, 4)
})

test('a commit writes what ran before it, and leaves to the next what comes while it writes', async () => {
  let release = (): void => undefined
  const disk = new MemoryDisk(() => new Promise((resolve) => (release = resolve)))
  const opening = openShop({ mode: 'no' }, disk)
  await turns()
  release()
  const { say, durability } = await opening
  say('a')
  const flushed = durability.flush()
  await turns()
  say('b', 'c')
  release()
  await flushed
  await turns()
  assert.deepEqual([durability.health().committedSeq, disk.kept?.head.lastSeq], [1, 1])
  const closed = durability.close()
  await turns()
  release()
  await closed
  assert.equal(disk.kept?.head.lastSeq, 3)
})

test('always commits a step at whatever point of the last commit it came', async () => {
  for (let delay = 0; delay < 80; delay++) {
    const { disk, say } = await openShop({ mode: 'always' })
    say('a')
    for (let step = 0; step < delay; step++) await null
    say('b')
    await turns(3)
    assert.equal(disk.kept?.head.lastSeq, 2, `after ${delay} microtasks`)
  }
})

test('everysec commits what comes to megabytes before its second is over', async (context) => {
  stopTime(context)
  const { disk, say } = await openShop({ mode: 'everysec' })
  const large = 'x'.repeat(2 ** 20)
  say(large)
  await turns()
  assert.deepEqual(await kept(disk), [])
  say(large, large, large)
  await turns()
  assert.equal((await kept(disk)).length, 4)
})

test('everysec commits a second after the first step, and once for all of that second', async (context) => {
  const pass = stopTime(context)
  const { disk, storage, say, durability } = await openShop({ mode: 'everysec' })
  const calls = counted(storage)
  say('a')
  await turns(1)
  await pass(600)
  say('b')
  await pass(399)
  assert.deepEqual(await kept(disk), [])
  await pass(1)
  assert.deepEqual(await kept(disk), ['a', 'b'])
  say('c')
  await durability.flush()
  say('d')
  await turns(1)
  await pass(1000)
  assert.deepEqual([await kept(disk), calls.appends], [['a', 'b', 'c', 'd'], 3])
})

/** It was taken for one that is still to fire, and nothing was committed any more. */
test('everysec goes on when its second was over while a commit was under way', async (context) => {
  const pass = stopTime(context)
  const { disk, storage, say } = await openShop({ mode: 'everysec' })
  failing(storage, 'append', ['IO', 'IO', 'IO'])
  say('a')
  await turns(1)
  await pass(1000)
  await pass(100)
  await pass(400)
  say('b')
  await turns(1)
  await pass(1000)
  await pass(600)
  say('c')
  await turns(1)
  await pass(60_000)
  assert.deepEqual(await kept(disk), ['a', 'b', 'c'])
})

test('no commits nothing until it is asked to, or closed', async (context) => {
  const pass = stopTime(context)
  const { disk, say, durability } = await openShop({ mode: 'no' })
  say('a')
  await pass(60_000)
  assert.deepEqual(await kept(disk), [])
  await durability.close()
  assert.deepEqual(await kept(disk), ['a'])
})

test('a journal that has outgrown the snapshot is folded into a checkpoint, and the old chunks go', async () => {
  const { disk, durability, say, engine } = await openShop({ mode: 'always', checkpointBytes: 100 })
  for (let round = 0; round < 30; round++) {
    say(`word ${round}`, `word ${round} again`)
    await turns(3)
  }
  await durability.flush()
  await turns()
  assert.ok((disk.kept?.head.baseSeq ?? 0) > 0)
  assert.deepEqual(await kept(disk), engine.words)
  const { chunks } = JSON.parse(new TextDecoder().decode(disk.kept?.manifest ?? new Uint8Array())) as { chunks: number[] }
  assert.deepEqual([...(disk.kept?.chunks.keys() ?? [])], chunks)
})

test('without a journal, steps that nobody flushes are folded into a checkpoint too', async () => {
  const { disk, say } = await openShop({ mode: 'no', checkpointBytes: 100 })
  for (let round = 0; round < 30; round++) say(`word ${round}`)
  await turns(60)
  assert.equal(disk.kept?.head.baseSeq, 30)
  assert.equal(disk.kept?.journal.size, 0)
})

/** Each step that came meanwhile began one, as soon as the last was walked. */
test('while a checkpoint is being written, none is begun because of the journal', async () => {
  const { disk, storage, engine, say } = await openShop({ mode: 'no', checkpointBytes: 100 })
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  const checkpoint = storage.checkpoint.bind(storage)
  storage.checkpoint = async (...call) => (await released, checkpoint(...call))
  let walks = 0
  const beginCheckpoint = engine.beginCheckpoint.bind(engine)
  engine.beginCheckpoint = (...call) => (walks++, beginCheckpoint(...call))
  for (let round = 0; round < 30; round++) say(`word ${round}`)
  await turns(60)
  for (let round = 30; round < 60; round++) {
    say(`word ${round}`)
    await turns(2)
  }
  assert.equal(walks, 1)
  release()
  await turns(60)
  for (let round = 60; round < 400; round++) say(`word ${round}`)
  await turns(400)
  assert.deepEqual([walks, disk.kept?.head.baseSeq], [2, 400])
})

test('steps that come while a checkpoint is made are kept, whether before or after it is', async () => {
  const { disk, durability, say, engine } = await openShop({ mode: 'always' })
  say('a', 'b', 'c', 'd', 'e', 'f', 'g')
  const made = durability.checkpoint()
  for (const word of ['h', 'i', 'j', 'k']) {
    await turns(2)
    say(word)
  }
  await made
  await durability.flush()
  assert.equal(disk.kept?.head.baseSeq, 7)
  assert.deepEqual(await kept(disk), engine.words)
})

test('what is flushed while a checkpoint is made is in the checkpoint, and the flush behind it', async () => {
  const { disk, storage, durability, say } = await openShop({ mode: 'no' })
  let found: string[] = []
  const checkpoint = storage.checkpoint.bind(storage)
  storage.checkpoint = async (...call) => {
    await checkpoint(...call)
    found = await kept(disk)
  }
  say('a', 'b', 'c', 'd', 'e', 'f', 'g')
  const made = durability.checkpoint()
  await turns(2)
  say(FLUSH, 'h')
  await made
  assert.deepEqual([found, await kept(disk)], [['a', 'b', 'c', 'd', 'e', 'f', 'g'], ['h']])
})

test('two checkpoints at once are made one after the other, each of its own moment', async () => {
  const { disk, durability, say, engine } = await openShop({ mode: 'no' })
  say('a', 'b', 'c', 'd')
  const first = durability.checkpoint()
  say('e')
  await Promise.all([first, durability.checkpoint()])
  assert.equal(disk.kept?.head.baseSeq, 5)
  assert.deepEqual(await kept(disk), engine.words)
  assert.equal(engine.openWalks, 0)
})

test('a checkpoint is kept when it resolves, wherever its walk ends in the commit that is under way', async (context) => {
  const { setImmediate: real } = globalThis
  for (let delay = 0; delay < 40; delay++) {
    const { disk, storage, durability, say } = await openShop({ mode: 'no' })
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    const append = storage.append.bind(storage)
    storage.append = async (...call) => (await append(...call), released)
    say('a')
    const flushed = durability.flush()
    const made = durability.checkpoint()
    // The walk waits for one turn, and so many microtasks after the append is let go on it ends.
    const { mock } = context.mock.method(globalThis, 'setImmediate', (resolve: () => void) =>
      real(async () => {
        release()
        for (let step = 0; step < delay; step++) await null
        resolve()
      }),
    )
    await made
    mock.restore()
    assert.equal(disk.kept?.head.baseSeq, 1, `after ${delay} microtasks`)
    await flushed
  }
})

/** It resolved: the commit had given the snapshot up, and was done with all that was left. */
test('a checkpoint that the storage finds too large is refused as TOOBIG, and the next one is tried', async () => {
  const { disk, storage, durability, say } = await openShop({ mode: 'no' })
  say('a', 'b')
  await durability.flush()
  failing(storage, 'checkpoint', ['TOOBIG'])
  await assert.rejects(durability.checkpoint(), { code: 'TOOBIG' })
  assert.deepEqual([await kept(disk), disk.kept?.manifest], [['a', 'b'], null])
  await durability.checkpoint()
  assert.equal(disk.kept?.head.baseSeq, 2)
})

/** The manifest with the id of the store that was gone was committed to the new one. */
test('what was walked for one store is not written to another', async () => {
  const disk = new MemoryDisk()
  const { committer } = await Committer.open(new MemoryStorage(disk), new WordEngine())
  const begun = committer.beginWalk()
  wipe(disk)
  await committer.startAfresh()
  assert.equal(committer.offer(begun, []), null)
  await committer.commit()
  assert.deepEqual([disk.kept?.head.epoch, disk.kept?.manifest], [1, null])
})

test('a checkpoint that was begun before the store was written anew is made again, for the new one', async () => {
  const { disk, durability, say, engine } = await openShop({ mode: 'no', onWipe: 'rewrite' })
  say('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
  await durability.flush()
  const made = durability.checkpoint()
  say('i')
  wipe(disk)
  const flushed = durability.flush()
  await Promise.all([made, flushed])
  const { storeId } = JSON.parse(new TextDecoder().decode(disk.kept?.manifest ?? new Uint8Array())) as { storeId: string }
  assert.equal(storeId, disk.kept?.head.storeId)
  assert.deepEqual([await kept(disk), engine.openWalks], [engine.words, 0])
})

test('a manifest of another store is told as DAMAGED', async () => {
  const [one, other] = [await openShop(), await openShop()]
  for (const { say, durability } of [one, other]) {
    say('a')
    await durability.checkpoint()
  }
  one.disk.kept!.manifest = other.disk.kept?.manifest ?? null
  await assert.rejects(openShop({}, one.disk), { code: 'DAMAGED' })
})

/** They were not counted, so that the journal grew past its limit by as much with every checkpoint. */
test('steps that were appended while a snapshot was made count for the next one', async () => {
  const { disk, storage, durability, say } = await openShop({ mode: 'no', checkpointBytes: 200 })
  const calls = counted(storage)
  for (const _ of Array(9)) say('ten bytes!')
  const made = durability.checkpoint()
  await turns(2)
  for (const _ of Array(9)) say('ten bytes!')
  await durability.flush()
  await made
  assert.deepEqual([disk.kept?.head.baseSeq, disk.kept?.journal.size], [9, 1])
  // 14 bytes each with their length: eight times the 120 bytes of the snapshot with those from before, and not without.
  for (const _ of Array(60)) say('ten bytes!')
  await durability.flush()
  await turns(160)
  assert.deepEqual([calls.checkpoints, disk.kept?.head.baseSeq], [2, 78])
})

for (const when of ['before', 'after'] as const) {
  test(`a medium that fails ${when} its work is tried again, and no step is lost or doubled`, async (context) => {
    const pass = stopTime(context)
    const { disk, storage, durability, say, states } = await openShop({ mode: 'always' })
    failing(storage, 'append', ['IO', 'IO'], when)
    say('a', 'b')
    await pass(0)
    say('c')
    await pass(100)
    await pass(400)
    await durability.flush()
    assert.deepEqual(await kept(disk), ['a', 'b', 'c'])
    assert.deepEqual([states[0], states.at(-1)], ['retrying', 'ok'])
  })

  test(`a checkpoint that fails ${when} its work is tried again`, async (context) => {
    const pass = stopTime(context)
    const { disk, storage, durability, say } = await openShop({ mode: 'no' })
    failing(storage, 'checkpoint', ['IO'], when)
    say('a', 'b', 'c', 'd')
    const made = durability.checkpoint()
    await pass(0)
    await pass(100)
    await made
    say('e')
    await durability.flush()
    assert.deepEqual(await kept(disk), ['a', 'b', 'c', 'd', 'e'])
  })
}

test('a medium that goes on failing gets a fresh store, written from memory', async (context) => {
  const pass = stopTime(context)
  const disk = new MemoryDisk()
  const destroy = async (): Promise<void> => void (disk.kept = null)
  const { storage, durability, say, engine } = await openShop({ mode: 'no', destroy }, disk)
  say('a', 'b')
  await durability.flush()
  const { storeId } = disk.kept?.head ?? {}
  failing(storage, 'append', ['IO', 'IO', 'IO', 'IO'])
  say('c')
  const flushed = durability.flush()
  for (const pauseMs of [0, 100, 400, 1600]) await pass(pauseMs)
  await flushed
  assert.notEqual(disk.kept?.head.storeId, storeId)
  say('d')
  await durability.flush()
  assert.deepEqual(await kept(disk), engine.words)
})

test('where there can be no fresh store flush fails as IO, and it is tried again later without asking', async (context) => {
  const pass = stopTime(context)
  const { disk, storage, durability, say } = await openShop({ mode: 'always' })
  failing(storage, 'append', ['IO', 'IO', 'IO', 'IO'])
  say('a')
  const refused = assert.rejects(durability.flush(), { code: 'IO' })
  for (const pauseMs of [0, 100, 400, 1600]) await pass(pauseMs)
  await refused
  assert.equal(durability.health().state, 'failed')
  say('b')
  await pass(29_999)
  assert.deepEqual(await kept(disk), [])
  await pass(1)
  assert.deepEqual(await kept(disk), ['a', 'b'])
  assert.equal(durability.health().state, 'ok')
})

test('a full disk fails a flush as QUOTA at once, nothing is forgotten, and it is tried again later', async (context) => {
  const pass = stopTime(context)
  const { disk, storage, durability, say } = await openShop({ mode: 'everysec' })
  failing(storage, 'append', ['QUOTA'])
  say('a')
  await assert.rejects(durability.flush(), { code: 'QUOTA' })
  assert.equal(durability.health().state, 'full')
  say('b')
  await pass(30_000)
  assert.deepEqual(await kept(disk), ['a', 'b'])
  assert.equal(durability.health().state, 'ok')
})

test('a checkpoint that there is no room for fails as QUOTA, and the journal goes on without it', async () => {
  const { disk, storage, durability, say, states } = await openShop({ mode: 'no' })
  failing(storage, 'checkpoint', ['QUOTA'])
  say('a', 'b', 'c', 'd')
  await assert.rejects(durability.checkpoint(), { code: 'QUOTA' })
  assert.deepEqual([await kept(disk), disk.kept?.manifest, states], [['a', 'b', 'c', 'd'], null, []])
  await durability.checkpoint()
  assert.equal(disk.kept?.head.baseSeq, 4)
})

test('a checkpoint that there was no room for is not made again before the journal has doubled', async () => {
  const { storage, say } = await openShop({ mode: 'always', checkpointBytes: 100 })
  const calls = counted(storage)
  failing(storage, 'checkpoint', ['QUOTA'])
  const made: number[] = []
  for (let word = 1; word <= 25; word++) {
    say('six by')
    await turns(40)
    made.push(calls.checkpoints)
  }
  // Ten bytes each, with their length. The one at 100 bytes was refused, the next is made at 200.
  assert.deepEqual([made[18], made[19]], [0, 1])
})

test('a writer that was fenced is told, keeps nothing more, and refuses to flush', async () => {
  const { disk, durability, say, states } = await openShop({ mode: 'always' })
  say('a')
  await durability.flush()
  await openShop({}, disk)
  say('b')
  await assert.rejects(durability.flush(), { code: 'FENCED' })
  say('c')
  await turns()
  await assert.rejects(durability.checkpoint(), { code: 'FENCED' })
  assert.deepEqual(states, ['fenced'])
  assert.deepEqual(await kept(disk), ['a'])
  await durability.close()
})

test('a writer that is robbed while it commits stays robbed, whatever the commit comes to', async () => {
  for (const fails of [false, true]) {
    const { storage, durability, say } = await openShop({ mode: 'no' })
    failing(storage, 'append', fails ? ['IO'] : [])
    say('a')
    const flushed = durability.flush()
    durability.stolen()
    if (fails) await assert.rejects(flushed, { code: 'FENCED' })
    else await flushed
    say('b')
    await assert.rejects(durability.flush(), { code: 'FENCED' })
    assert.equal(durability.health().state, 'fenced')
  }
})

test('a writer that may keep nothing more does not hold steps back either', async () => {
  const { durability, say, engine } = await openShop({ mode: 'everysec' })
  durability.stolen()
  say('a', 'b')
  await turns()
  assert.equal(durability.health().pendingBytes, 0)
  assert.equal(engine.takeSteps().count, 0)
})

test('what was taken from an engine that stopped is kept all the same, and the next one begins with it', async () => {
  const { disk, storage, durability, say, states } = await openShop({ mode: 'everysec' })
  say('a', 'b')
  await turns(1)
  const last = await durability.retire()
  const engine = new WordEngine()
  const next = await Durability.open(storage, engine, { mode: 'no', last })
  engine.say('c')
  await next.flush()
  assert.deepEqual([engine.words, await kept(disk), states], [['a', 'b', 'c'], ['a', 'b', 'c'], []])

  const robbed = await next.retire()
  await openShop({}, disk)
  await assert.rejects(Durability.open(storage, new WordEngine(), { last: robbed }), { code: 'FENCED' })
})

test('an engine that stops while its steps are taken costs those, and none that were taken before', async (context) => {
  const pass = stopTime(context)
  const { disk, engine, durability, say } = await openShop({ mode: 'everysec' })
  say('a')
  await turns(1)
  const takeSteps = engine.takeSteps.bind(engine)
  engine.takeSteps = () => {
    throw new Error('unreachable')
  }
  say('b')
  await pass(0)
  // What stands in for a stopped engine says what was taken from it.
  Object.assign(engine, { takeSteps: () => NO_STEPS, seq: () => 1 })
  await pass(100)
  await durability.retire()
  assert.deepEqual([await kept(disk), takeSteps().count], [['a'], 1])
})

/** It asked again and again, in one turn that never ended. */
test('a flush whose steps an engine took along when it stopped says so', async (context) => {
  const pass = stopTime(context)
  const { disk, engine, durability, say } = await openShop({ mode: 'no' })
  say('a')
  await turns(1)
  engine.say('b')
  engine.takeSteps = () => {
    Object.assign(engine, { takeSteps: () => NO_STEPS, seq: () => 1 })
    throw new Error('unreachable')
  }
  const refused = assert.rejects(durability.flush(), { code: 'DEAD' })
  await pass(0)
  await pass(100)
  await refused
  assert.deepEqual(await kept(disk), ['a'])
})

test('a writer whose lock was stolen stops at once, and does not take the store back after a failure', async (context) => {
  const pass = stopTime(context)
  const { disk, storage, durability, say } = await openShop({ mode: 'always' })
  failing(storage, 'append', ['IO'])
  say('a')
  await pass(0)
  const thief = await openShop({ mode: 'always' }, disk)
  await pass(100)
  assert.equal(durability.health().state, 'fenced')
  thief.say('b')
  await thief.durability.flush()
  assert.deepEqual(await kept(disk), ['b'])
  thief.durability.stolen()
  thief.say('c')
  await assert.rejects(thief.durability.flush(), { code: 'FENCED' })
})

test('a store that was deleted is not written again, unless the app asked for that', async () => {
  const stopping = await openShop({ mode: 'no' })
  stopping.say('a')
  stopping.disk.kept = null
  await assert.rejects(stopping.durability.flush(), { code: 'WIPED' })
  assert.deepEqual([stopping.disk.kept, stopping.states], [null, ['wiped']])

  const rewriting = await openShop({ mode: 'no', onWipe: 'rewrite' })
  rewriting.say('a', 'b', 'c', 'd')
  await rewriting.durability.flush()
  rewriting.disk.kept = null
  rewriting.say('e')
  await rewriting.durability.flush()
  assert.deepEqual(await kept(rewriting.disk), ['a', 'b', 'c', 'd', 'e'])
})

test('a step that is too large for the journal is kept by a checkpoint', async () => {
  const { disk, storage, durability, say } = await openShop({ mode: 'no' })
  failing(storage, 'append', ['TOOBIG'])
  say('a', 'enormous', 'b')
  await durability.flush()
  assert.deepEqual(await kept(disk), ['a', 'enormous', 'b'])
  say('c')
  await durability.flush()
  assert.deepEqual(await kept(disk), ['a', 'enormous', 'b', 'c'])
})

test('steps that are more than one append takes go in several', async () => {
  const disk = new MemoryDisk()
  const storage = Object.assign(new MemoryStorage(disk), { maxValueBytes: 40 })
  const { durability, say, engine } = await openShop({ mode: 'no' }, disk, storage)
  const calls = counted(storage)
  say(...Array.from({ length: 10 }, (_, index) => `ten bytes${index}`))
  await durability.flush()
  assert.equal(calls.appends, 5)
  assert.deepEqual(await kept(disk), engine.words)
})

test('more steps than are held back for a failing medium are made up for by a checkpoint', async (context) => {
  const pass = stopTime(context)
  const { disk, storage, durability, say, engine } = await openShop({ mode: 'always' })
  failing(storage, 'append', ['QUOTA'])
  say('a')
  await pass(0)
  const large = 'x'.repeat(2 ** 20)
  for (let word = 0; word < 40; word++) say(large)
  await pass(30_000)
  await durability.flush()
  assert.ok(durability.health().pendingBytes < 32 * 2 ** 20)
  assert.equal(disk.kept?.head.baseSeq, 41)
  assert.deepEqual((await kept(disk)).length, engine.words.length)
})

test('steps that become too many to hold back while an append is under way are made up for by a checkpoint too', async () => {
  let release = (): void => undefined
  const { disk, storage, durability, say, engine } = await openShop({ mode: 'always' })
  const append = storage.append.bind(storage)
  storage.append = async (...call) => {
    await new Promise<void>((resolve) => (release = resolve))
    return append(...call)
  }
  say('a')
  await turns(1)
  const large = 'x'.repeat(2 ** 20)
  for (let word = 0; word < 40; word++) {
    say(large)
    await turns(1)
    durability.flush().catch(() => undefined)
  }
  const health = durability.health()
  release()
  await turns(1)
  assert.equal(durability.health().committedSeq, 1)
  storage.append = append
  await durability.flush()
  assert.ok(health.pendingBytes <= 32 * 2 ** 20)
  assert.deepEqual((await kept(disk)).length, engine.words.length)
})

/** The journal that was due was a multiple of the snapshot, and no more than 32 MiB of it were ever there. */
test('without a journal too, steps that become too many to hold back are made up for by a checkpoint', async () => {
  const { disk, durability, say } = await openShop({ mode: 'no' })
  const large = 'x'.repeat(2 ** 20)
  say(...Array<string>(10).fill(large))
  await durability.checkpoint()
  for (let word = 0; word < 40; word++) {
    say(large)
    await turns(1)
  }
  await turns(60)
  assert.ok((disk.kept?.head.baseSeq ?? 0) > 10 + 32 - 1, `the snapshot is of step ${disk.kept?.head.baseSeq}`)
})

test('closing lets go of the lock, even if what is pending cannot be kept', async () => {
  for (const codes of [[], ['QUOTA']] as StorageCode[][]) {
    let releases = 0
    const held = { release: async (): Promise<void> => void releases++ }
    const { storage, durability, say, engine } = await openShop({ mode: 'no', lock: { held, takeAgain: async () => held } })
    failing(storage, 'append', [...codes])
    say('a', 'b', 'c', 'd', 'e')
    const made = durability.checkpoint().catch(() => undefined)
    say('f')
    const [closing] = await Promise.allSettled([durability.close(), made])
    assert.equal(closing.status, codes.length === 0 ? 'fulfilled' : 'rejected')
    await durability.close()
    await assert.rejects(durability.checkpoint(), { code: 'CLOSED' })
    assert.deepEqual([releases, durability.health().state, engine.openWalks], [1, 'closed', 0])
  }
})
