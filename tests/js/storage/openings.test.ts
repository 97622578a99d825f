// Several storages that open one store in files at the same time, as they do without a lock, or with one that was stolen.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileSystem } from '../../../pkg-template/src/storage/file-system.js'
import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import type { Checkpoint, Storage } from '../../../pkg-template/src/storage/storage.js'
import { batchOf } from './batch-of.js'
import { ForgetfulDisk } from './forgetful-disk.js'
import { interrupted, onDisk, step, steps } from './on-disk.js'

async function chunkIds(storage: Storage): Promise<number[]> {
  const ids: number[] = []
  for await (const { id } of storage.chunks()) ids.push(id)
  return ids.sort()
}

/** The names were listed before the others were fenced: what was kept in between was in files that the opening did not see. Later it
 *  did see them, and gave the same names to its own. */
for (const [method, name, at] of [['list', '/shop', 2], ['read', '/shop/writer', 1]] as const) {
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
      }, at)
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
      }, at)
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

for (const [method, path, at] of [['list', '/shop', 3], ['write', '/shop/head.2', 1], ['rename', '/shop/head.2', 1]] as const) {
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

test('a store that is made while another storage opens it is no damaged one', async () => {
  const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0 })
  for (const [method, name, at] of [['list', '/new', 2], ['read', '/new/writer', 1]] as const) {
    disk.wipe()
    const late = new FileStorage('/new', interrupted(disk, method, name, async () => {
      const other = new FileStorage('/new', disk)
      await other.append((await other.open()).epoch, 1, batchOf([step('a')]))
    }, at))
    await late.open()
    assert.deepEqual(await steps(late), ['a'])
  }
})

/** Each had its own, and the later one's was put over that which the first one's manifest names: what it had kept was DAMAGED then. */
test('of two storages that find no store one makes it, and the other one opens that', async () => {
  const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0 })
  const first = new FileStorage('/new', disk)
  let made = { storeId: '', epoch: 0 }
  const late = new FileStorage('/new', interrupted(disk, 'read', '/new/writer', async () => {
    made = await first.open()
    await first.checkpoint(made.epoch, { manifest: step('m'), baseSeq: 0, add: [], drop: [] })
  }))
  const { storeId, epoch, manifest } = await late.open()
  assert.deepEqual([storeId, manifest], [made.storeId, new Uint8Array(step('m'))])
  await assert.rejects(first.append(made.epoch, 1, batchOf([step('a')])), { code: 'FENCED' })
  await late.append(epoch, 1, batchOf([step('b')]))
  assert.deepEqual((await disk.list('/new')).sort(), [`head.${epoch}`, `journal.${epoch}.0`, 'writer'])
})

/** The opening failed, and the next one wrote to what then had two names: a kill in the middle of it left a writer that was DAMAGED. */
test('a writer whose second name could not be removed is in place, and the next one is not written over it', async () => {
  const { disk } = await onDisk()
  const remove = disk.remove.bind(disk)
  const link = disk.link.bind(disk)
  disk.link = async (...call) => {
    disk.remove = async () => {
      disk.remove = remove
      throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'rm' })
    }
    return link(...call)
  }
  await disk.remove('/shop')
  let found: Uint8Array | null = null
  const storage = new FileStorage('/shop', interrupted(disk, 'rename', '/shop/writer.', async () => void (found = await disk.read('/shop/writer'))))
  await storage.open()
  const before = await disk.read('/shop/writer')
  const { epoch } = await storage.open()
  assert.deepEqual([epoch, found], [2, before])
  assert.deepEqual((await disk.list('/shop')).sort(), ['head.2', 'writer'])
})

/** It was removed with what killed openings had left, and the opening failed as IO. */
test('an opening whose writer is not in place yet goes on where another one comes between', async () => {
  const { disk, storage, epoch } = await onDisk()
  await storage.append(epoch, 1, batchOf([step('a')]))
  const late = new FileStorage('/shop', interrupted(disk, 'rename', '/shop/writer.', async () => void (await new FileStorage('/shop', disk).open())))
  await late.open()
  assert.deepEqual(await steps(late), ['a'])
  assert.deepEqual((await disk.list('/shop')).filter((name) => /^(claim|writer)\./.test(name)), [])
})

test('what an opening that was killed has left of its writer goes with the openings that follow', async () => {
  const { disk } = await onDisk()
  for (const leftover of ['claim.7', 'writer.0123']) await disk.write(`/shop/${leftover}`, [])
  for (let time = 0; time < 2; time++) await new FileStorage('/shop', disk).open()
  assert.deepEqual((await disk.list('/shop')).sort(), ['head.9', 'writer'])
})
