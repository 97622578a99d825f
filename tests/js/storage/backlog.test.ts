import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backlog } from '../../../pkg-template/src/backlog.js'
import { batchBytes, packBatch, unpackBatch, type Batch } from '../../../pkg-template/src/storage/batch.js'
import { batchOf } from './batch-of.js'
import { randomFrom } from './conformance.js'

const steps = (batch: Batch): Uint8Array[] => unpackBatch(packBatch(batch))
const packedBytes = (all: readonly Uint8Array[]): number => batchBytes(batchOf(all))

for (const seed of [1, 2, 3]) {
  test(`a backlog is a queue of steps, however they come and go (seed ${seed})`, () => {
    const random = randomFrom(seed)
    const upTo = (limit: number): number => Math.floor(random() * limit)
    const backlog = new Backlog()
    let model: Uint8Array[] = []
    for (let turn = 0; turn < 400; turn++) {
      // Some are larger than the largest block.
      const size = (): number => (random() < 0.003 ? 1_200_000 : upTo(random() < 0.1 ? 60_000 : 300))
      const more = Array.from({ length: upTo(6) }, () => new Uint8Array(size()).fill(upTo(256)))
      const cut = upTo(more.length + 1)
      backlog.push({ count: more.length, parts: [...batchOf(more.slice(0, cut)).parts, ...batchOf(more.slice(cut)).parts] })
      model.push(...more)
      assert.deepEqual([backlog.count, backlog.bytes], [model.length, packedBytes(model)])

      const most = upTo(4) === 0 ? Infinity : upTo(100_000)
      const first = backlog.first(most)
      let fitting = model.findIndex((_, at) => packedBytes(model.slice(0, at + 1)) > most)
      if (fitting === -1) fitting = model.length
      assert.deepEqual(steps(first), model.slice(0, Math.max(fitting, Math.min(1, model.length))))
      assert.equal(first.count, steps(first).length)

      const gone = upTo(3) === 0 ? first.count : upTo(8)
      assert.equal(backlog.drop(gone), packedBytes(model.slice(0, gone)))
      model = model.slice(gone)
    }
    backlog.clear()
    assert.deepEqual([backlog.count, backlog.bytes, steps(backlog.first(Infinity))], [0, 0, []])
  })
}

test('a record of several steps counts as so many, and stays whole', () => {
  const backlog = new Backlog()
  const [three, two] = [{ steps: 3, record: new Uint8Array(40) }, { steps: 2, record: new Uint8Array(50) }]
  backlog.push(batchOf([three, two, Uint8Array.of(1)]))
  assert.equal(backlog.count, 6)
  assert.deepEqual([backlog.first(60).count, backlog.first(10).count, backlog.first(106).count], [3, 3, 5])
  assert.throws(() => backlog.drop(4), /a record ends after 0/)
})

test('a backlog that is to let go of a part of a record refuses, and stays as it was', () => {
  const backlog = new Backlog()
  const several = (steps: number, bytes: number) => ({ steps, record: new Uint8Array(bytes).fill(steps) })
  // Two blocks, so that there are whole runs before the record.
  const records = [several(2, 3000), several(3, 6000), several(4, 10)]
  for (const record of records) backlog.push(batchOf([record]))
  for (const part of [1, 3, 4, 6, 7, 8]) {
    assert.equal(backlog.areWhole(part), false)
    assert.throws(() => backlog.drop(part), /a record ends after/)
    assert.deepEqual([backlog.count, backlog.bytes], [9, 9010 + 3 * 8])
    assert.deepEqual(steps(backlog.first(Infinity)), records.map(({ record }) => record))
  }
  assert.deepEqual([-1, 0, 2, 5, 9, 10].map((whole) => backlog.areWhole(whole)), Array(6).fill(true))
  assert.equal(backlog.drop(5), 9000 + 2 * 8)
  assert.deepEqual(steps(backlog.first(Infinity)), [records[2]?.record])
})

test('what a backlog has handed out stays as it was while more is pushed, and all is cleared', () => {
  const backlog = new Backlog()
  backlog.push(batchOf([Uint8Array.of(1), Uint8Array.of(2)]))
  const first = backlog.first(Infinity)
  const before = packBatch(first)
  backlog.push(batchOf([Uint8Array.of(3)]))
  assert.deepEqual(steps(backlog.first(Infinity)), [1, 2, 3].map((byte) => Uint8Array.of(byte)))
  backlog.clear()
  for (let byte = 4; byte < 8; byte++) backlog.push(batchOf([new Uint8Array(2000).fill(byte)]))
  assert.deepEqual(packBatch(first), before)
})

test('a backlog fills the blocks again that it is done with, and no others', () => {
  const backlog = new Backlog()
  const step = new Uint8Array(100_000)
  const fill = (): Set<ArrayBufferLike> => {
    for (let count = 0; count < 100; count++) backlog.push(batchOf([step]))
    return new Set(backlog.first(Infinity).parts.map(({ buffer }) => buffer))
  }
  const before = fill()
  backlog.drop(100)
  const reused = [...fill()].filter((buffer) => before.has(buffer))
  assert.ok(reused.length >= 8, `${reused.length} of ${before.size} blocks`)
  // The second half is still on its way when more is pushed.
  backlog.drop(50)
  const onTheWay = backlog.first(Infinity)
  const there = packBatch(onTheWay)
  backlog.push(batchOf(Array.from({ length: 100 }, () => step.fill(7).slice())))
  assert.deepEqual(packBatch(onTheWay), there)
})
