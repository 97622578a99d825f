import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { nodeFileSystem } from '../../../pkg-template/src/storage/file-system.js'
import { destroyFiles, FileStorage, listFiles } from '../../../pkg-template/src/storage/files.js'
import { batchOf } from './batch-of.js'
import { cases, runCase, type World } from './conformance.js'
import { filesWorld, setWriterFormat } from './files-world.js'
import { ForgetfulDisk } from './forgetful-disk.js'
import { onDisk, step, steps } from './on-disk.js'

/** Crashes are drawn anew for each: a torn frame, a lost name, a file of zeros. */
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)

for (const one of cases) {
  test(`files on a disk that forgets: ${one.name}`, async () => {
    for (const seed of SEEDS) {
      const { failure } = await runCase(one, () => filesWorld(seed))
      assert.equal(failure, null, `seed ${seed}`)
    }
  })
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

for (const one of cases.filter(({ name }) => !name.includes('cut by a crash'))) {
  test(`files in a real folder: ${one.name}`, async (context) => {
    const directory = join(await temporaryFolder(context), 'shop')
    // Nothing of the process dies here: what this shows is that Node's file system is the one that the backend was made for.
    const world: World = {
      notifies: true,
      connect: () => new FileStorage(directory),
      crash: async () => undefined,
      crashDuring: async () => false,
      wipe: () => rm(directory, { recursive: true }),
      setFormat: (format) => setWriterFormat(nodeFileSystem, directory, format),
      dispose: async () => undefined,
    }
    assert.equal((await runCase(one, async () => world)).failure, null)
  })
}

for (const ignored of ['bytes', 'names'] as const) {
  test(`the conformance suite fails files whose ${ignored} are not synced`, async () => {
    const one = cases.find(({ name }) => name === 'an append that resolved survives a crash')
    assert.ok(one !== undefined)
    const outcomes = await Promise.all(SEEDS.map((seed) => runCase(one, () => filesWorld(seed, ignored))))
    assert.ok(outcomes.some(({ failure }) => failure !== null))
  })
}

test('a write that fails halfway fails as IO, and so does every write until the store is opened anew', async () => {
  const { disk, storage, epoch } = await onDisk()
  await storage.append(epoch, 1, batchOf([step('a')]))
  disk.failNextWrite = 'EIO'
  await assert.rejects(storage.append(epoch, 2, batchOf([step('b')])), { code: 'IO' })
  await assert.rejects(storage.append(epoch, 2, batchOf([step('b')])), { code: 'IO' })
  const again = await storage.open()
  assert.equal(again.lastSeq, 1)
  await storage.append(again.epoch, 2, batchOf([step('c')]))
  assert.deepEqual(await steps(storage), ['a', 'c'])
})

/** The opening took over what the system alone had, under a head that said how much that is: the store was DAMAGED then. */
test('what a writer had not synced when it was killed is on the disk once the store is open', async () => {
  let passesLeft = Infinity
  const pass = (): Promise<void> => (passesLeft-- > 0 ? Promise.resolve() : new Promise(() => undefined))
  const disk = new ForgetfulDisk({ pass, random: () => 0 })
  const killed = new FileStorage('/shop', disk)
  const { epoch } = await killed.open()
  await killed.append(epoch, 1, batchOf([step('a')]))
  // Up to the sync, which never comes.
  passesLeft = 2
  void killed.append(epoch, 2, batchOf([step('b')]))
  await new Promise((resolve) => setImmediate(resolve))
  passesLeft = Infinity
  const next = new FileStorage('/shop', disk)
  const opened = await next.open()
  assert.equal(opened.lastSeq, 2)
  await next.append(opened.epoch, 3, batchOf([step('c')]))
  const afterPowerCut = new FileStorage('/shop', disk.afterCrash())
  assert.equal((await afterPowerCut.open()).lastSeq, 3)
  assert.deepEqual(await steps(afterPowerCut), ['a', 'b', 'c'])
})

test('what a failed sync did not write is written elsewhere, where the store says that it is kept', async () => {
  const { disk, storage, epoch } = await onDisk()
  await storage.append(epoch, 1, batchOf([step('a')]))
  disk.failNextSync = 'EIO'
  await assert.rejects(storage.append(epoch, 2, batchOf([step('b')])), { code: 'IO' })
  const again = await storage.open()
  await storage.append(again.epoch, again.lastSeq + 1, batchOf([step('c')]))
  const afterPowerCut = new FileStorage('/shop', disk.afterCrash())
  await afterPowerCut.open()
  assert.deepEqual(await steps(afterPowerCut), again.lastSeq === 2 ? ['a', 'b', 'c'] : ['a', 'c'])
})

for (const during of ['append', 'opening'] as const) {
  test(`what a failed sync did not write during an ${during} is not trusted by the next storage of the process`, async () => {
    let passesLeft = Infinity
    const pass = (): Promise<void> => (passesLeft-- > 0 ? Promise.resolve() : new Promise(() => undefined))
    const disk = new ForgetfulDisk({ pass, random: () => 0 })
    const storage = new FileStorage('/shop', disk)
    const { epoch } = await storage.open()
    await storage.append(epoch, 1, batchOf([step('a')]))
    if (during === 'append') {
      disk.failNextSync = 'EIO'
      await assert.rejects(storage.append(epoch, 2, batchOf([step('b')])), { code: 'IO' })
      await storage.close()
    } else {
      // Up to the sync, which never comes.
      passesLeft = 2
      void storage.append(epoch, 2, batchOf([step('b')]))
      await new Promise((resolve) => setImmediate(resolve))
      passesLeft = Infinity
      const append = disk.append.bind(disk)
      disk.append = (...call) => {
        disk.append = append
        disk.failNextSync = 'EIO'
        return append(...call)
      }
      await assert.rejects(new FileStorage('/shop', disk).open(), { code: 'IO' })
    }
    const next = new FileStorage('/shop', disk)
    const opened = await next.open()
    assert.equal(opened.lastSeq, 2)
    await next.append(opened.epoch, 3, batchOf([step('c')]))
    const afterPowerCut = new FileStorage('/shop', disk.afterCrash())
    await afterPowerCut.open()
    assert.deepEqual(await steps(afterPowerCut), ['a', 'b', 'c'])
  })
}

test('of those who make the same empty file one alone is told that it did', async (context) => {
  const path = join(await temporaryFolder(context), 'claim.1')
  const made = await Promise.all([1, 2, 3].map(() => nodeFileSystem.create(path)))
  assert.equal(made.filter(Boolean).length, 1)
})

test('a chunk that the disk has lost is left out, and costs no other', async () => {
  const { disk, storage, epoch } = await onDisk()
  const add = [1, 2, 3].map((id) => ({ id, bytes: step(String(id)) }))
  await storage.checkpoint(epoch, { manifest: step('m'), baseSeq: 0, add, drop: [] })
  await disk.remove('/shop/chunk.1.2')
  const ids: number[] = []
  for await (const { id } of storage.chunks()) ids.push(id)
  assert.deepEqual(ids, [1, 3])
})

test('files that nothing refers to are gone after the next opening', async (context) => {
  const directory = join(await temporaryFolder(context), 'shop')
  const storage = new FileStorage(directory)
  const { epoch } = await storage.open()
  for (let base = 1; base <= 5; base++) {
    await storage.append(epoch, base, batchOf([step(String(base))]))
    const add = [{ id: base, bytes: step('chunk') }]
    await storage.checkpoint(epoch, { manifest: step('m'), baseSeq: base, add, drop: [base - 1] })
  }
  assert.equal((await readdir(directory)).length, 3)
  for (const leftover of ['chunk.1.77', 'head.1.abc', 'journal.1.99']) await writeFile(join(directory, leftover), 'x')
  await new FileStorage(directory).open()
  assert.deepEqual((await readdir(directory)).map((name) => name.replace(/\d.*/, '')).sort(), ['chunk.', 'head.', 'writer'])
})

test('list gives the names of the stores and destroy takes one away', async (context) => {
  const folder = await temporaryFolder(context)
  for (const name of ['b', 'a']) await new FileStorage(join(folder, name)).open()
  await writeFile(join(folder, 'no store'), '')
  assert.deepEqual(await listFiles(folder), ['a', 'b'])
  await destroyFiles(join(folder, 'a'))
  await destroyFiles(join(folder, 'never made'))
  assert.deepEqual(await listFiles(folder), ['b'])
  assert.deepEqual(await listFiles(join(folder, 'missing')), [])
})

test('a process that is killed while it appends loses no step that it was told is kept', async (context) => {
  const directory = join(await temporaryFolder(context), 'shop')
  let kept = 0
  for (let round = 0; round < 8; round++) {
    const child = fork(fileURLToPath(new URL('append-forever.ts', import.meta.url)), [directory], {
      execArgv: ['--import', 'tsx'],
    })
    let acknowledged = 0
    child.on('message', (seq) => (acknowledged = Number(seq)))
    const closed = new Promise((resolve) => child.on('close', resolve))
    while (acknowledged < kept + 20 + round * 7) await new Promise((resolve) => setTimeout(resolve, 1))
    child.kill('SIGKILL')
    await closed
    const storage = new FileStorage(directory)
    const { lastSeq } = await storage.open()
    assert.ok(lastSeq >= acknowledged, `${acknowledged} was acknowledged, ${lastSeq} is the last`)
    const found = await steps(storage)
    assert.deepEqual(found, Array.from({ length: lastSeq }, (_, index) => `step ${index + 1}`))
    kept = lastSeq
  }
})
