// A store in the storage of a Durable Object: the one of the README, and what such a store promises.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Miniflare } from 'miniflare'
import { Worker } from './worker.js'

const KINDS = {
  KEY_VALUE: { className: 'KeyValueStore', useSQLite: false },
  SQLITE: { className: 'SqliteStore', useSQLite: true },
}
type Kind = keyof typeof KINDS

/** As apps/probe/src/store.ts has it. */
interface Task {
  readonly calls?: readonly (readonly string[])[]
  readonly fill?: { readonly key: string; readonly characters: number }
  readonly pop?: { readonly key: string; readonly seconds: number }
  readonly flush?: boolean
  readonly abort?: boolean
}

let board: Worker
let probe: Worker
let workerd: Miniflare

before(async () => {
  board = await Worker.build('object')
  probe = await Worker.build('probe')
  workerd = probe.start({ durableObjects: KINDS })
})
after(async () => {
  await workerd.dispose()
  await board[Symbol.asyncDispose]()
  await probe[Symbol.asyncDispose]()
})

async function answer<T>(at: Miniflare, path: string, init?: { method: string; body?: string }): Promise<T> {
  const response = await at.dispatchFetch(`http://localhost/${path}`, init)
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as T
}

function run(kind: Kind, object: string, task: Task): Promise<unknown[]> {
  return answer(workerd, `${kind}/${object}`, { method: 'POST', body: JSON.stringify(task) })
}

/** Runs a task that ends the object. */
async function runAndAbort(kind: Kind, object: string, task: Task): Promise<void> {
  const body = JSON.stringify({ ...task, abort: true })
  const response = await workerd.dispatchFetch(`http://localhost/${kind}/${object}`, { method: 'POST', body })
  assert.equal(response.status, 500)
  assert.match(await response.text(), /asked to/)
}

function kept(kind: Kind, object: string): Promise<{ keys: string[]; largestBytes: number }> {
  return answer(workerd, `${kind}/${object}?kept`)
}

async function until(condition: () => Promise<boolean>, limitMs = 5000): Promise<void> {
  const end = Date.now() + limitMs
  while (!(await condition())) {
    assert.ok(Date.now() < end, `not so within ${limitMs} ms`)
    await pause(20)
  }
}

test('the board of the README adds up scores, and has them again when workerd was started again', async () => {
  const start = (): Miniflare => board.start({ durableObjects: { BOARD: { className: 'Board', useSQLite: true } } })
  const add = (at: Miniflare, player: string, points: number): Promise<{ total: number }> =>
    answer(at, `chess?${new URLSearchParams({ player, points: String(points) })}`, { method: 'POST' })

  const first = start()
  try {
    assert.deepEqual(await add(first, 'ada', 30), { total: 30 })
    assert.deepEqual(await add(first, 'bob', 20), { total: 20 })
    const totals = await Promise.all(Array.from({ length: 10 }, () => add(first, 'ada', 1)))
    assert.deepEqual(totals.map(({ total }) => total).sort(), [31, 32, 33, 34, 35, 36, 37, 38, 39, 40])
  } finally {
    await first.dispose()
  }
  const second = start()
  try {
    assert.deepEqual(await answer(second, 'chess'), [{ value: 'ada', score: 40 }, { value: 'bob', score: 20 }])
    assert.deepEqual(await answer(second, 'draughts'), [])
  } finally {
    await second.dispose()
  }
})

for (const kind of Object.keys(KINDS) as Kind[]) {
  test(`${kind}: what was flushed is there after the object was ended, and what was not is gone`, async () => {
    await runAndAbort(kind, 'ended', { calls: [['SET', 'flushed', 'yes']], flush: true })
    await runAndAbort(kind, 'ended', { calls: [['SET', 'late', 'yes']] })
    assert.deepEqual(await run(kind, 'ended', { calls: [['GET', 'flushed'], ['GET', 'late']] }), ['yes', null])
  })

  test(`${kind}: what nobody waited for is kept soon after the request`, async () => {
    await run(kind, 'unasked', { calls: [['SET', 'key', 'value']] })
    await pause(200)
    await runAndAbort(kind, 'unasked', {})
    assert.deepEqual(await run(kind, 'unasked', { calls: [['GET', 'key']] }), ['value'])
  })

  test(`${kind}: a value that is larger than the storage takes is kept in parts`, async () => {
    await runAndAbort(kind, 'large', { fill: { key: 'large', characters: 5_000_000 }, flush: true })
    assert.deepEqual(await run(kind, 'large', { calls: [['STRLEN', 'large']] }), [5_000_000])
    const { largestBytes } = await kept(kind, 'large')
    assert.ok(largestBytes <= 128 * 1024, `${largestBytes} bytes in one value`)
  })

  test(`${kind}: a snapshot takes the place of the journal`, async () => {
    for (let n = 0; n < 20; n++) await run(kind, 'snapshot', { calls: [['SET', `key ${n}`, 'x'.repeat(1000)]], flush: true })
    const journal = (keys: readonly string[]): number => keys.filter((key) => key.startsWith('nookdb:probe:journal:')).length
    assert.ok(journal((await kept(kind, 'snapshot')).keys) >= 20)
    await run(kind, 'snapshot', { calls: [['BGSAVE']] })
    await until(async () => journal((await kept(kind, 'snapshot')).keys) === 0)
    await runAndAbort(kind, 'snapshot', {})
    assert.deepEqual(await run(kind, 'snapshot', { calls: [['DBSIZE']] }), [20])
  })

  test(`${kind}: deadlines go on while the object is away`, async () => {
    const deadline = { calls: [['SET', 'short', 'x', 'PX', '300'], ['SET', 'long', 'x', 'EX', '100']], flush: true }
    await runAndAbort(kind, 'deadlines', deadline)
    assert.deepEqual(await run(kind, 'deadlines', { calls: [['GET', 'long']] }), ['x'])
    await runAndAbort(kind, 'deadlines', {})
    await pause(350)
    const [short, leftMs] = await run(kind, 'deadlines', { calls: [['GET', 'short'], ['PTTL', 'long']] })
    assert.equal(short, null)
    assert.ok(Number(leftMs) > 90_000 && Number(leftMs) <= 100_000 - 350, `${String(leftMs)} ms are left`)
  })

  test(`${kind}: a request waits for what another one pushes, and no longer than it said`, async () => {
    const waiting = run(kind, 'queue', { pop: { key: 'jobs', seconds: 10 } })
    await pause(50)
    await run(kind, 'queue', { calls: [['RPUSH', 'jobs', 'one']] })
    assert.deepEqual(await waiting, ['one'])
    assert.deepEqual(await run(kind, 'queue', { pop: { key: 'jobs', seconds: 0.2 } }), [null])
  })
}

// Before 2025-08-15, workerd has neither MessageChannel nor, without nodejs_compat, setImmediate.
test('a Worker with an old compatibility date makes snapshots, too', async () => {
  const old = probe.start({ durableObjects: KINDS, compatibilityDate: '2024-04-03' })
  try {
    const ask = (task: Task): Promise<unknown> => answer(old, 'SQLITE/old', { method: 'POST', body: JSON.stringify(task) })
    await ask({ calls: [['SET', 'key', 'value'], ['BGSAVE']], flush: true })
    await until(async () => {
      const { keys } = await answer<{ keys: string[] }>(old, 'SQLITE/old?kept')
      return keys.some((key) => key.startsWith('nookdb:probe:chunk:'))
    })
  } finally {
    await old.dispose()
  }
})
