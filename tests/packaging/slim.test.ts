// The slim entry: strings, keys and hashes, and a clear word about everything else.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { build } from 'esbuild'
import { NookError, open } from 'nookdb'
import { open as openSlim } from 'nookdb/slim'
import { lines, nameIn, wordsIn } from '../../pkg-template/src/commands/methods.js'
import { root } from '../../pkg-template/steps.mjs'

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nookdb-slim-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Until a snapshot that was asked for is kept. */
async function snapshotIn(folder: string): Promise<void> {
  while (!(await readdir(folder)).some((name) => name.startsWith('chunk'))) await new Promise((resolve) => setTimeout(resolve, 10))
}

const unsupported = (pattern: RegExp) => (error: unknown) => error instanceof NookError && error.code === 'UNSUPPORTED' && pattern.test(error.message)

test('a slim store holds strings, keys and hashes, with deadlines and transactions, and keeps them', async (t) => {
  const directory = await temporary(t)
  const db = await openSlim('shop', { directory })
  db.set('session:1', 'Ada', { expiration: { type: 'EX', value: 100 } })
  db.hSet('user:1', { name: 'Ada', role: 'admin' })
  assert.deepEqual(db.multi().incr('visits').ttl('session:1').exec(), [1, 100])
  db.atomic((tx) => tx.incr('visits'))
  await db.close()
  const again = await openSlim('shop', { directory })
  assert.equal(again.get('visits'), '2')
  assert.deepEqual({ ...again.hGetAll('user:1') }, { name: 'Ada', role: 'admin' })
  await again.close()
})

test('a slim store evicts', async () => {
  const db = await openSlim('memory:', { maxMemory: 200_000, config: { 'maxmemory-policy': 'allkeys-lru' } })
  for (let n = 0; n < 5000; n++) db.set(`key:${n}`, 'x'.repeat(100))
  assert.ok(db.dbSize() > 0 && db.dbSize() < 5000)
  await db.close()
})

test('a command that the slim engine does not have is refused in words that say so', async () => {
  const db = await openSlim('memory:')
  assert.throws(() => db.call('LPUSH', 'jobs', 1), /ERR unknown command 'LPUSH': this is the slim build/)
  assert.throws(() => db.call('ZADD', 'board', 1, 'ada'), /slim build/)
  await db.close()
})

// The types leave out what generate.mjs names by group; the engine, what Cargo.toml does.
test('the methods that the slim types leave out are those of commands that the slim engine does not know', async () => {
  const source = await readFile(join(root, 'pkg-template/src/commands/generated.ts'), 'utf8')
  const [, union = ''] = /export type LeftOutOfSlim =\n((?:  \| '\w+'\n)+)/.exec(source) ?? []
  const leftOut = new Set([...union.matchAll(/'(\w+)'/g)].map(([, name]) => name ?? ''))
  const db = await openSlim('memory:')
  const isKnown = (words: string[]) => {
    try {
      db.call(...words)
      return true
    } catch (error) {
      return !/slim build/.test((error as Error).message)
    }
  }
  for (const { heads, rest } of lines()) {
    for (const head of heads) {
      const name = nameIn(head)
      const words = wordsIn(head, rest).filter((word) => /^[A-Z]/.test(word))
      if (name === 'shutdown') continue
      assert.equal(isKnown(words), !leftOut.has(name), name)
    }
  }
  await db.close()
})

test('a slim store refuses what the full engine has kept, by name, and leaves it as it is', async (t) => {
  for (const keep of ['in the journal', 'in a snapshot']) {
    const directory = await temporary(t)
    const full = await open('shop', { directory })
    full.set('greeting', 'hello')
    full.rPush('jobs', ['a', 'b'])
    if (keep === 'in a snapshot') {
      full.call('BGSAVE')
      await snapshotIn(join(directory, 'shop'))
    }
    await full.close()
    const expected = keep === 'in a snapshot' ? /a list .* in key 'jobs'/ : /unknown command 'RPUSH'/
    await assert.rejects(openSlim('shop', { directory }), unsupported(expected))
    const again = await open('shop', { directory })
    assert.deepEqual(again.lRange('jobs', 0, -1), ['a', 'b'])
    assert.equal(again.get('greeting'), 'hello')
    await again.close()
  }
})

test('a slim store imports no file with a list in it, and holds what it held', async () => {
  const full = await open('memory:')
  full.rPush('jobs', ['a'])
  const file = full.export()
  await full.close()
  const db = await openSlim('memory:')
  db.set('greeting', 'hello')
  const skipped = await Promise.resolve().then(() => db.import(file)).catch((error: unknown) => String(error))
  assert.match(String(skipped), /a list/)
  assert.equal(db.get('greeting'), 'hello')
  await db.close()
})

test('esbuild bundles the slim entry for pages without a byte of the full engine', async () => {
  const { outputFiles } = await build({
    stdin: { contents: "import { open } from 'nookdb/slim'; globalThis.opened = open('memory:')", resolveDir: root },
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
  })
  const [script] = outputFiles
  const slim = (await readFile(join(root, 'pkg/wasm/slim_bg.wasm'))).toString('base64')
  const full = (await readFile(join(root, 'pkg/wasm/nookdb_bg.wasm'))).toString('base64')
  assert.ok(script?.text.includes(slim.slice(5000, 6000)))
  assert.ok(!script.text.includes(full.slice(5000, 6000)))
})
