// An engine that stops halfway is never entered again: another takes its place, from what is kept.
//
// Two ways in which a real engine stops are brought about, with nothing in the wasm made for it: an argument that lies about
// its length, so that Rust finds lengths that lead out of the buffer and panics; and a memory whose maximum is written
// into the wasm file, so that memory.grow fails. Exports that neither leads into have one in their place that traps.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { NookError, open, type Nook, type Restarted } from 'nookdb'
import { stores } from 'nookdb/module'

const code = (expected: string) => (error: unknown) => error instanceof NookError && error.code === expected

/** Says one length when room is made, and another when it is written down. */
class Liar extends Uint8Array {
  #asked = 0
  override get length(): number {
    return this.#asked++ === 0 ? super.length : 2 ** 31
  }
}

function panic(db: Nook): void {
  assert.throws(() => db.set('k', new Liar(4)), code('DEAD'))
}

const restarted = (db: Nook): Promise<Restarted> => new Promise((resolve) => db.on('restarted', resolve))

async function folder(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'nookdb-traps-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test('a store in memory comes back empty after a panic, and says so', async (t) => {
  const db = await open('memory:')
  t.after(() => db.close())
  db.set('a', '1')
  const back = restarted(db)
  panic(db)
  const { cause, lostSteps } = await back
  assert.match(cause.message, /the engine stopped: unreachable/)
  assert.equal(lostSteps, null)
  assert.equal(db.get('a'), null)
  assert.equal(db.set('a', '2'), 'OK')
})

test('until the new engine is there, calls are refused and flush waits', async (t) => {
  const db = await open('memory:')
  t.after(() => db.close())
  panic(db)
  assert.throws(() => db.get('a'), code('DEAD'))
  await Promise.resolve()
  assert.throws(() => db.get('a'), code('LOADING'))
  await db.flush()
  assert.equal(db.get('a'), null)
})

test('a kept store comes back with what was flushed, and counts what was not', async (t) => {
  const db = await open('shop', { directory: await folder(t), durability: 'no' })
  t.after(() => db.close())
  db.set('kept', '1')
  await db.flush()
  const back = restarted(db)
  db.set('lost', '1')
  db.set('lost too', '1')
  panic(db)
  assert.equal((await back).lostSteps, 2)
  assert.deepEqual(db.mGet(['kept', 'lost', 'lost too']), ['1', null, null])
})

/** It was as many less as there were steps in the snapshot. */
test('a store that came from a snapshot alone counts what was lost, too', async (t) => {
  const directory = await folder(t)
  const before = await open('shop', { directory })
  for (const key of ['a', 'b', 'c']) before.set(key, '1')
  before.call('BGSAVE')
  while (!(await readdir(join(directory, 'shop'))).some((name) => name.startsWith('chunk'))) await new Promise(setImmediate)
  await before.close()
  const db = await open('shop', { directory, durability: 'no' })
  t.after(() => db.close())
  const back = restarted(db)
  db.set('lost', '1')
  panic(db)
  assert.equal((await back).lostSteps, 1)
})

test('what is done after a restart is kept like everything else', async (t) => {
  const directory = await folder(t)
  const db = await open('shop', { directory })
  for (const key of ['a', 'b', 'c']) {
    db.set(key, key)
    await db.flush()
    const back = restarted(db)
    panic(db)
    await back
  }
  db.set('d', 'd')
  await db.close()
  const again = await open('shop', { directory })
  assert.deepEqual(again.mGet(['a', 'b', 'c', 'd']), ['a', 'b', 'c', 'd'])
  await again.close()
})

test('the lock is held through a restart', async (t) => {
  const directory = await folder(t)
  const db = await open('shop', { directory })
  const back = restarted(db)
  panic(db)
  await assert.rejects(open('shop', { directory }), code('INUSE'))
  await back
  await assert.rejects(open('shop', { directory }), code('INUSE'))
  await db.close()
})

test('those who wait are told, and those who listen go on listening', async (t) => {
  const db = await open('memory:')
  t.after(() => db.close())
  const heard: string[] = []
  db.subscribe('news', (message) => heard.push(message))
  db.pSubscribe('n*', (message) => heard.push(message))
  db.watchKey('user:*', (key, event) => heard.push(`${event} ${key}`))
  const job = assert.rejects(db.blPop('jobs', 0), code('RESTARTED'))
  const back = restarted(db)
  panic(db)
  await Promise.all([job, back])
  db.publish('news', 'hello')
  db.set('user:1', 'a')
  await new Promise(setImmediate)
  assert.deepEqual(heard, ['hello', 'hello', 'set user:1'])
})

test('settings outlive a restart', async (t) => {
  const db = await open('memory:', { config: { 'maxmemory-policy': 'allkeys-lru' } })
  t.after(() => db.close())
  const back = restarted(db)
  panic(db)
  await back
  assert.equal(db.configGet('maxmemory-policy')['maxmemory-policy'], 'allkeys-lru')
})

test('a panic inside of an atomic function ends that function', async (t) => {
  const db = await open('memory:')
  t.after(() => db.close())
  const back = restarted(db)
  assert.throws(() => db.atomic((tx) => tx.set('k', new Liar(4))), code('DEAD'))
  await back
  assert.equal(db.atomic((tx) => tx.set('a', '1')), 'OK')
})

for (const name of ['instance_row', 'instance_near_open', 'instance_admit']) {
  test(`a trap in ${name}, which calls enter by the way, stops the engine like any other`, async (t) => {
    const { Instance } = WebAssembly
    const trap = (): never => {
      throw new WebAssembly.RuntimeError('unreachable')
    }
    const { mock } = t.mock.method(WebAssembly, 'Instance', function (module: WebAssembly.Module) {
      const { exports } = new Instance(module)
      return { exports: { ...exports, [name]: trap } }
    })
    const db = await open('memory:')
    t.after(() => db.close())
    mock.restore()
    db.set('k', 'v')
    const back = restarted(db)
    // The first read opens the cache, the second is remembered, and the third is admitted.
    const read = (): unknown => [db.get('k'), db.get('k'), db.get('k'), db.lRange('list', 0, -1)]
    assert.throws(read, code('DEAD'))
    assert.match((await back).cause.message, /unreachable/)
    assert.deepEqual(read(), [null, null, null, []])
  })
}

test('one store that stops leaves the others alone', async (t) => {
  const [one, other] = [await open('memory:'), await open('memory:')]
  t.after(() => Promise.all([one.close(), other.close()]))
  other.set('a', '1')
  panic(one)
  assert.equal(other.get('a'), '1')
})

test('a value that memory cannot be had for is refused before anything changes', async (t) => {
  const db = await withMemoryOf(64, t)
  db.set('a', '1')
  assert.throws(() => db.set('a', 'x'.repeat(16 * 2 ** 20)), code('OOM'))
  assert.equal(db.get('a'), '1')
  assert.equal(db.set('a', '2'), 'OK')
})

test('a store that fills its memory refuses to grow, or starts anew and says so; it is never left halfway', async (t) => {
  const db = await withMemoryOf(64, t)
  const back = restarted(db)
  let stopped: unknown = null
  let written = 0
  while (stopped === null && written < 1_000_000) {
    try {
      db.rPush('list', `${written}`.padStart(50, '.'))
      written++
    } catch (error) {
      stopped = error
    }
  }
  assert.ok(stopped instanceof NookError)
  if (stopped.code === 'DEAD') {
    await back
    assert.equal(db.lLen('list'), 0)
  } else {
    assert.equal(stopped.code, 'OOM')
    assert.equal(db.lLen('list'), written)
    db.del('list')
  }
  assert.equal(db.rPush('list', 'a'), 1)
})

/** A store in memory whose wasm may have this many pages (64 KiB) more than it begins with. */
async function withMemoryOf(pages: number, context: TestContext): Promise<Nook> {
  const wasm = await readFile(new URL(import.meta.resolve('nookdb/wasm')))
  const db = await stores(WebAssembly.compile(withMaximum(wasm, pages))).open('memory:', { maxMemory: 0 })
  context.after(() => db.close())
  return db
}

const MEMORY_SECTION = 5

/** The same wasm, with a maximum in its memory section: (flags: 0, initial) becomes (flags: 1, initial, initial + pages). */
function withMaximum(wasm: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  for (let at = 8; at < wasm.length; ) {
    const section = readNumber(wasm, at + 1)
    const end = section.end + section.value
    if (wasm[at] === MEMORY_SECTION) {
      const [count, flags] = [wasm[section.end], wasm[section.end + 1]]
      assert.deepEqual([count, flags], [1, 0], 'one memory, without a maximum')
      const initial = readNumber(wasm, section.end + 2).value
      const body = [1, 1, ...number(initial), ...number(initial + pages)]
      return Uint8Array.from([...wasm.subarray(0, at), MEMORY_SECTION, ...number(body.length), ...body, ...wasm.subarray(end)])
    }
    at = end
  }
  throw new Error('the wasm has no memory section')
}

/** LEB128. */
function readNumber(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return { value, end: at }
  }
}

function number(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)]
}
