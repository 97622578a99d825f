import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { NookError, open, type Nook, type OpenOptions } from 'nookdb'

/** A store in memory, closed when the test is over. */
async function memory(context: TestContext, options?: OpenOptions): Promise<Nook> {
  const db = await open('memory:', options)
  context.after(() => db.close())
  return db
}

const code = (expected: string) => (error: unknown) => error instanceof NookError && error.code === expected

test('text of every kind comes back as it was', async (t) => {
  const db = await memory(t)
  const texts = ['', 'a', 'é', '漢字', '🦊', '\0\r\n"', 'x'.repeat(59), 'ü'.repeat(61), '🦊'.repeat(100_000), 'long '.repeat(500_000)]
  for (const text of texts) {
    db.set('key', text)
    assert.equal(db.get('key'), text)
    db.set(`key ${text.slice(0, 1000)}`, 'under it')
    assert.equal(db.get(`key ${text.slice(0, 1000)}`), 'under it')
  }
})

test('a byte order mark is a character of a value as any other', async (t) => {
  const db = await memory(t)
  for (const text of ['\ufeffa', `\ufeff${'b'.repeat(100)}`, `é\ufeff${'b'.repeat(100)}`]) {
    db.set('key', text)
    assert.equal(db.get('key'), text)
  }
})

test('half of a surrogate pair is no part of a key, in whatever command', async (t) => {
  const db = await memory(t)
  const [high, low] = ['\ud83e', `${'x'.repeat(40)}\udd8a`]
  const refused = (error: unknown) => error instanceof NookError && error.code === 'ERR' && error.message.includes('surrogate')
  for (const key of [high, low]) {
    assert.throws(() => db.get(key), refused)
    assert.throws(() => db.set(key, 'v'), refused)
    assert.throws(() => db.mGet(['a', key]), refused)
    assert.throws(() => db.call('ZUNIONSTORE', 'a', 2, 'b', key), refused)
    assert.throws(() => db.set(key, 'v'.repeat(2_000_000)), refused)
  }
  assert.equal(db.dbSize(), 0)
  // A value may hold one, and answers U+FFFD for it, as a server would.
  db.set('a', high)
  assert.equal(db.get('a'), '\ufffd')
  db.set('🦊', 'a whole pair')
  assert.equal(db.get('🦊'), 'a whole pair')
})

test('bytes go in as they are, and come out where they are asked for', async (t) => {
  const db = await memory(t)
  const bytes = Uint8Array.from({ length: 256 }, (_, n) => n)
  db.set('image', bytes)
  assert.deepEqual(db.bytes.get('image'), bytes)
  bytes.fill(0)
  assert.equal(db.bytes.get('image')?.[255], 255)
})

test('what comes out is a copy that later calls leave alone', async (t) => {
  const db = await memory(t)
  db.set('a', 'first')
  const first = db.bytes.get('a')
  db.set('a', 'other')
  for (let n = 0; n < 100; n++) db.set(`fill ${n}`, 'x'.repeat(100_000))
  assert.deepEqual(first, new TextEncoder().encode('first'))
})

test('an error reply is thrown with its code and its words', async (t) => {
  const db = await memory(t)
  db.set('text', 'a')
  assert.throws(() => db.lPush('text', 'b'), {
    name: 'NookError',
    code: 'WRONGTYPE',
    message: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  })
})

test('integers past 2^53 - 1 come as bigint', async (t) => {
  const db = await memory(t)
  db.set('n', '9223372036854775806')
  assert.equal(db.call('INCR', 'n'), 9223372036854775807n)
  db.set('n', -2147483649)
  assert.equal(db.call('DECR', 'n'), -2147483650)
})

test('call takes words and numbers', async (t) => {
  const db = await memory(t)
  assert.equal(db.call('ZADD', 'board', 1.5, 'ada', 2n, 'bob'), 2)
  assert.deepEqual(db.call('ZRANGE', 'board', 0, -1, 'WITHSCORES'), [['ada', 1.5], ['bob', 2]])
})

test('commands of multi happen in one step, and answer together', async (t) => {
  const db = await memory(t)
  assert.deepEqual(db.multi().set('a', '1').incr('a').get('a').exec(), ['OK', 2, '2'])
})

test('a multi whose command cannot be queued does nothing, and leaves no transaction open', async (t) => {
  const db = await memory(t)
  assert.throws(() => db.multi().set('a', '1').call('NONSENSE').exec(), code('ERR'))
  assert.equal(db.get('a'), null)
})

test('an atomic function that throws takes everything back', async (t) => {
  const db = await memory(t)
  db.set('balance', '10')
  const thrown = new Error('not enough')
  assert.throws(() => {
    db.atomic((tx) => {
      tx.decrBy('balance', 20)
      tx.set('receipt', 'x')
      throw thrown
    })
  }, thrown)
  assert.equal(db.get('balance'), '10')
  assert.equal(db.exists('receipt'), 0)
})

test('an atomic function gives what it returned, and its changes are seen as one', async (t) => {
  const db = await memory(t)
  const left = db.atomic((tx) => {
    tx.set('balance', '10')
    return tx.decrBy('balance', 3)
  })
  assert.equal(left, 7)
  assert.equal(db.get('balance'), '7')
})

test('while an atomic function runs the store itself refuses, and afterwards its tx does', async (t) => {
  const db = await memory(t)
  let kept: { get(key: string): string | null } | undefined
  db.atomic((tx) => {
    kept = tx
    assert.throws(() => db.get('a'), code('BUSY'))
    assert.throws(() => db.atomic(() => 1), code('BUSY'))
  })
  assert.throws(() => kept?.get('a'), /its tx is over/)
  assert.equal(db.get('a'), null)
})

/** The channel was noted as subscribed to, and then the engine refused: no later subscription to it heard anything. */
test('a subscription that an atomic function refuses is none, and the next one hears', async (t) => {
  const db = await memory(t)
  const heard: string[] = []
  db.atomic(() => assert.throws(() => db.subscribe('news', () => undefined), code('BUSY')))
  db.subscribe('news', (message) => heard.push(message))
  assert.equal(db.publish('news', 'hi'), 1)
  await Promise.resolve()
  assert.deepEqual(heard, ['hi'])
})

/** Such an argument was read as a stop of the engine, and what was in memory was lost. */
test('an argument that is neither text nor bytes is an error, and the store goes on', async (t) => {
  const db = await memory(t)
  db.set('a', '1')
  // What plain JavaScript may pass, whatever the types say.
  const nothing = undefined as unknown as string
  for (const argument of [nothing, null, true, {}, new Float64Array(1)]) {
    assert.throws(() => db.call('SET', 'k', argument as string), code('ERR'))
  }
  assert.throws(() => db.subscribe(nothing, () => undefined), code('ERR'))
  assert.throws(() => db.watchKey(nothing, () => undefined), code('ERR'))
  db.watchKey('*', () => undefined)()
  assert.equal(db.get('a'), '1')
})

test('an atomic function that gives a promise is refused, and taken back', async (t) => {
  const db = await memory(t)
  // @ts-expect-error The types refuse it while it is written; this is for JavaScript.
  assert.throws(() => db.atomic(async (tx) => tx.set('a', '1')), /may not be asynchronous/)
  assert.equal(db.get('a'), null)
})

test('a blocking pop is a promise of what a later push brings', async (t) => {
  const db = await memory(t)
  const job = db.blPop('jobs', 0)
  db.rPush('jobs', 'first')
  assert.deepEqual(await job, { key: 'jobs', element: 'first' })
})

test('those who wait are served in the order in which they came', async (t) => {
  const db = await memory(t)
  const jobs = [db.blPop('jobs', 0), db.blPop('jobs', 0)]
  db.rPush('jobs', ['one', 'two'])
  assert.deepEqual((await Promise.all(jobs)).map((job) => job?.element), ['one', 'two'])
})

test('a wait ends with null when its time is up', async (t) => {
  const db = await memory(t)
  const began = performance.now()
  assert.equal(await db.blPop('jobs', 0.05), null)
  assert.ok(performance.now() - began >= 49)
})

test('a signal ends a wait, and nothing is taken by it', async (t) => {
  const db = await memory(t)
  const ending = new AbortController()
  const job = db.blPop('jobs', 0, { signal: ending.signal })
  ending.abort(new Error('changed my mind'))
  await assert.rejects(job, /changed my mind/)
  db.rPush('jobs', 'first')
  assert.equal(db.lLen('jobs'), 1)
  await assert.rejects(db.blPop('jobs', 0, { signal: ending.signal }), /changed my mind/)
})

test('a wait that was served in the same turn is not lost to an abort', async (t) => {
  const db = await memory(t)
  const ending = new AbortController()
  const job = db.blPop('jobs', 0, { signal: ending.signal })
  db.rPush('jobs', 'first')
  ending.abort()
  assert.equal((await job)?.element, 'first')
})

test('a blocking command through call answers at once', async (t) => {
  const db = await memory(t)
  assert.equal(db.call('BLPOP', 'jobs', 0), null)
  db.rPush('jobs', 'first')
  assert.equal(db.lLen('jobs'), 1)
})

test('a command that would bend every later call is refused, and its place is told', async (t) => {
  const db = await memory(t)
  const refusals: readonly (readonly [command: string[], instead: RegExp])[] = [
    [['MULTI'], /use multi\(\)$/],
    [['exec'], /use multi\(\)$/],
    [['SUBSCRIBE', 'news'], /use subscribe\(\)$/],
    [['PSUBSCRIBE', 'n*'], /use pSubscribe\(\)$/],
    [['HELLO', '2'], /use db\.session\(\)$/],
    [['RESET'], /use db\.session\(\)$/],
    [['QUIT'], /use close\(\)$/],
  ]
  for (const [command, message] of refusals) {
    assert.throws(() => db.call(...command), { name: 'NookError', code: 'ERR', message })
    assert.throws(() => db.bytes.call(...command), { message })
    assert.throws(() => db.atomic((tx) => tx.call(...command)), { message })
    assert.throws(() => db.multi().incr('never').call(...command).exec(), { message })
  }
  assert.throws(() => db.call(new TextEncoder().encode('multi')), /multi\(\)/)
  assert.equal(db.incr('n'), 1, 'and not QUEUED')
  assert.equal(db.publish('news', 'hello'), 0)
  assert.equal(db.exists('never'), 0)
  assert.equal(db.select(3), 'OK')
  assert.equal(db.get('n'), null)
})

test('waits happen in the database that is selected', async (t) => {
  const db = await memory(t)
  db.call('SELECT', 3)
  const job = db.blPop('jobs', 0)
  db.rPush('jobs', 'first')
  assert.equal((await job)?.element, 'first')
})

test('messages come to subscribers after the call that published them', async (t) => {
  const db = await memory(t)
  const heard: string[] = []
  db.subscribe(['news', 'sport'], (message, channel) => heard.push(`${channel}: ${message}`))
  db.pSubscribe('n*', (message, channel) => heard.push(`${channel} as n*: ${message}`))
  assert.equal(db.publish('news', 'hello'), 2)
  assert.deepEqual(heard, [])
  await pause()
  assert.deepEqual(heard, ['news: hello', 'news as n*: hello'])
  db.unsubscribe('news')
  db.pUnsubscribe()
  assert.equal(db.publish('news', 'nobody hears'), 0)
  assert.equal(db.publish('sport', '1:0'), 1)
})

// It was called when the first message came, long after the mistake.
test('a listener that is none is refused where it is given', async (t) => {
  const db = await memory(t)
  const nothing = undefined as unknown as () => void
  const refused = { name: 'TypeError', message: 'a listener is a function, not undefined' }
  assert.throws(() => db.subscribe('news', nothing), refused)
  assert.throws(() => db.pSubscribe('*', nothing), refused)
  assert.throws(() => db.watchKey('*', nothing), refused)
  assert.throws(() => db.on('error', nothing), refused)
  assert.throws(() => db.session(null as unknown as () => void), { name: 'TypeError', message: /not null/ })
  assert.deepEqual(db.pubSubChannels(), [])
  assert.equal(db.publish('news', 'a'), 0)
})

test('each listener is unsubscribed alone, and may want bytes', async (t) => {
  const db = await memory(t)
  const heard: unknown[] = []
  const first = (message: string): unknown => heard.push(message)
  db.subscribe('news', first)
  db.subscribe('news', (message) => heard.push(message), true)
  db.unsubscribe('news', first)
  db.publish('news', new Uint8Array([255]))
  await pause()
  assert.deepEqual(heard, [new Uint8Array([255])])
})

test('watchKey tells every change of the keys that match, expiry included, until it is ended', async (t) => {
  const db = await memory(t)
  const seen: string[] = []
  const stop = db.watchKey('user:*', (key, event) => seen.push(`${event} ${key}`))
  db.set('user:1', 'a')
  db.set('other', 'a')
  db.pExpire('user:1', 20)
  while (seen.length < 3) await pause(20)
  assert.deepEqual(seen, ['set user:1', 'expire user:1', 'expired user:1'])
  stop()
  db.set('user:2', 'a')
  await pause(5)
  assert.equal(seen.length, 3)
})

test('settings are made before the first command', async (t) => {
  const db = await memory(t, { maxMemory: 200_000, config: { 'maxmemory-policy': 'allkeys-lru' } })
  for (let n = 0; n < 500; n++) db.set(`k${n}`, 'x'.repeat(1000))
  assert.ok(db.dbSize() < 250)
  assert.ok(db.exists('k499') === 1)
})

// Whatever was no number was without bound, and what was too large was cut down.
test('a bound of memory that is no number of bytes is refused', async () => {
  const bounded = (maxMemory: unknown) => open('memory:', { maxMemory: maxMemory as number })
  const bounds = ['64mb', '64', -1, NaN, null, Infinity, 1.5, 2 ** 32, 2 ** 40, 1n, {}]
  for (const bound of bounds) {
    const message = /^ERR maxMemory is .*, which is no whole number of bytes from 0 to 4294967295$/
    await assert.rejects(bounded(bound), { code: 'ERR', message }, String(bound))
  }
  await assert.rejects(bounded('64mb'), /maxMemory is '64mb'/)
  for (const bound of [0, 1, 2 ** 32 - 1, undefined]) await (await bounded(bound)).close()
})

test('without eviction a full store refuses to grow', async (t) => {
  const db = await memory(t, { maxMemory: 100_000 })
  assert.throws(() => db.set('big', 'x'.repeat(200_000)), code('OOM'))
  assert.equal(db.set('small', 'x'), 'OK')
})

test('an RDB file of one store is imported by another, in place of what it held', async (t) => {
  const [one, other] = [await memory(t), await memory(t)]
  one.set('text', 'a', { expiration: { type: 'EX', value: 100 } })
  one.zAdd('board', [{ score: 1, value: 'ada' }])
  one.call('SELECT', 2)
  one.set('elsewhere', 'b')
  other.set('old', 'x')
  assert.deepEqual(other.import(one.export({ for: '7.0' })), { keys: 3, skipped: [] })
  assert.deepEqual([other.get('text'), other.zScore('board', 'ada'), other.get('old')], ['a', 1, null])
  assert.ok(other.ttl('text') > 90)
  other.call('SELECT', 2)
  assert.equal(other.get('elsewhere'), 'b')
})

test('an export is for 7.0 unless it is told, and for no version that it does not know', async (t) => {
  const db = await memory(t)
  const header = (options?: object) => Buffer.from(db.export(options).subarray(0, 9)).toString()
  assert.equal(header(), 'REDIS0010')
  assert.equal(header({}), 'REDIS0010')
  assert.equal(header({ for: '7.2' }), 'REDIS0011')
  assert.equal(header({ for: '7.4' }), 'REDIS0012')
  for (const version of ['6.2', '8.0', '7', '', null]) {
    assert.throws(() => header({ for: version }), { code: 'ERR', message: /which is none of '7.0', '7.2', '7.4'$/ })
  }
  assert.throws(() => header({ for: 7.2 }), { code: 'ERR', message: "ERR for is 7.2, which is none of '7.0', '7.2', '7.4'" })
})

test('a file that is no RDB changes nothing', async (t) => {
  const db = await memory(t)
  db.set('a', '1')
  const file = db.export()
  file[file.length - 1]! ^= 1
  assert.throws(() => db.import(file), code('DAMAGED'))
  assert.throws(() => db.import(new Uint8Array([1, 2, 3])), code('DAMAGED'))
  assert.equal(db.get('a'), '1')
})

test('a closed store says so', async () => {
  const db = await open('memory:')
  const job = db.blPop('jobs', 0)
  await db.close()
  await db.close()
  await assert.rejects(job, code('CLOSED'))
  assert.throws(() => db.get('a'), code('CLOSED'))
  await assert.rejects(db.blPop('jobs', 0), code('CLOSED'))
})

test('what a listener throws is reported as uncaught, and harms no other', async (t) => {
  const db = await memory(t)
  const uncaught = new Promise<unknown>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve))
  t.after(() => process.setUncaughtExceptionCaptureCallback(null))
  const heard: string[] = []
  db.subscribe('news', () => {
    throw new Error('mine')
  })
  db.subscribe('news', (message) => heard.push(message))
  db.publish('news', 'hello')
  assert.match(String(await uncaught), /mine/)
  assert.deepEqual(heard, ['hello'])
})

test('where much has expired at once, the store does not rest before it is gone', async (t) => {
  const db = await memory(t)
  const delays: (number | undefined)[] = []
  const ordinary = globalThis.setTimeout
  t.mock.method(globalThis, 'setTimeout', (work: () => void, ms?: number) => {
    delays.push(ms)
    return ordinary(work, ms)
  })
  for (let i = 0; i < 50_000; i += 1) db.set(`key:${i}`, 'v', { PX: 1 })
  while (db.dbSize() > 0) await pause(20)
  // A tenth of a second after each thousandth of work would make it some seconds.
  const short = delays.filter((ms) => ms !== undefined && ms <= 20)
  assert.ok(short.length >= 3, `waited for ${delays.join(', ')} ms`)
})
