// Bytes of a store in files that are not what was written there: some a crash has left, and the others have gone bad.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHead, encodeHead } from '../../../pkg-template/src/storage/file-head.js'
import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import { FORMAT } from '../../../pkg-template/src/storage/rules.js'
import { batchOf } from './batch-of.js'
import { randomFrom } from './conformance.js'
import { onDisk, step } from './on-disk.js'

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
    newer[4]! ^= 1
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

/** The journal of two steps, and where the second one begins. */
async function twoSteps(): Promise<Awaited<ReturnType<typeof onDisk>> & { journal: Uint8Array; from: number }> {
  const shop = await onDisk()
  await shop.storage.append(shop.epoch, 1, batchOf([step('a')]))
  const from = (await shop.disk.read('/shop/journal.1.0'))?.length ?? 0
  // No zeros in it that are a sector long.
  await shop.storage.append(shop.epoch, 2, batchOf([step('the words of the second step '.repeat(100))]))
  return { ...shop, from, journal: (await shop.disk.read('/shop/journal.1.0')) ?? assert.fail('no journal') }
}

/** It was taken for torn, and cut off without a word: a step that had been acknowledged. */
test('a byte of the last step that has gone bad is told as DAMAGED, whichever it is', async () => {
  const { disk, journal, from, reopened } = await twoSteps()
  const random = randomFrom(1)
  const some = Array.from({ length: 60 }, () => from + Math.floor(random() * (journal.length - from)))
  for (const at of [...Array.from({ length: 32 }, (_, index) => from + index), ...some]) {
    const damaged = journal.slice()
    damaged[at]! ^= 1 << Math.floor(random() * 8)
    await disk.write('/shop/journal.1.0', [damaged])
    await assert.rejects(reopened(), { code: 'DAMAGED' }, `byte ${at - from} of it`)
  }
  await disk.write('/shop/journal.1.0', [journal])
  assert.equal((await reopened()).length, 2)
})

/** A disk may leave old blocks where it did not come to, which cannot be told from bytes that have gone bad. */
test('a journal whose end is DAMAGED opens with the steps before once it is cut off where the error says', async () => {
  for (const bad of ['in the middle', 'at the end', 'at the start']) {
    const { disk, journal, from, reopened } = await twoSteps()
    disk.damage('/shop/journal.1.0', { 'in the middle': from + 900, 'at the end': journal.length - 1, 'at the start': 3 }[bad] ?? 0)
    const error = await reopened().then(() => assert.fail('opened'), (error: Error) => error)
    const [, path = '', at, seq] = /^(\S+) is damaged at byte (\d+) of \d+: the steps up to (\d+) can be read/.exec(error.message) ?? []
    await disk.truncate(path, Number(at))
    const words = await reopened()
    assert.deepEqual([path, words.length], ['/shop/journal.1.0', Number(seq)])
    assert.deepEqual(words, bad === 'at the start' ? [] : ['a'])
  }
})

test('what a crash leaves of the last step is cut off, and how much that is is told', async () => {
  const { journal, from } = await twoSteps()
  const cut = Array.from({ length: journal.length - from }, (_, length) => journal.slice(0, from + length))
  const sectors = Array.from({ length: Math.ceil(journal.length / 512) - 1 }, (_, sector) => {
    // Its length came to the disk, and one of its sectors did not.
    const zeroed = journal.slice()
    return zeroed.fill(0, Math.max(from, sector * 512), (sector + 1) * 512)
  })
  for (const [index, torn] of [...cut, ...sectors].entries()) {
    const { disk, storage, epoch } = await onDisk()
    await storage.append(epoch, 1, batchOf([step('a')]))
    await disk.write('/shop/journal.1.0', [torn])
    const { lastSeq, tornBytes } = await new FileStorage('/shop', disk).open()
    assert.deepEqual([lastSeq, tornBytes], [1, torn.length - from], `the ${index}th of them`)
  }
})

/** The frames in the value were taken for steps behind a torn one: a process that was killed in the middle of it left a store that was DAMAGED. */
test('a step that a crash has cut is cut off, though its value holds the journal of this store or of another', async () => {
  const { journal, from } = await twoSteps()
  const other = await onDisk()
  for (let seq = 1; seq <= 20; seq++) await other.storage.append(other.epoch, seq, batchOf([step(`step ${seq}`)]))
  const otherJournal = (await other.disk.read('/shop/journal.1.0')) ?? assert.fail('no journal')
  for (const copy of [journal, otherJournal]) {
    const value = Buffer.concat([step('backup '), copy, copy, step('the end')])
    for (const cutBytes of [1, 7, copy.length, value.length]) {
      const { disk, storage, epoch } = await onDisk()
      await storage.append(epoch, 1, batchOf([step('a')]))
      await storage.append(epoch, 2, batchOf([step('b'), value]))
      const whole = (await disk.read('/shop/journal.1.0')) ?? assert.fail('no journal')
      await disk.write('/shop/journal.1.0', [whole.subarray(0, whole.length - cutBytes)])
      const { lastSeq, tornBytes } = await new FileStorage('/shop', disk).open()
      assert.deepEqual([lastSeq, tornBytes], [1, whole.length - cutBytes - from], `${cutBytes} bytes are missing`)
    }
  }
})

test('a step in the middle of which any byte of the header has gone bad is DAMAGED, whatever length it says', async () => {
  const { disk, journal, from, storage, epoch, reopened } = await twoSteps()
  await storage.append(epoch, 3, batchOf([step('c')]))
  await storage.append(epoch, 4, batchOf([step('d')]))
  const whole = (await disk.read('/shop/journal.1.0')) ?? assert.fail('no journal')
  assert.ok(whole.length > journal.length)
  for (let bit = 0; bit < 20 * 8; bit++) {
    const damaged = whole.slice()
    damaged[from + (bit >> 3)]! ^= 1 << (bit & 7)
    await disk.write('/shop/journal.1.0', [damaged])
    await assert.rejects(reopened(), { code: 'DAMAGED' }, `bit ${bit}`)
  }
  // Both length and seq.
  await disk.write('/shop/journal.1.0', [whole.slice().fill(0xa5, from + 8, from + 20)])
  await assert.rejects(reopened(), { code: 'DAMAGED' })
})
