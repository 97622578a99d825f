// A disk that has no room: what was kept stays, and it goes on when there is room again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Durability } from '../../../pkg-template/src/durability.js'
import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import type { Opened } from '../../../pkg-template/src/storage/storage.js'
import { batchOf } from './batch-of.js'
import { ForgetfulDisk } from './forgetful-disk.js'
import { interrupted, onDisk, step, steps } from './on-disk.js'
import { WordEngine } from './word-engine.js'

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

/** As some file systems do: those of a network, and those that give out blocks when they are written. */
const fullAtSync = (disk: ForgetfulDisk): void => void (disk.failNextSync = 'ENOSPC')
const fullAtWrite = (disk: ForgetfulDisk): void => void (disk.freeBytes = 10)

for (const [when, fill] of [['write', fullAtWrite], ['sync', fullAtSync]] as const) {
  for (const before of [0, 1]) {
    /** The frame was there whole, and the next writer had sealed it with what it counts; then the one before cut it off. */
    test(`what a ${when} on a full disk leaves of step ${before + 1} is cut off under no later writer`, async () => {
      const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0 })
      const other = new FileStorage('/shop', disk)
      let opened: Promise<Opened> | null = null
      const comesBetween = (): Promise<Opened> => {
        disk.freeBytes = Infinity
        return (opened ??= other.open())
      }
      const storage = new FileStorage('/shop', interrupted(disk, before === 0 ? 'remove' : 'truncate', '/shop/journal.1.0', comesBetween))
      const { epoch } = await storage.open()
      for (let seq = 1; seq <= before; seq++) await storage.append(epoch, seq, batchOf([step('kept')]))
      fill(disk)
      await assert.rejects(storage.append(epoch, before + 1, batchOf([step('too much for it')])), { code: 'QUOTA' })
      const { lastSeq } = await comesBetween()
      const found = await steps(other)
      assert.deepEqual(found.slice(0, before), Array(before).fill('kept'))
      assert.equal(lastSeq, found.length)
    })
  }
}

test('a disk that is full when it syncs is told as QUOTA, and its steps are kept once there is room', async () => {
  const { disk, storage } = await onDisk()
  const engine = new WordEngine()
  const durability = await Durability.open(storage, engine, { mode: 'no' })
  engine.say('a')
  await durability.flush()
  engine.say('b')
  fullAtSync(disk)
  await assert.rejects(durability.flush(), { code: 'QUOTA' })
  assert.equal(durability.health().state, 'full')
  await durability.flush()
  engine.say('c')
  await durability.flush()
  const found = new WordEngine()
  await Durability.open(new FileStorage('/shop', disk.afterCrash()), found)
  assert.deepEqual([found.words, durability.health().state], [['a', 'b', 'c'], 'ok'])
  await durability.close()
})
