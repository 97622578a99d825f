import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { nodeFileSystem, type FileSystem } from '../../../pkg-template/src/storage/file-system.js'
import { destroyFiles, FileStorage, listFiles } from '../../../pkg-template/src/storage/files.js'
import { decodeHead, encodeHead } from '../../../pkg-template/src/storage/file-head.js'
import { FORMAT } from '../../../pkg-template/src/storage/rules.js'
import type { Checkpoint, Storage } from '../../../pkg-template/src/storage/storage.js'
import { batchOf } from './batch-of.js'
import { cases, runCase, type World } from './conformance.js'
import { filesWorld, setWriterFormat } from './files-world.js'
import { ForgetfulDisk } from './forgetful-disk.js'

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

async function steps(storage: Storage, seq = 0): Promise<string[]> {
  const all: string[] = []
  for await (const step of storage.readAfter(seq)) all.push(Buffer.from(step).toString())
  return all
}

const step = (text: string): Uint8Array => Buffer.from(text)

/** A store on a disk that does nothing wrong until it is told to. */
async function onDisk(): Promise<{ disk: ForgetfulDisk; storage: FileStorage; epoch: number; reopened: () => Promise<string[]> }> {
  const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0 })
  const storage = new FileStorage('/shop', disk)
  const { epoch } = await storage.open()
  const reopened = async (): Promise<string[]> => {
    const next = new FileStorage('/shop', disk)
    await next.open()
    return steps(next)
  }
  return { disk, storage, epoch, reopened }
}

test('a full disk is told as QUOTA, for steps and chunks, and writing goes on when there is room again', async () => {
  const { disk, storage, epoch, reopened } = await onDisk()
  const checkpoint = { manifest: step('manifest'), baseSeq: 0, add: [{ id: 1, bytes: new Uint8Array(1000) }], drop: [] }
  for (const next of ['a', 'b']) {
    disk.freeBytes = 10
    await assert.rejects(storage.append(epoch, next === 'a' ? 1 : 2, batchOf([step('too much for the disk')])), { code: 'QUOTA' })
    await assert.rejects(storage.checkpoint(epoch, checkpoint), { code: 'QUOTA' })
    disk.freeBytes = Infinity
    await storage.append(epoch, next === 'a' ? 1 : 2, batchOf([step(next)]))
  }
  await storage.checkpoint(epoch, checkpoint)
  assert.deepEqual(await steps(storage), ['a', 'b'])
  assert.deepEqual(await reopened(), ['a', 'b'])
})

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

type Interruptible = 'list' | 'read' | 'write' | 'rename'

/** A disk as one storage sees it, where something comes in between at the `at`-th call of `method` for what begins with `path`: before
 *  what changes something is done, and after what is read was read. */
function interrupted(disk: ForgetfulDisk, method: Interruptible, path: string, between: () => Promise<void>, at = 1): FileSystem {
  let calls = 0
  return new Proxy(disk, {
    get: (target, key: keyof FileSystem) => async (...call: string[]) => {
      const isMeant = key === method && call[0]?.startsWith(path) === true && ++calls === at
      const isChange = method === 'write' || method === 'rename'
      if (isMeant && isChange) await between()
      const answer = await (target[key] as (...call: string[]) => unknown).apply(target, call)
      if (isMeant && !isChange) await between()
      return answer
    },
  })
}

async function chunkIds(storage: Storage): Promise<number[]> {
  const ids: number[] = []
  for await (const { id } of storage.chunks()) ids.push(id)
  return ids.sort()
}

/** The names were listed before the others were fenced: what was kept in between was in files that the opening did not see. Later it
 *  did see them, and gave the same names to its own. */
for (const [method, name] of [['list', '/shop'], ['read', '/shop/writer']] as const) {
  for (const checkpoints of [false, true]) {
    const what = checkpoints ? 'appends, makes a checkpoint' : 'appends'
    test(`an opening during whose ${method} another writer comes, ${what} and goes harms nothing of what that one has kept`, async () => {
      const { disk, storage, epoch, reopened } = await onDisk()
      await storage.append(epoch, 1, batchOf([step('a')]))
      const files = interrupted(disk, method, name, async () => {
        const other = new FileStorage('/shop', disk)
        const opened = await other.open()
        await other.append(opened.epoch, 2, batchOf([step('b')]))
        const checkpoint = { manifest: step('other'), baseSeq: 1, add: [{ id: 1, bytes: step('one') }], drop: [] }
        if (checkpoints) await other.checkpoint(opened.epoch, checkpoint)
        await other.close()
      })
      const late = new FileStorage('/shop', files)
      const opened = await late.open()
      assert.equal(opened.lastSeq, 2)
      assert.deepEqual(await steps(late, 1), ['b'])
      await late.append(opened.epoch, 3, batchOf([step('c')]))
      assert.deepEqual((await reopened()).slice(-2), ['b', 'c'])
      const next = new FileStorage('/shop', disk)
      const again = await next.open()
      const add = [{ id: 2, bytes: step('two') }]
      await next.checkpoint(again.epoch, { manifest: step('next'), baseSeq: 2, add, drop: [] })
      await next.append(again.epoch, 4, batchOf([step('d')]))
      const last = new FileStorage('/shop', disk)
      assert.deepEqual([(await last.open()).lastSeq, await steps(last, 2)], [4, ['c', 'd']])
      assert.deepEqual(await chunkIds(last), checkpoints ? [1, 2] : [2])
      assert.equal((await disk.list('/shop')).some((file) => file.startsWith('claim')), false)
    })

    test(`a writer that opens again is FENCED where, during its ${method}, another one comes, ${what} and goes`, async () => {
      const { disk, reopened } = await onDisk()
      let isArmed = false
      const files = interrupted(disk, method, name, async () => {
        const other = new FileStorage('/shop', disk)
        const opened = await other.open()
        await other.append(opened.epoch, 1, batchOf([step('b')]))
        if (checkpoints) await other.checkpoint(opened.epoch, { manifest: step('m'), baseSeq: 0, add: [], drop: [] })
      })
      const storage = new FileStorage('/shop', new Proxy(disk, {
        get: (target, key: keyof FileSystem) => (isArmed ? files[key] : (target[key] as () => unknown).bind(target)),
      }))
      const first = await storage.open()
      isArmed = true
      await assert.rejects(storage.open(first), { code: 'FENCED' })
      assert.deepEqual(await reopened(), ['b'])
    })
  }
}

test('a checkpoint right after an opening that was overtaken writes to no chunk that is in use', async () => {
  const { disk } = await onDisk()
  const checkpointOf = (text: string, id: number): Checkpoint => ({ manifest: step(text), baseSeq: 0, add: [{ id, bytes: step(text) }], drop: [] })
  const late = new FileStorage('/shop', interrupted(disk, 'read', '/shop/writer', async () => {
    const other = new FileStorage('/shop', disk)
    await other.checkpoint((await other.open()).epoch, checkpointOf('one', 1))
  }))
  const { epoch, manifest } = await late.open()
  assert.deepEqual(manifest, new Uint8Array(step('one')))
  await late.checkpoint(epoch, checkpointOf('two', 2))
  const found: string[] = []
  for await (const { bytes } of late.chunks()) found.push(Buffer.from(bytes).toString())
  assert.deepEqual(found, ['one', 'two'])
})

for (const [method, path, at] of [['list', '/shop', 2], ['write', '/shop/head.2', 1], ['rename', '/shop/head.2', 1]] as const) {
  test(`an opening that is overtaken at a ${method} is FENCED, and puts its head in place of no other`, async () => {
    const { disk, storage, epoch, reopened } = await onDisk()
    await storage.append(epoch, 1, batchOf([step('a')]))
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    let slow = Promise.resolve()
    // Both have read the same epoch.
    const winner = new FileStorage('/shop', interrupted(disk, 'read', '/shop/writer', async () => {
      await new Promise<void>((reached) => {
        const files = interrupted(disk, method, path, () => (reached(), released), at)
        slow = assert.rejects(new FileStorage('/shop', files).open(), { code: 'FENCED' })
      })
    }))
    const opened = await winner.open()
    await winner.append(opened.epoch, 2, batchOf([step('b')]))
    await winner.checkpoint(opened.epoch, { manifest: step('m'), baseSeq: 1, add: [{ id: 1, bytes: step('one') }], drop: [] })
    await winner.append(opened.epoch, 3, batchOf([step('c')]))
    release()
    await slow
    await winner.append(opened.epoch, 4, batchOf([step('d')]))
    assert.deepEqual(await reopened(), ['b', 'c', 'd'])
  })
}

test('of those who make the same empty file one alone is told that it did', async (context) => {
  const path = join(await temporaryFolder(context), 'claim.1')
  const made = await Promise.all([1, 2, 3].map(() => nodeFileSystem.create(path)))
  assert.equal(made.filter(Boolean).length, 1)
})

test('a store that is made while another storage opens it is no damaged one', async () => {
  const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0 })
  for (const [method, name] of [['list', '/new'], ['read', '/new/writer']] as const) {
    disk.wipe()
    const late = new FileStorage('/new', interrupted(disk, method, name, async () => {
      const other = new FileStorage('/new', disk)
      await other.append((await other.open()).epoch, 1, batchOf([step('a')]))
    }))
    await late.open()
    assert.deepEqual(await steps(late), ['a'])
  }
})

test('damage in the middle of the journal is told as DAMAGED, and not cut off as a torn tail is', async () => {
  const { disk, storage, epoch, reopened } = await onDisk()
  for (const [index, text] of ['a', 'b', 'c'].entries()) await storage.append(epoch, index + 1, batchOf([step(text)]))
  disk.damage('/shop/journal.1.0', 40)
  await assert.rejects(reopened(), { code: 'DAMAGED' })
})

test('frames of a version to come are told as UNSUPPORTED, and neither cut off nor removed', async () => {
  const { disk, storage, epoch, reopened } = await onDisk()
  await storage.append(epoch, 1, batchOf([step('a')]))
  const frame = await disk.read('/shop/journal.1.0')
  assert.ok(frame !== null)
  for (const known of [[], [frame]]) {
    const [newer] = [frame.slice()]
    newer[3] = '2'.charCodeAt(0)
    await disk.write('/shop/journal.1.0', [...known, newer])
    await assert.rejects(reopened(), { code: 'UNSUPPORTED' })
    assert.equal((await disk.read('/shop/journal.1.0'))?.length, (1 + known.length) * frame.length)
  }
})

test('a head of a format to come is told as UNSUPPORTED', async () => {
  const { disk, storage, epoch, reopened } = await onDisk()
  await storage.append(epoch, 1, batchOf([step('a')]))
  const { head, manifest } = decodeHead((await disk.read('/shop/head.1')) ?? new Uint8Array(0)) ?? assert.fail('no head')
  await disk.write('/shop/head.1', [encodeHead({ ...head, format: FORMAT + 1 }, manifest)])
  await assert.rejects(reopened(), { code: 'UNSUPPORTED' })
  await disk.write('/shop/head.1', [encodeHead(head, manifest)])
  assert.deepEqual(await reopened(), ['a'])
})

test('damage at the end of a segment that was sealed is told as DAMAGED', async () => {
  const { disk, storage, epoch, reopened } = await onDisk()
  await storage.append(epoch, 1, batchOf([step('a')]))
  assert.deepEqual(await reopened(), ['a'])
  disk.damage('/shop/journal.1.0', 24)
  await assert.rejects(reopened(), { code: 'DAMAGED' })
})

test('a damaged or missing head is told as DAMAGED', async () => {
  const { disk, storage, epoch, reopened } = await onDisk()
  await storage.append(epoch, 1, batchOf([step('a')]))
  disk.damage('/shop/head.1', 20)
  await assert.rejects(reopened(), { code: 'DAMAGED' })
  await disk.remove('/shop/head.1')
  await assert.rejects(reopened(), { code: 'DAMAGED' })
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
