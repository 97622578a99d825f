// The files of a journal: what it is in several of, and when.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import { batchOf } from './batch-of.js'
import { onDisk, step } from './on-disk.js'

const MIB = 2 ** 20

async function lengths(storage: FileStorage): Promise<number[]> {
  const found: number[] = []
  for await (const { length } of storage.readAfter(0)) found.push(length)
  return found
}

/** It was one file, however long: Node reads none of 2 GiB and more, so that the store could not be opened any more. */
test('a journal that grows goes on in another file, across openings, checkpoints and a full disk', async () => {
  const { disk, storage, epoch } = await onDisk()
  const steps = [1, 40, 30, 5].map((mib) => new Uint8Array(mib * MIB))
  const append = (seq: number): Promise<void> => storage.append(epoch, seq, batchOf([steps[seq - 1] ?? step('')]))
  await append(1)
  await storage.checkpoint(epoch, { manifest: step('m'), baseSeq: 0, add: [], drop: [] })
  await append(2)
  // Neither for its head, nor for the step.
  for (const freeBytes of [10, MIB]) {
    disk.freeBytes = freeBytes
    await assert.rejects(append(3), { code: 'QUOTA' })
    disk.freeBytes = Infinity
  }
  await append(3)
  await append(4)
  const files = (await disk.list('/shop')).filter((name) => name.startsWith('journal.'))
  const sizes = await Promise.all(files.map(async (name) => Math.round(((await disk.read(`/shop/${name}`))?.length ?? 0) / MIB)))
  assert.deepEqual(sizes.sort(), [1, 35, 40])
  assert.deepEqual(await lengths(storage), steps.map(({ length }) => length))
  const next = new FileStorage('/shop', disk.afterCrash())
  const opened = await next.open()
  assert.deepEqual([opened.lastSeq, opened.manifest], [4, new Uint8Array(step('m'))])
  assert.deepEqual(await lengths(next), steps.map(({ length }) => length))
  await next.checkpoint(opened.epoch, { manifest: step('m'), baseSeq: 2, add: [], drop: [] })
  assert.deepEqual(await lengths(next), [30 * MIB, 5 * MIB])
})
