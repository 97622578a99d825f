import assert from 'node:assert/strict'
import { once } from 'node:events'
import { fork } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { crc32 } from 'node:zlib'
import { destroy, list, NookError, open } from 'nookdb'

const code = (expected: string) => (error: unknown) => error instanceof NookError && error.code === expected

async function folder(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'nookdb-kept-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test('every kind of value is there again, with its deadline, in its database', async (t) => {
  const directory = await folder(t)
  const one = await open('shop', { directory })
  one.set('text', 'a', { expiration: { type: 'EX', value: 1000 } })
  one.hSet('hash', { f: 'v' })
  one.rPush('list', ['a', 'b'])
  one.sAdd('set', ['1', '2'])
  one.zAdd('board', [{ score: 1.5, value: 'ada' }])
  one.call('SELECT', 3)
  one.set('elsewhere', 'b')
  await one.close()

  const other = await open('shop', { directory })
  assert.equal(other.get('text'), 'a')
  assert.ok(other.ttl('text') > 990)
  assert.equal(other.hGet('hash', 'f'), 'v')
  assert.deepEqual(other.lRange('list', 0, -1), ['a', 'b'])
  assert.deepEqual(other.sMembers('set'), ['1', '2'])
  assert.equal(other.zScore('board', 'ada'), 1.5)
  other.call('SELECT', 3)
  assert.equal(other.get('elsewhere'), 'b')
  await other.close()
})

test('chance and time are kept as they fell: what was drawn, and when it ends', async (t) => {
  const directory = await folder(t)
  const one = await open('shop', { directory })
  one.sAdd('set', ['a', 'b', 'c', 'd'])
  const drawn = one.sPop('set')
  one.set('short', 'a', { expiration: { type: 'PX', value: 30 } })
  await one.close()
  await new Promise((resolve) => setTimeout(resolve, 40))
  const other = await open('shop', { directory })
  assert.equal(other.sIsMember('set', String(drawn)), 0)
  assert.equal(other.sCard('set'), 3)
  assert.equal(other.get('short'), null)
  await other.close()
})

test('a caller that never pauses has its steps taken from the engine all the same', async (t) => {
  const one = await open('shop', { directory: await folder(t), durability: 'no' })
  const value = 'x'.repeat(1000)
  for (let key = 0; key < 1000; key++) one.set(`key:${key}`, value)
  const { pendingBytes } = one.storage.health() ?? { pendingBytes: 0 }
  assert.ok(pendingBytes > 900_000, `${pendingBytes} bytes were taken`)
  await one.close()
})

test('an atomic function and a multi are kept whole', async (t) => {
  const directory = await folder(t)
  const one = await open('shop', { directory })
  one.atomic((tx) => {
    tx.set('a', '1')
    tx.set('b', '1')
  })
  one.multi().incr('a').incr('b').exec()
  await one.close()
  const other = await open('shop', { directory })
  assert.deepEqual(other.mGet(['a', 'b']), ['2', '2'])
  await other.close()
})

test('what a snapshot holds and what came after it are put together', async (t) => {
  const directory = await folder(t)
  const one = await open('shop', { directory })
  for (let n = 0; n < 2000; n++) one.set(`k${n}`, `${n}`)
  assert.equal(one.call('BGSAVE'), 'Background saving started')
  one.del('k0')
  one.set('k1', 'while it was made')
  await one.flush()
  await waitFor(async () => (await fileOf(directory, 'chunk')) !== '')
  one.set('k2', 'after it')
  await one.close()
  const other = await open('shop', { directory })
  assert.equal(other.dbSize(), 1999)
  assert.deepEqual(other.mGet(['k1', 'k2', 'k3']), ['while it was made', 'after it', '3'])
  await other.close()
})

test('a damaged chunk costs its own keys, which are named; the others are there', async (t) => {
  const directory = await folder(t)
  const one = await open('shop', { directory })
  one.set('hurt', 'this is the value that will be damaged')
  one.call('BGSAVE')
  await waitFor(async () => (await fileOf(directory, 'chunk')) !== '')
  one.set('intact', 'in the journal')
  await one.close()
  const path = await fileOf(directory, 'chunk')
  const bytes = await readFile(path)
  bytes[bytes.indexOf('value')]! ^= 1
  await writeFile(path, bytes)

  const other = await open('shop', { directory })
  assert.deepEqual(other.mGet(['hurt', 'intact']), [null, 'in the journal'])
  const losses = other.storage.health()?.losses
  assert.equal(losses?.keys, 1)
  assert.deepEqual(losses?.names, ['hurt'])
  await other.close()
})

test('a snapshot that was made of another store is told as DAMAGED', async (t) => {
  const directory = await folder(t)
  const one = await open('shop', { directory })
  one.set('a', '1')
  one.call('BGSAVE')
  await waitFor(async () => (await fileOf(directory, 'chunk')) !== '')
  await one.close()
  const path = join(directory, 'shop', 'writer')
  const writer = JSON.parse(await readFile(path, 'utf8')) as { storeId: string }
  await writeFile(path, JSON.stringify({ ...writer, storeId: 'ab'.repeat(16) }))
  await assert.rejects(open('shop', { directory }), code('DAMAGED'))
})

/** What a build of before a format has to do with it. */
const reopenedTwice = async (directory: string): Promise<void> => {
  for (let attempt = 0; attempt < 2; attempt++) await assert.rejects(open('shop', { directory }), code('UNSUPPORTED'))
}

test('a chunk that is whole and that this build cannot read is told as UNSUPPORTED, and is not lost', async (t) => {
  const directory = await folder(t)
  const one = await open('shop', { directory })
  one.set('a', '1')
  one.call('BGSAVE')
  await waitFor(async () => (await fileOf(directory, 'chunk')) !== '')
  await one.close()
  const path = await fileOf(directory, 'chunk')
  const kept = await readFile(path)
  const newer = Buffer.from(kept)
  newer.write('REDIS0999')
  newer.writeBigUInt64LE(crc64(newer.subarray(0, -8)), newer.length - 8)
  await writeFile(path, newer)
  await reopenedTwice(directory)
  await writeFile(path, kept)
  const other = await open('shop', { directory })
  assert.equal(other.get('a'), '1')
  await other.close()
})

test('records of a format to come are told as UNSUPPORTED, and stay as they are', async (t) => {
  const directory = await folder(t)
  const one = await open('shop', { directory })
  one.set('a', '1')
  await one.close()
  const path = await fileOf(directory, 'journal')
  const kept = await readFile(path)
  const newer = Buffer.from(kept)
  // Behind the head of the frame in the file and that in the batch; the checksum of the first covers it.
  assert.equal(newer[28], 5)
  newer[28] = 6
  newer.writeUInt32LE(crc32(newer.subarray(8)), 4)
  await writeFile(path, newer)
  // The record has a checksum of its own, without which it is one whose format has gone bad.
  await assert.rejects(open('shop', { directory }), code('DAMAGED'))
  newer.writeBigUInt64LE(xxh64(newer.subarray(28, -8)), newer.length - 8)
  newer.writeUInt32LE(crc32(newer.subarray(8)), 4)
  await writeFile(path, newer)
  await reopenedTwice(directory)
  assert.deepEqual(await readFile(path), newer)
  await writeFile(path, kept)
  const other = await open('shop', { directory })
  assert.equal(other.get('a'), '1')
  await other.close()
})

/** XXH64 with the seed 0 of less than 32 bytes. */
function xxh64(bytes: Buffer): bigint {
  assert.ok(bytes.length < 32)
  const [p1, p2, p3, p4, p5] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n]
  const u64 = (number: bigint): bigint => BigInt.asUintN(64, number)
  const turned = (number: bigint, bits: bigint): bigint => u64(number << bits) | (number >> (64n - bits))
  let sum = p5 + BigInt(bytes.length)
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) sum = u64(turned(sum ^ u64(turned(u64(bytes.readBigUInt64LE(at) * p2), 31n) * p1), 27n) * p1 + p4)
  for (; at + 4 <= bytes.length; at += 4) sum = u64(turned(sum ^ u64(BigInt(bytes.readUInt32LE(at)) * p1), 23n) * p2 + p3)
  for (; at < bytes.length; at++) sum = u64(turned(sum ^ u64(BigInt(bytes[at] ?? 0) * p5), 11n) * p1)
  sum = u64((sum ^ (sum >> 33n)) * p2)
  sum = u64((sum ^ (sum >> 29n)) * p3)
  return sum ^ (sum >> 32n)
}

/** That of RDB files: the polynomial of Jones, reflected. */
function crc64(bytes: Uint8Array): bigint {
  let crc = 0n
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n
  }
  return crc
}

test('an import is kept, and taken back as one step where it fails', async (t) => {
  const directory = await folder(t)
  const source = await open('memory:')
  for (let n = 0; n < 3000; n++) source.set(`k${n}`, 'x'.repeat(100))
  const file = source.export()
  await source.close()

  const one = await open('shop', { directory })
  one.set('before', '1')
  assert.equal(one.import(file).keys, 3000)
  await one.close()
  const other = await open('shop', { directory })
  assert.equal(other.dbSize(), 3000)
  assert.equal(other.get('before'), null)
  await other.close()

  const small = await open('small', { directory, maxMemory: 100_000 })
  small.set('before', '1')
  assert.throws(() => small.import(file), code('OOM'))
  assert.deepEqual([small.dbSize(), small.get('before')], [1, '1'])
  await small.close()
})

test('what was flushed outlives a process that is killed', async (t) => {
  const directory = await folder(t)
  const child = fork(new URL('./write-and-wait.ts', import.meta.url), [directory], { execArgv: ['--import', 'tsx'] })
  await once(child, 'message')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const db = await open('shop', { directory })
  assert.equal(db.get('flushed'), '1')
  await db.close()
})

test('stores are listed and destroyed by name', async (t) => {
  const directory = await folder(t)
  for (const name of ['shop', 'cache']) await (await open(name, { directory })).close()
  assert.deepEqual(await list({ directory }), ['cache', 'shop'])
  await destroy('shop', { directory })
  assert.deepEqual(await list({ directory }), ['cache'])
  await destroy('shop', { directory })
})

test('a store that is destroyed while it is open says so, and keeps nothing more', async (t) => {
  const directory = await folder(t)
  const db = await open('shop', { directory })
  const wiped = new Promise<NookError>((resolve) => db.on('wiped', resolve))
  db.set('a', '1')
  await destroy('shop', { directory })
  await assert.rejects(db.flush(), code('WIPED'))
  assert.equal((await wiped).code, 'WIPED')
  assert.equal(db.get('a'), '1')
  await db.close()
  assert.deepEqual(await list({ directory }), [])
})

test('a second opener is refused, waits, or takes the store; who lost it turns read-only', async (t) => {
  const directory = await folder(t)
  const one = await open('shop', { directory, durability: 'always' })
  one.set('a', '1')
  await one.flush()
  await assert.rejects(open('shop', { directory }), { code: 'INUSE', message: /process \d+ .*: open it with ifBusy 'wait' or 'steal'/ })

  const fenced = new Promise<NookError>((resolve) => one.on('fenced', resolve))
  const thief = await open('shop', { directory, ifBusy: 'steal' })
  assert.equal(thief.get('a'), '1')
  one.set('b', 'never kept')
  const takenOver = { code: 'FENCED', message: /^FENCED another tab or process has taken the store over: .* close it and open it again/ }
  await assert.rejects(one.flush(), takenOver)
  assert.equal((await fenced).code, 'FENCED')
  assert.throws(() => one.set('b', '2'), takenOver)
  assert.equal(one.get('a'), '1')
  await one.close()

  const waiting = open('shop', { directory, ifBusy: 'wait' })
  thief.set('a', '2')
  await thief.close()
  const heir = await waiting
  assert.deepEqual(heir.mGet(['a', 'b']), ['2', null])
  await heir.close()
})

test('options and names that are none are refused, and not waited for', async (t) => {
  const directory = await folder(t)
  const holder = await open('shop', { directory })
  const given = (options: object) => open('shop', { directory, ...options })
  await assert.rejects(given({ ifBusy: 'patiently' }), /ifBusy is 'patiently', which is none of 'error', 'wait', 'steal'/)
  await assert.rejects(given({ durability: 'sometimes' }), code('ERR'))
  await assert.rejects(given({ onWipe: 'weep' }), code('ERR'))
  await assert.rejects(given({ maxmemory: 1 }), /an option is 'maxmemory', which is none of 'durability', .*'maxMemory', .*'storage'$/)
  await assert.rejects(open(undefined as unknown as string, { directory }), code('ERR'))
  await holder.close()
})

test('names that could lead out of the folder are refused', async (t) => {
  const directory = await folder(t)
  for (const name of ['', '..', 'a/b', '../b', 'a\\b', 'a:b', ' a', 'é']) {
    await assert.rejects(open(name, { directory }), code('ERR'), name)
  }
})

/** A file of the store, by what its name begins with; '' where there is none. */
async function fileOf(directory: string, kind: 'chunk' | 'journal'): Promise<string> {
  const name = (await readdir(join(directory, 'shop'))).find((name) => name.startsWith(kind))
  return name === undefined ? '' : join(directory, 'shop', name)
}

async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}
