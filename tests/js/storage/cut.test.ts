// Stores in files whose journal is damaged, and that somebody opens with the steps before that: by doing what the error says.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import { batchOf } from './batch-of.js'
import type { ForgetfulDisk } from './forgetful-disk.js'
import { onDisk, step, steps } from './on-disk.js'

const WORDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']

interface Shop {
  readonly disk: ForgetfulDisk
  /** Of each step in its journal. */
  readonly frameBytes: number
  readonly open: () => Promise<{ storage: FileStorage; epoch: number; words: string[]; cutSteps: number | undefined }>
  /** What an opening says that fails as DAMAGED. */
  readonly refusal: () => Promise<string>
}

/** A store of three journals with three steps each, of which the last is not sealed yet. */
async function threeJournals(): Promise<Shop> {
  const { disk, ...first } = await onDisk()
  const open: Shop['open'] = async () => {
    const storage = new FileStorage('/shop', disk)
    const { epoch, cutSteps } = await storage.open()
    return { storage, epoch, cutSteps, words: await steps(storage) }
  }
  let { storage, epoch } = first
  for (const [index, word] of WORDS.entries()) {
    if (index > 0 && index % 3 === 0) ({ storage, epoch } = await open())
    await storage.append(epoch, index + 1, batchOf([step(word)]))
  }
  const refusal: Shop['refusal'] = async () => {
    const error = await open().then(() => assert.fail('opened'), (failure: Error & { code?: string }) => failure)
    assert.equal(error.code, 'DAMAGED')
    return error.message
  }
  return { disk, frameBytes: ((await disk.read('/shop/journal.1.0'))?.length ?? 0) / 3, open, refusal }
}

/** Does what the message asks for. Gives the last step that the store is to open with. */
async function obey(disk: ForgetfulDisk, message: string): Promise<number> {
  const said = /^(\S+) is .*: the steps up to (\d+)(?: of \d+)? can be read; to open .* alone, (.*)$/
  const asked = /^(cut that file off there, to|rename it to|put an empty file there as|move) ([^\s,]+(?:, [^\s,]+)*)/
  const [, path = '', seq, todo = ''] = said.exec(message) ?? []
  for (const one of todo.split(', and ')) {
    const [, verb, what = ''] = asked.exec(one) ?? []
    if (verb?.startsWith('cut')) await disk.truncate(path, Number(what))
    else if (verb === 'rename it to') await disk.rename(path, `/shop/${what}`)
    else if (verb?.startsWith('put')) await disk.write(`/shop/${what}`, [])
    else if (verb === 'move') for (const name of what.split(', ')) await disk.rename(`/shop/${name}`, `/moved.${name}`)
    else assert.fail(one)
  }
  return Number(seq)
}

const MISHAPS: Record<string, (shop: Shop, path: string) => Promise<void>> = {
  'has a byte that has gone bad in its second step': async ({ disk, frameBytes }, path) => disk.damage(path, frameBytes + 23),
  'has a byte that has gone bad in its first step': async ({ disk }, path) => disk.damage(path, 23),
  'is short by seven bytes': ({ disk, frameBytes }, path) => disk.truncate(path, 3 * frameBytes - 7),
  'is short by a whole step': ({ disk, frameBytes }, path) => disk.truncate(path, 2 * frameBytes),
  'is empty': ({ disk }, path) => disk.truncate(path, 0),
  'is missing': ({ disk }, path) => disk.remove(path),
}

/** All that was left was to delete the store, as it said the same of a file that had been cut off. */
for (const [what, befall] of Object.entries(MISHAPS)) {
  for (const index of [0, 1, 2]) {
    test(`a store whose journal ${index + 1} of 3 ${what} opens with the steps before, once somebody does what the error says`, async () => {
      const shop = await threeJournals()
      const { disk, open, refusal } = shop
      // The last one is sealed, too.
      await open()
      const path = `/shop/journal.${index + 1}.0`
      const later = await Promise.all(WORDS.slice(index + 1, 3).map((_, at) => disk.read(`/shop/journal.${index + 2 + at}.0`)))
      await befall(shop, path)
      const message = await refusal()
      assert.ok(message.startsWith(`${path} is `), message)
      assert.equal(await refusal(), message, 'nothing is given up because it is opened again')
      const seq = await obey(disk, message)
      const cut = await open()
      assert.deepEqual([cut.words, cut.cutSteps], [WORDS.slice(0, seq), WORDS.length - seq])
      const lost = what.includes('first') || what === 'is empty' || what === 'is missing' ? 3 : what.includes('second') ? 2 : 1
      assert.equal(seq, 3 * (index + 1) - lost)
      await cut.storage.append(cut.epoch, seq + 1, batchOf([step('new')]))
      const crashed = new FileStorage('/shop', disk.afterCrash())
      assert.deepEqual([(await crashed.open()).cutSteps, await steps(crashed)], [0, [...cut.words, 'new']])
      const moved = await Promise.all(later.map((_, at) => disk.read(`/moved.journal.${index + 2 + at}.0`)))
      assert.deepEqual(moved, later, 'what was moved away')
    })
  }
}

test('the error says which file, which byte, which steps, and what to do', async () => {
  const { disk, frameBytes, refusal } = await threeJournals()
  disk.damage('/shop/journal.2.0', frameBytes + 23)
  const steps = 'the steps up to 4 of 9 can be read; to open the store with these alone'
  const todo = `cut that file off there, to ${frameBytes} bytes, and rename it to journal.2.0.cut, and move journal.3.0 out of that folder`
  assert.equal(await refusal(), `/shop/journal.2.0 is damaged at byte ${frameBytes} of ${3 * frameBytes}: ${steps}, ${todo}`)
})

test('a journal that was cut off can be cut off again', async () => {
  const { disk, frameBytes, open, refusal } = await threeJournals()
  for (const seq of [5, 4]) {
    const file = (await disk.list('/shop')).filter((name) => name.startsWith('journal.2.')).at(-1)
    disk.damage(`/shop/${file}`, (seq - 3) * frameBytes + 23)
    assert.equal(await obey(disk, await refusal()), seq)
    assert.deepEqual((await open()).words, WORDS.slice(0, seq))
  }
})

test('what is done by halves opens nothing, and the error says what is left to do', async () => {
  const { disk, frameBytes, open, refusal } = await threeJournals()
  disk.damage('/shop/journal.2.0', frameBytes + 23)
  await refusal()
  await disk.rename('/shop/journal.2.0', '/shop/journal.2.0.cut')
  assert.match(await refusal(), /journal\.2\.0\.cut takes the place of journal\.3\.0: move journal\.3\.0 out of that folder$/)
  await disk.rename('/shop/journal.3.0', '/moved')
  assert.match(await refusal(), new RegExp(`with these alone, cut that file off there, to ${frameBytes} bytes$`))
  await disk.truncate('/shop/journal.2.0.cut', frameBytes)
  assert.deepEqual((await open()).words, ['a', 'b', 'c', 'd'])
})

test('a snapshot that holds more than what can be read of the journal is what the store opens with', async () => {
  const { disk, open, refusal } = await threeJournals()
  const { storage, epoch } = await open()
  await storage.checkpoint(epoch, { manifest: step('m'), baseSeq: 5, add: [], drop: [] })
  assert.ok(!(await disk.list('/shop')).includes('journal.1.0'))
  disk.damage('/shop/journal.2.0', 23)
  const next = new FileStorage('/shop', disk)
  await next.open()
  await assert.rejects(steps(next, 5), /: the steps up to 5 of 9 can be read;/)
  assert.equal(await obey(disk, await refusal()), 5)
  const { lastSeq, manifest } = await new FileStorage('/shop', disk).open()
  assert.deepEqual([lastSeq, manifest], [5, new Uint8Array(step('m'))])
})

/** As DAMAGED it would delete the folder after some tries, with what lies there. */
test('a writer that has all in memory opens its store again, whatever somebody puts there', async () => {
  const { disk, open } = await threeJournals()
  const { storage, epoch } = await open()
  await disk.write('/shop/journal.1.0.cut', [])
  const { storeId } = JSON.parse(Buffer.from((await disk.read('/shop/writer')) ?? []).toString()) as { storeId: string }
  assert.equal((await storage.open({ storeId, epoch }, true)).lastSeq, WORDS.length)
})

test('copies that somebody makes of the files of a store stay there', async () => {
  const { disk, open } = await threeJournals()
  const copies = ['journal.1.0.bak', 'journal.3.0 (copy)', 'head.1.old', 'journal.1.0~']
  for (const name of copies) await disk.write(`/shop/${name}`, [step(name)])
  assert.deepEqual((await open()).words, WORDS)
  const names = await disk.list('/shop')
  assert.deepEqual(copies.filter((name) => names.includes(name)), copies)
})

for (const file of ['head.3', 'writer']) {
  test(`where ${file} is damaged or missing, without which nothing can be read, the error says what is left to do`, async () => {
    const { disk, refusal } = await threeJournals()
    const wayOut = /nothing of the store can be read: restore its folder from a backup, or give it up by destroy\(\)$/
    disk.damage(`/shop/${file}`, 0)
    assert.match(await refusal(), wayOut)
    await disk.remove(`/shop/${file}`)
    assert.match(await refusal(), wayOut)
  })
}
