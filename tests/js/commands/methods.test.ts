// What no other client could be compared with: bytes, big integers, and what is no argument at all.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'nookdb'

const BINARY = new Uint8Array([0, 0xff, 0x80, 0x0d, 0x0a])

test('bytes that are no UTF-8 come out as they went in', async () => {
  await using db = await open('memory:')
  db.set(BINARY, BINARY)
  assert.deepEqual(db.bytes.get(BINARY), BINARY)
  assert.deepEqual(db.bytes.keys('*'), [BINARY])
  db.hSet('h', 'f', BINARY)
  assert.deepEqual(db.bytes.hGetAll('h'), Object.assign(Object.create(null), { f: BINARY }))
  db.zAdd('z', { score: 1.5, value: BINARY })
  assert.deepEqual(db.bytes.zPopMin('z'), { value: BINARY, score: 1.5 })
})

test('a value that is written out as bytes can be read back', async () => {
  await using db = await open('memory:')
  db.rPush('l', ['a', 'b'])
  const written = db.bytes.dump('l')
  assert.ok(written)
  assert.equal(db.restore('copy', 0, written), 'OK')
  assert.deepEqual(db.lRange('copy', 0, -1), ['a', 'b'])
})

test('integers past 2^53 - 1 go in and come out as bigint', async () => {
  await using db = await open('memory:')
  assert.equal(db.incrBy('n', 2 ** 53 - 1), 2 ** 53 - 1)
  assert.equal(db.incrBy('n', 2n), 2n ** 53n + 1n)
  assert.equal(db.get('n'), '9007199254740993')
  assert.equal(db.decrBy('n', 2n), 2 ** 53 - 1)
})

test('what is no string, bytes or number is refused before anything happens', async () => {
  await using db = await open('memory:')
  const nothing: unknown = null
  assert.throws(() => db.set('k', nothing as string), { name: 'TypeError', message: /not null/ })
  assert.throws(() => db.set('k', {} as string), { name: 'TypeError', message: /not object/ })
  assert.throws(() => db.sAdd('k', [true as unknown as string]), { name: 'TypeError', message: /not boolean/ })
  assert.throws(() => db.get(undefined as unknown as string), { message: "ERR wrong number of arguments for 'get' command" })
  assert.equal(db.dbSize(), 0)
})

test('undefined does not make way for the argument behind it', async () => {
  await using db = await open('memory:')
  const nothing = undefined as unknown as string
  const refused = { name: 'TypeError', message: /not undefined/ }
  // The value would have been 'NX'.
  assert.throws(() => db.set('k', nothing, { NX: true }), refused)
  assert.throws(() => db.set(nothing, 'v'), refused)
  assert.throws(() => db.rPush('k', ['a', nothing, 'b']), refused)
  assert.throws(() => db.hSet('k', { a: nothing, b: 'v' }), refused)
  assert.throws(() => db.hSet('k', 'a', nothing), { message: "ERR wrong number of arguments for 'hset' command" })
  assert.throws(() => db.mSet([['a', nothing], ['b', 'v']]), refused)
  assert.throws(() => db.zAdd('k', { score: 1, value: nothing }), refused)
  assert.throws(() => db.zAdd('k', [{ score: undefined as unknown as number, value: 'a' }]), refused)
  assert.throws(() => db.multi().set('k', nothing, { NX: true }), refused)
  assert.equal(db.dbSize(), 0)
})

test('options that are undefined are as if they were left out', async () => {
  await using db = await open('memory:')
  assert.equal(db.set('k', 'v', { EX: undefined, NX: undefined, GET: undefined }), 'OK')
  assert.equal(db.ttl('k'), -1)
  assert.deepEqual(db.scan('0', { MATCH: undefined }), { cursor: '0', keys: ['k'] })
})

test('a store saves when it is told to, where it is kept', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  await using kept = await open('shop', { directory })
  assert.equal(kept.bgSave(), 'Background saving started')
  assert.equal(kept.bgSave({ SCHEDULE: true }), 'Background saving started')
  assert.equal(kept.bgRewriteAof(), 'Background append only file rewriting started')
  await using unkept = await open('memory:')
  assert.throws(() => unkept.bgSave(), { message: 'ERR this store keeps nothing' })
})

test('iterators give every page of a scan', async () => {
  await using db = await open('memory:')
  const names = Array.from({ length: 100 }, (_, n) => `key:${n}`)
  db.mSet(names.flatMap((name) => [name, 'v']))
  db.sAdd('other', names)
  db.hSet('hash', Object.fromEntries(names.map((name) => [name, 'v'])))
  db.zAdd('sorted', names.map((value, score) => ({ value, score })))

  assert.deepEqual([...db.scanIterator({ MATCH: 'key:*', COUNT: 7 })].flat().sort(), names.toSorted())
  assert.deepEqual([...db.sScanIterator('other')].flat().sort(), names.toSorted())
  assert.deepEqual([...db.hScanNoValuesIterator('hash')].flat().sort(), names.toSorted())
  assert.deepEqual([...db.hScanIterator('hash', { MATCH: '*:1' })].flat(), [{ field: 'key:1', value: 'v' }])
  assert.deepEqual([...db.zScanIterator('sorted', { MATCH: '*:1' })].flat(), [{ value: 'key:1', score: 1 }])
  assert.deepEqual([...db.bytes.sScanIterator('other', { MATCH: '*:1' })].flat(), [new TextEncoder().encode('key:1')])
})

test('keys may be removed while an iterator walks over them', async () => {
  await using db = await open('memory:')
  db.mSet(Array.from({ length: 100 }, (_, n) => [`key:${n}`, 'v']).flat())
  for await (const keys of db.scanIterator()) if (keys.length > 0) db.del(keys)
  assert.equal(db.dbSize(), 0)
})

test('an iterator begins where it is told to', async () => {
  await using db = await open('memory:')
  db.sAdd('s', Array.from({ length: 200 }, (_, n) => `member ${n}`))
  const { cursor, members } = db.sScan('s', '0')
  const rest = [...db.sScanIterator('s', { cursor })].flat()
  assert.equal(new Set([...members, ...rest]).size, 200)
  assert.ok(rest.length < 200)
})
