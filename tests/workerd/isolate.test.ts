// The Worker of the README: a rate limit and a cache in the memory of an isolate.

import assert from 'node:assert/strict'
import { after, before, beforeEach, afterEach, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Miniflare } from 'miniflare'
import { Worker } from './worker.js'

let app: Worker
let workerd: Miniflare

before(async () => {
  app = await Worker.build('isolate')
})
after(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  workerd = app.start()
})
afterEach(() => workerd.dispose())

interface Answer {
  readonly status: number
  readonly cache: string | null
  readonly retryAfter: number
  readonly text: string
}

async function get(path: string, client: string): Promise<Answer> {
  const response = await workerd.dispatchFetch(`http://localhost${path}`, { headers: { 'cf-connecting-ip': client } })
  const { status, headers } = response
  return { status, cache: headers.get('x-cache'), retryAfter: Number(headers.get('retry-after')), text: await response.text() }
}

test('wrangler uploads the wasm as a module of its own, once', async () => {
  const names = await app.uploads()
  assert.deepEqual(names.map((name) => name.replace(/^[0-9a-f]{40}-/, '')).sort(), ['index.js', 'nookdb_bg.wasm'])
})

test('a client that has used up its requests is refused until the window ends, and others are served meanwhile', async () => {
  const statuses: number[] = []
  for (let request = 0; request < 7; request++) statuses.push((await get('/', '192.0.2.1')).status)
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429])
  const { retryAfter } = await get('/', '192.0.2.1')
  assert.ok(retryAfter >= 0 && retryAfter <= 2, `retry-after: ${retryAfter}`)
  assert.equal((await get('/', '192.0.2.2')).status, 200)
  await pause(2100)
  assert.equal((await get('/', '192.0.2.1')).status, 200)
})

test('no request of a burst gets past the limit', async () => {
  const burst = await Promise.all(Array.from({ length: 20 }, () => get('/', '192.0.2.3')))
  assert.equal(burst.filter(({ status }) => status === 200).length, 5)
})

test('a page is rendered once, and again when its time is over', async () => {
  const first = await get('/a', '192.0.2.4')
  assert.equal(first.cache, 'MISS')
  const second = await get('/a', '192.0.2.5')
  assert.deepEqual([second.cache, second.text], ['HIT', first.text])
  assert.equal((await get('/b', '192.0.2.5')).cache, 'MISS')
  await pause(2100)
  const third = await get('/a', '192.0.2.4')
  assert.equal(third.cache, 'MISS')
  assert.notEqual(third.text, first.text)
})

test('an isolate that is started again begins with nothing', async () => {
  assert.equal((await get('/a', '192.0.2.6')).cache, 'MISS')
  assert.equal((await get('/a', '192.0.2.6')).cache, 'HIT')
  await workerd.dispose()
  workerd = app.start()
  assert.equal((await get('/a', '192.0.2.6')).cache, 'MISS')
})
