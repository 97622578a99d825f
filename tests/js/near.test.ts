// The near cache: what a store answers is the same with it and without it, and what it answers by itself is counted as a use.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, type Nook, type OpenOptions } from 'nookdb'
import { hashOf, Near, NEAR_SLOTS } from '../../pkg-template/src/engine/near.js'

const opened = (options: OpenOptions = {}): Promise<Nook> => open('memory:', options)

/** A field of INFO as a number. */
function info(db: Nook, field: string): number {
  return Number(new RegExp(`^${field}:(.*)\r$`, 'm').exec(db.info())?.[1])
}

/** Numbers below a bound, the same for the same seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const SIMPLE = ['a', 'b', 'ab', 'abcd', 'session:1', 'session:2', 'ümlaut', 'n', 'h', 'k'.repeat(32), 'k'.repeat(128), 'k'.repeat(129), '']
/** Keys that have all in common that is looked at of longer ones, and one that has the length of others. */
const ALIKE = ['app:session:00000001:x', 'bpp:session:00000001:x', 'app:session:00000001:y', 'ä'.repeat(20), 'cart:123e4567-e89b-42d3-a456-426614174000']
const KEYS = [...SIMPLE, ...ALIKE]
const VALUES = ['', '1', 'text', 'größer', '-5', 'v'.repeat(256), 'v'.repeat(257), 'x'.repeat(5000)]

/** A deed, done to any store alike. */
type Deed = (db: Nook) => unknown

function deed(draw: (below: number) => number): Deed {
  const key = KEYS[draw(KEYS.length)] as string
  const other = KEYS[draw(KEYS.length)] as string
  const value = VALUES[draw(VALUES.length)] as string
  const db = draw(2)
  const changes: Deed[] = [
    (store) => store.set(key, value),
    (store) => store.set(key, value, { expiration: { type: 'EX', value: 1000 } }),
    (store) => store.bytes.set(key, value),
    (store) => store.del(key),
    (store) => store.incr(key),
    (store) => store.append(key, value),
    (store) => store.setRange(key, 1, value),
    (store) => store.getDel(key),
    (store) => store.getSet(key, value),
    (store) => store.expire(key, 1000),
    (store) => store.persist(key),
    (store) => store.expire(key, -1),
    (store) => store.rename(key, other),
    (store) => store.copy(key, other, { REPLACE: true }),
    (store) => store.mSet({ [key]: value, [other]: value }),
    (store) => store.hSet(key, 'f', value),
    (store) => store.zAdd(key, { score: value.length, value }),
    (store) => store.zAdd(key, { score: db, value: other }),
    (store) => store.zRem(key, value),
    (store) => store.rPush(key, [value, other]),
    (store) => store.lPush(key, 'x'.repeat(20)),
    (store) => store.lPop(key),
    (store) => store.flushAll(),
    (store) => store.swapDb(0, 1),
    (store) => store.move(key, 1 - db),
    (store) => store.select(db),
    (store) => store.call('SET', key, value),
    (store) => store.call('CLIENT', 'NO-TOUCH', db === 0 ? 'ON' : 'OFF'),
    (store) => store.multi().set(key, value).get(key).incr(other).exec(),
    (store) => store.atomic((tx) => [tx.get(key), tx.set(key, value), tx.get(key)]),
    (store) =>
      store.atomic((tx) => {
        tx.set(key, value)
        tx.select(db)
        tx.del(other)
        throw new Error('taken back')
      }),
    (store) => store.import(store.export()).keys,
  ]
  const looks: Deed[] = [
    (store) => store.get(key),
    (store) => [store.get(key), store.get(key), store.get(key), store.get(other), store.get(other)],
    (store) => store.bytes.get(key),
    (store) => store.mGet([key, other]),
    (store) => store.hGet(key, 'f'),
    (store) => store.exists(key),
    (store) => store.strLen(key),
    (store) => [0, 1, 2].map(() => store.lRange(key, 0, db)),
    (store) => [0, 1, 2, 3].map((at) => store.lRange(key, 0, at < 3 ? -1 : 0)),
    (store) => [0, 1, 2].map(() => store.zRange(key, 0, -1)),
    (store) => [0, 1, 2].map(() => store.zRange(key, 0, 2, { REV: true })),
    (store) => [0, 1].map(() => [store.zRange(key, 0, 2), store.zRange(key, 0, 2, { REV: true }), store.lRange(key, 0, 2)]),
    (store) => store.bytes.zRange(key, 0, 2),
    (store) => store.zRange(key, 0, 1)?.reverse().push('mine'),
  ]
  const among = draw(3) === 0 ? changes : looks
  return among[draw(among.length)] as Deed
}

/** Reads enough to send the cache to rest, or most of the time enough for it to look again. */
function burst(draw: (below: number) => number): Deed {
  const reads = draw(4) === 0 ? 70_000 : 7_000
  return (store) => {
    for (let n = 0; n < reads; n++) if (store.get('gone') !== null) assert.fail('something under a key that nobody has set')
  }
}

function outcome(act: Deed, db: Nook): unknown {
  try {
    return act(db)
  } catch (error) {
    return String(error)
  }
}

test('keys have the hashes that the engine gives them', () => {
  // src/db/near.rs has the same: where they differed, nothing would ever be cached.
  const hashes = {
    '': 1,
    a: 1422724091,
    abcd: 1872743006,
    abcde: 3864508325,
    abcdefghijkl: 2871869105,
    abcdefghijklm: 4196242135,
    'app:session:10000000': 200011377,
    'session:550e8400-e29b-41d4-a716-446655440000': 2126744708,
    ['k'.repeat(128)]: 3173994940,
    ['k'.repeat(129)]: 0,
  }
  for (const [key, expected] of Object.entries(hashes)) assert.equal(hashOf(key) >>> 0, expected, key)
})

test('what a store answers and counts is the same with its read cache and without', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const cached = await opened()
    const plain = await opened({ readCache: false })
    const draw = numbers(seed)
    for (let n = 0; n < 1000; n++) {
      const act = seed % 2 === 0 && draw(50) === 0 ? burst(draw) : deed(draw)
      assert.deepEqual(outcome(act, cached), outcome(act, plain), `seed ${seed}, deed ${n}: ${act}`)
    }
    for (const field of ['keyspace_hits', 'keyspace_misses', 'total_commands_processed', 'used_memory']) {
      assert.equal(info(cached, field), info(plain, field), `${field}, seed ${seed}`)
    }
    cached.close()
    plain.close()
  }
})

test('a part of a list that is read again is answered from JavaScript, until the list changes', async () => {
  await using db = await opened()
  for (const [score, value] of ['a', 'b', 'c'].entries()) db.zAdd('board', { score, value })
  const top = () => db.zRange('board', 0, 1, { REV: true })
  for (let n = 0; n < 6; n++) assert.deepEqual(top(), ['c', 'b'])
  assert.ok(info(db, 'js_cache_bytes') > 0)
  assert.throws(() => db.get('board'), /WRONGTYPE/)
  assert.deepEqual(db.zRange('board', 0, 1), ['a', 'b'])
  db.zIncrBy('board', 5, 'a')
  for (let n = 0; n < 6; n++) assert.deepEqual(top(), ['a', 'c'])
  db.del('board')
  assert.deepEqual(top(), [])
  db.set('board', 'text')
  for (let n = 0; n < 6; n++) assert.throws(top, /WRONGTYPE/)
  for (let n = 0; n < 6; n++) assert.equal(db.get('board'), 'text')
  assert.throws(top, /WRONGTYPE/)
})

test('what the cache answers is told of as the command that it was', async () => {
  await using db = await opened()
  db.zAdd('board', { score: 1, value: 'a' })
  db.set('k', 'v')
  const last = async () => {
    const other = db.session()
    const list = new TextDecoder().decode(await other.send(['CLIENT', 'LIST']))
    other.close()
    return [...list.matchAll(/cmd=(\S+)/g)].map(([, name]) => name)
  }
  for (let n = 0; n < 6; n++) db.get('k')
  assert.ok((await last()).includes('get'))
  for (let n = 0; n < 6; n++) db.zRange('board', 0, 1)
  assert.ok((await last()).includes('zrange'))
  assert.ok(!(await last()).includes('get'))
})

test('a key that is read again is answered from JavaScript, until it changes', async () => {
  await using db = await opened()
  db.set('k', 'v')
  for (let n = 0; n < 5; n++) assert.equal(db.get('k'), 'v')
  assert.ok(info(db, 'js_cache_bytes') > 0)
  db.bytes.set('k', 'w')
  assert.equal(db.get('k'), 'w')
  await using off = await opened({ readCache: false })
  off.set('k', 'v')
  for (let n = 0; n < 5; n++) off.get('k')
  assert.doesNotMatch(off.info(), /js_cache_bytes/)
})

test('the read cache is bounded', async () => {
  await using db = await opened()
  const value = 'v'.repeat(256)
  for (let n = 0; n < 40_000; n++) {
    db.set(`key:${n}`, value)
    for (let time = 0; time < 3; time++) db.get(`key:${n}`)
  }
  const bytes = info(db, 'js_cache_bytes')
  assert.ok(bytes > 1e6 && bytes <= 16_384 * (256 + 32 + 48), `${bytes}`)
})

test('another client that changes a key is heard', async () => {
  await using db = await opened()
  const session = db.session()
  db.set('k', 'v')
  for (let n = 0; n < 5; n++) db.get('k')
  await session.send(['SET', 'k', 'w'])
  assert.equal(db.get('k'), 'w')
})

test('a key that is given a deadline is gone when that has passed', async () => {
  await using db = await opened()
  db.set('k', 'v')
  for (let n = 0; n < 100; n++) db.get('k')
  db.pExpire('k', 20)
  assert.equal(db.get('k'), 'v')
  const until = Date.now() + 25
  while (Date.now() < until) db.get('k')
  assert.equal(db.get('k'), null)
})

test('what was answered from JavaScript was a use of the key', async () => {
  await using db = await opened()
  db.set('k', 'v')
  db.set('idle', 'v')
  for (let n = 0; n < 5; n++) db.get('k')
  await sleep(1100)
  db.get('k')
  assert.equal(db.objectIdleTime('k'), 0)
  assert.equal(db.objectIdleTime('idle'), 1)
})

test('keys that JavaScript answers are not the first to be evicted', async () => {
  await using db = await opened({ config: { 'maxmemory-policy': 'allkeys-lru', 'maxmemory-samples': '64' } })
  const hot = Array.from({ length: 20 }, (_, n) => `hot:${n}`)
  for (const key of hot) db.set(key, 'v')
  for (let n = 0; n < 180; n++) db.set(`cold:${n}`, 'v')
  for (let n = 0; n < 3; n++) hot.forEach((key) => db.get(key))
  await sleep(20)
  hot.forEach((key) => db.get(key))
  db.configSet('maxmemory', String(db.statistics().usedBytes))
  for (let n = 0; n < 60; n++) db.set(`new:${n}`, 'v')
  const gone = hot.filter((key) => db.exists(key) === 0)
  assert.deepEqual(gone, [])
  assert.ok(info(db, 'evicted_keys') >= 50)
})

test('reads of bytes say nothing for the cache or against it', async () => {
  await using db = await opened()
  db.set('here', 'value')
  db.get('here')
  for (let n = 0; n < 10_000; n++) db.bytes.get('gone')
  const before = info(db, 'js_cache_bytes')
  for (let n = 0; n < 3; n++) db.get('here')
  assert.ok(info(db, 'js_cache_bytes') > before, 'it rested')
})

test('reads of keys that are not there let the cache rest', async () => {
  await using db = await opened()
  db.set('here', 'value')
  const read = (key: string, reads: number): void => {
    for (let n = 0; n < reads; n++) db.get(key)
  }
  read('here', 10)
  const before = info(db, 'js_cache_bytes')
  assert.ok(before > 0, 'nothing was let in')
  read('gone', 10_000)
  db.set('also here', 'value')
  read('also here', 10)
  assert.equal(info(db, 'js_cache_bytes'), before, 'it did not rest')
})

test('reads of far more keys than it has room for let the cache rest, and a few keys wake it', async () => {
  await using db = await opened()
  const draw = numbers(5)
  const keys = 100_000
  const key = (id: number): string => `key:${id}`
  for (let id = 0; id < keys; id++) db.set(key(id), `value ${id}`)
  const read = (reads: number, below: number): void => {
    for (let n = 0; n < reads; n++) {
      const id = draw(below)
      if (db.get(key(id)) !== `value ${id}`) assert.fail(`another value under ${key(id)}`)
    }
  }
  read(30_000, keys)
  const rested = info(db, 'js_cache_bytes')
  read(30_000, keys)
  assert.equal(info(db, 'js_cache_bytes'), rested, 'something was let in')

  // Longer than it rests at most, until it looks again.
  const changed = (): boolean => info(db, 'js_cache_bytes') !== rested
  for (let reads = 0; reads < 300_000 && !changed(); reads += 10_000) read(10_000, 100)
  assert.ok(changed(), 'the cache slept on')
})

/** Reads as a store makes them, of which the cache hears. */
class Reads {
  static readonly #HEAD_WORDS = 4
  readonly #near = new Near(0)
  readonly #words = new Int32Array(Reads.#HEAD_WORDS + 2 * NEAR_SLOTS)
  /** How many values were let in. */
  kept = 0

  /** Whether the cache had the value; undefined where it was not asked. */
  of(key: string): boolean | undefined {
    if (this.#near.rests()) return undefined
    const value = this.#near.get(this.#words, key, 0, 0)
    if (value !== undefined) {
      assert.equal(value, `value of ${key}`)
      return true
    }
    if (this.#near.wants(`value of ${key}`)) {
      const hash = hashOf(key)
      this.#near.put(this.#words, key, `value of ${key}`)
      this.#words[Reads.#HEAD_WORDS + (hash & (NEAR_SLOTS - 1))] = hash
      this.kept++
    }
    return false
  }

  ofAbsent(key: string): void {
    if (this.#near.rests()) return
    assert.equal(this.#near.get(this.#words, key, 0, 0), undefined)
    this.#near.miss()
  }
}

test('whatever was read before, the cache looks again within 262,144 reads, and then serves those of a thousand keys', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const reads = new Reads()
    const draw = numbers(seed)
    for (let before = draw(1_000_000); before > 0; before--) {
      if (seed % 3 === 0) reads.ofAbsent(`gone:${draw(1000)}`)
      else reads.of(`key:${draw(200_000)}`)
    }
    let past = 0
    // A few more are of those that it was being judged by when the thousand came.
    for (let n = 0; n < 300_000; n++) if (reads.of(`hot:${draw(1000)}`) === undefined) past++
    assert.ok(past <= 262_144, `${past} reads went past it, seed ${seed}`)
    let hits = 0
    for (let n = 0; n < 50_000; n++) if (reads.of(`hot:${draw(1000)}`) === true) hits++
    assert.ok(hits >= 45_000, `${hits} of 50,000 hit, seed ${seed}`)
  }
})

test('of reads of far more keys than it has room for, the cache sees few', () => {
  const reads = new Reads()
  const draw = numbers(3)
  const seen = (count: number): number => {
    let sum = 0
    for (let n = 0; n < count; n++) if (reads.of(`key:${draw(200_000)}`) !== undefined) sum++
    return sum
  }
  const first = seen(500_000)
  assert.ok(first <= 25_000, `${first} of the first 500,000`)
  const later = seen(1_000_000)
  assert.ok(later <= 10_000, `${later} of a million more`)
})

// Whenever it looked again it let in up to a quarter of what it saw: 20 to 35 ns of each read, at 20,000 keys.
test('of reads of far more keys than it has room for, the cache lets nothing in once it has rested', () => {
  const reads = new Reads()
  const draw = numbers(6)
  const read = (count: number): void => {
    for (let n = 0; n < count; n++) reads.of(`key:${draw(30_000)}`)
  }
  read(50_000)
  const before = reads.kept
  read(1_000_000)
  assert.equal(reads.kept, before)
})

test('the cache stays awake for a thousand keys, whatever else is read now and then', () => {
  const reads = new Reads()
  const draw = numbers(4)
  let past = 0
  for (let n = 0; n < 500_000; n++) {
    const key = draw(10) === 0 ? `key:${draw(200_000)}` : `hot:${draw(1000)}`
    if (reads.of(key) === undefined) past++
  }
  assert.equal(past, 0)
})
