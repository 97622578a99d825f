// What a Worker outside of Durable Objects may rely on.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Miniflare } from 'miniflare'
import { Worker } from './worker.js'

const CLASSES = {
  KEY_VALUE: { className: 'KeyValueStore', useSQLite: false },
  SQLITE: { className: 'SqliteStore', useSQLite: true },
}

let app: Worker
let workerd: Miniflare

before(async () => {
  app = await Worker.build('probe')
  workerd = app.start({ durableObjects: CLASSES })
})
after(async () => {
  await workerd.dispose()
  await app[Symbol.asyncDispose]()
})

async function ask<T>(question: string): Promise<T> {
  const response = await workerd.dispatchFetch(`http://localhost/${question}`)
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as T
}

test('the import makes no instance of the wasm, and opening a store makes one', async () => {
  assert.deepEqual(await ask('instances'), [0, 1])
})

test('commands that wait are refused with the reason, and answer at once where they are called', async () => {
  const refusal = 'ERR: ERR nothing can wait in a Worker: open the store in a Durable Object'
  assert.deepEqual(await ask('waiting'), [refusal, refusal, refusal, ['jobs', 'one'], null])
})

test('a store that is to be kept is refused where there is nothing to keep it in', async () => {
  assert.deepEqual(await ask('keptStore'), [
    "ERR: ERR a Worker keeps stores in a Durable Object alone: pass { storage: ctx.storage }, or open 'memory:'",
  ])
})

test('a store may come to 64 MB, and refuses to grow beyond that', async () => {
  const settings = await ask<Record<string, string>>('settings')
  assert.deepEqual([settings['maxmemory'], settings['maxmemory-policy']], [String(64 * 2 ** 20), 'noeviction'])
  const { values, answer } = await ask<{ values: number; answer: string }>('fill')
  assert.match(answer, /^OOM: /)
  assert.ok(values > 60 && values < 64, `${values} values of 1 MB`)
})

test('while the clock stands no key expires, and once it moves the key is gone', async () => {
  assert.deepEqual(await ask('standingClock'), { during: 'value', after: null })
})

// There are no timers to do it: rate limits for clients that never came back filled the store until it refused to grow.
test('keys whose time is over are cleared away by the commands that follow', async () => {
  assert.deepEqual(await ask('forgotten'), [1, 'x'])
})
