// What a store finds when it is opened, and what it says of what it does not find.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Durability } from '../../../pkg-template/src/durability.js'
import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import { MemoryStorage } from '../../../pkg-template/src/storage/memory.js'
import type { Storage } from '../../../pkg-template/src/storage/storage.js'
import { randomFrom } from './conformance.js'
import { ForgetfulDisk } from './forgetful-disk.js'
import { openShop, turns } from './shop.js'
import { FLUSH, WordEngine } from './word-engine.js'

test('chunks that are missing at the start are named, and cost no others', async () => {
  const { disk, durability, say } = await openShop({ mode: 'no' })
  say('a', 'b', 'c', 'd', 'e', 'f', 'g')
  await durability.checkpoint()
  disk.kept?.chunks.delete(1)
  const { engine, durability: next } = await openShop({}, disk)
  assert.deepEqual([engine.words, next.health().losses], [['a', 'b', 'c', 'g'], { chunks: [1], keys: 3, names: [], tornBytes: 0, cutSteps: 0 }])
})

test('a journal that does not lead up to the last step is told as DAMAGED', async () => {
  const { disk, durability, say } = await openShop({ mode: 'no' })
  for (const word of ['a', 'b', 'c']) {
    say(word)
    await durability.flush()
  }
  disk.kept?.journal.delete(2)
  await assert.rejects(openShop({}, disk), { code: 'DAMAGED' })
})

/** It was told as DAMAGED, for which a store is to be deleted; or as keys that are lost, where no step came after the snapshot. */
for (const [method, steps] of [['chunks', []], ['chunks', ['e']], ['readAfter', ['e']]] as const) {
  test(`a restoring is FENCED where another writer takes away what its ${method} would read, with ${steps.length} steps in the journal`, async () => {
    const { disk, durability, say } = await openShop({ mode: 'no' })
    say('a', 'b', 'c', 'd')
    await durability.checkpoint()
    say(...steps)
    await durability.flush()
    const storage: Storage = new MemoryStorage(disk)
    const read = storage[method].bind(storage) as (seq: number) => AsyncIterable<never>
    async function* between(seq: number): AsyncIterable<never> {
      const other = await openShop({ mode: 'no' }, disk)
      other.say('f')
      await other.durability.checkpoint()
      yield* read(seq)
    }
    Object.assign(storage, { [method]: between })
    await assert.rejects(Durability.open(storage, new WordEngine(), { mode: 'no' }), { code: 'FENCED' })
  })
}

/** The words that are left by steps. */
function afterSteps(steps: readonly string[]): readonly string[] {
  return steps.slice(steps.lastIndexOf(FLUSH) + 1)
}

test('whenever the power fails, what was flushed is there, and nothing that was not said', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed)
    let disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random })
    let said: string[] = []
    for (let life = 0; life < 6; life++) {
      const engine = new WordEngine()
      const durability = await Durability.open(new FileStorage('/stores/shop', disk), engine, { mode: 'always', checkpointBytes: 200 })
      let flushed = engine.seq()
      for (let turn = 0; turn < 25; turn++) {
        for (let word = random() * 4; word >= 1; word--) {
          said.push(random() < 0.03 ? FLUSH : `word ${said.length}`)
          engine.say(said.at(-1) ?? '')
          durability.poke()
        }
        if (random() < 0.3) {
          const seq = engine.seq()
          await durability.flush()
          flushed = seq
        } else if (random() < 0.3) await turns(1)
      }
      const crashed = disk.afterCrash()
      await durability.close()
      disk = crashed
      const found = new WordEngine()
      await (await Durability.open(new FileStorage('/stores/shop', disk), found)).close()
      assert.ok(found.seq() >= flushed, `seed ${seed}: ${flushed} steps were flushed, ${found.seq()} are there`)
      said = said.slice(0, found.seq())
      assert.deepEqual(found.words, afterSteps(said), `seed ${seed}`)
    }
  }
})
