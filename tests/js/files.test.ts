// What a store in files holds when it is opened again.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { destroy, list, open, type Nook, type NookError } from 'nookdb'

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(path, { recursive: true, force: true }))
  return path
}

/** Has a checkpoint made, and waits until it has taken the place of the journal. */
async function checkpoint(db: Nook, directory: string): Promise<void> {
  await db.flush()
  const journals = async (): Promise<string[]> => (await readdir(join(directory, 'shop'))).filter((name) => name.startsWith('journal'))
  assert.notDeepEqual(await journals(), [])
  assert.equal(db.call('BGSAVE'), 'Background saving started')
  const end = Date.now() + 20_000
  while ((await journals()).length > 0) {
    assert.ok(Date.now() < end, 'the checkpoint was not made in 20 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Every key of every database, with its value as DUMP has it and its deadline. */
function contents(db: Nook): Map<string, string> {
  const all = new Map<string, string>()
  for (let number = 0; number < 16; number++) {
    db.call('SELECT', number)
    for (const key of db.bytes.keys('*')) {
      const name = Buffer.from(key).toString('hex')
      const value = db.bytes.call('DUMP', key) as Uint8Array
      all.set(`${number} ${name}`, `${Buffer.from(value).toString('hex')} ${String(db.call('PEXPIRETIME', key))}`)
    }
  }
  db.call('SELECT', 0)
  return new Map([...all].sort())
}

/** Something of every kind, small and large. */
function fill(db: Nook): void {
  db.set('text', 'a')
  db.set('with a deadline', 'b', { expiration: { type: 'EX', value: 1000 } })
  db.set(new Uint8Array([0, 255, 10]), new Uint8Array([1, 0, 2]))
  db.set('large', 'x'.repeat(3_000_000))
  db.incrBy('number', 41)
  db.call('INCRBYFLOAT', 'float', '0.1')
  db.rPush('list', ['c', 'b', 'a'])
  db.rPush('long list', Array.from({ length: 2000 }, (_, index) => `item ${index}`))
  db.hSet('hash', { name: 'Ada', role: 'admin' })
  db.hSet('wide hash', Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`field ${index}`, String(index)])))
  db.sAdd('numbers', ['1', '2', '300000'])
  db.sAdd('set', Array.from({ length: 500 }, (_, index) => `member ${index}`))
  db.sPop('set')
  db.zAdd('board', [{ score: 1.5, value: 'ada' }, { score: -Infinity, value: 'bob' }])
  db.zAdd('long board', Array.from({ length: 500 }, (_, index) => ({ score: index / 7, value: `player ${index}` })))
  db.call('SELECT', 9)
  db.set('elsewhere', 'c')
  db.call('SELECT', 0)
  db.set('gone', 'd')
  db.del('gone')
}

test('a store holds what it held, from the journal, from a checkpoint, and from both', async (context) => {
  const directory = await folder(context)
  const changes: ((db: Nook) => void | Promise<void>)[] = [
    fill,
    (db) => checkpoint(db, directory),
    (db) => {
      db.rPush('list', 'after')
      db.hDel('hash', 'role')
      db.expire('text', 500)
      db.del('large')
    },
    (db) => checkpoint(db, directory),
    (db) => void db.call('FLUSHALL'),
  ]
  for (const change of changes) {
    const db = await open('shop', { directory })
    await change(db)
    const expected = contents(db)
    await db.close()
    const again = await open('shop', { directory })
    assert.deepEqual(contents(again), expected)
    await again.close()
  }
})

test('a journal is folded into checkpoints while it is written to, and nothing is lost by that', async (context) => {
  const directory = await folder(context)
  const db = await open('shop', { directory, durability: 'always' })
  for (let round = 0; round < 60; round++) {
    for (let key = 0; key < 50; key++) db.set(`key ${(round * 37 + key * 11) % 700}`, `${round} ${'x'.repeat(3000)}`)
    if (round % 20 === 10) db.call('FLUSHDB')
    await db.flush()
  }
  const expected = contents(db)
  await db.close()
  const journals = (await readdir(join(directory, 'shop'))).filter((name) => name.startsWith('journal'))
  const bytes = await Promise.all(journals.map(async (name) => (await readFile(join(directory, 'shop', name))).length))
  assert.ok(bytes.reduce((sum, size) => sum + size, 0) < 60 * 50 * 3000)
  const again = await open('shop', { directory })
  assert.deepEqual(contents(again), expected)
  await again.close()
})

test('a key whose deadline passes while the store is closed is gone', async (context) => {
  const directory = await folder(context)
  const db = await open('shop', { directory })
  db.set('short', 'a', { expiration: { type: 'PX', value: 30 } })
  db.set('long', 'b')
  await db.close()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const again = await open('shop', { directory })
  assert.deepEqual([again.get('short'), again.get('long'), again.dbSize()], [null, 'b', 1])
  await again.close()
})

test('a store whose app asked for it is written again after it was deleted', async (context) => {
  const directory = await folder(context)
  const db = await open('shop', { directory, onWipe: 'rewrite' })
  fill(db)
  await db.flush()
  await destroy('shop', { directory })
  db.set('after', 'e')
  await db.flush()
  const expected = contents(db)
  await db.close()
  const again = await open('shop', { directory })
  assert.deepEqual(contents(again), expected)
  await again.close()
})

test('a step that a crash cut in the middle is not there, and what came before it is', async (context) => {
  const directory = await folder(context)
  const db = await open('shop', { directory })
  for (const value of ['1', '2', '3']) {
    db.rPush('list', value)
    await db.flush()
  }
  await db.close()
  const journal = (await readdir(join(directory, 'shop'))).find((name) => name.startsWith('journal')) ?? ''
  const bytes = await readFile(join(directory, 'shop', journal))
  await writeFile(join(directory, 'shop', journal), bytes.subarray(0, -5))
  const again = await open('shop', { directory })
  assert.deepEqual(again.lRange('list', 0, -1), ['1', '2'])
  again.rPush('list', '4')
  await again.close()
  const third = await open('shop', { directory })
  assert.deepEqual(third.lRange('list', 0, -1), ['1', '2', '4'])
  await third.close()
})

/** As it is told by hand: with the commands that the error comes down to. */
test('a store whose sealed journal is damaged opens with what was before that, once its files are as the error says', async (context) => {
  const directory = await folder(context)
  const kept = (name: string): string => join(directory, 'shop', name)
  for (const life of [1, 2]) {
    const db = await open('shop', { directory })
    for (let number = 1; number <= 20; number++) {
      db.set(`${life} ${number}`, 'hello'.repeat(20))
      await db.flush()
    }
    await db.close()
  }
  const journal = await readFile(kept('journal.1.0'))
  await writeFile(kept('journal.1.0'), journal.fill('ZZZZ', 1100, 1104))
  const error = await open('shop', { directory }).then(() => assert.fail('opened'), (failure: NookError) => failure)
  const [, bytes = '', seq] = /byte (\d+) of \d+: the steps up to (\d+) of 40 can be read/.exec(error.message) ?? []
  assert.equal(error.code, 'DAMAGED')
  assert.match(error.message, /rename it to journal\.1\.0\.cut, and move journal\.2\.0 out of that folder$/)
  await truncate(kept('journal.1.0'), Number(bytes))
  await rename(kept('journal.1.0'), kept('journal.1.0.cut'))
  await rename(kept('journal.2.0'), join(directory, 'moved'))
  const db = await open('shop', { directory })
  const names = Array.from({ length: Number(seq) }, (_, index) => `1 ${index + 1}`)
  assert.ok(names.length > 0 && names.length < 20)
  assert.deepEqual([db.keys('*').sort(), db.storage.health()?.losses.cutSteps], [names.sort(), 40 - names.length])
  db.set('after', 'a')
  await db.close()
  const again = await open('shop', { directory })
  assert.deepEqual([again.dbSize(), again.storage.health()?.losses.cutSteps], [names.length + 1, 0])
  await again.close()
})

test('a folder that cannot be is an error of the package, with what the system said', async (context) => {
  const file = join(await folder(context), 'file')
  await writeFile(file, '')
  const directory = join(file, 'stores')
  const refused = { name: 'NookError', code: 'IO', message: /ENOTDIR/ }
  await assert.rejects(open('shop', { directory }), refused)
  await assert.rejects(list({ directory }), refused)
  await assert.rejects(destroy('shop', { directory }), refused)
})
