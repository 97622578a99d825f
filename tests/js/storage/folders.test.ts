import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { open } from 'nookdb'
import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import { batchOf } from './batch-of.js'
import { ForgetfulDisk } from './forgetful-disk.js'
import { step, steps } from './on-disk.js'

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The folder right above the store was all that was synced: with one above that the disk lost the store. */
test('all folders above a store that were made for it survive a crash', async () => {
  // Nothing is left but what was synced.
  const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0.9 })
  const storage = new FileStorage('/a/b/c/shop', disk)
  await storage.append((await storage.open()).epoch, 1, batchOf([step('a')]))
  const next = new FileStorage('/a/b/c/shop', disk.afterCrash())
  await next.open()
  assert.deepEqual(await steps(next), ['a'])
})

test('folders above a store are made, and one that is there is no error', async (context) => {
  const folder = await temporaryFolder(context)
  for (const name of ['one', 'two']) await (await open(name, { directory: join(folder, 'a/b') })).close()
  assert.deepEqual((await readdir(join(folder, 'a/b'))).sort(), ['one', 'two'])
})

/** Node's own way of making several never came back. */
test('folders that cannot be made are told as IO', { skip: !existsSync('/proc/self') }, async () => {
  for (const directory of ['/proc/nookdb', '/proc/nookdb/a/b']) {
    await assert.rejects(open('shop', { directory }), { code: 'IO', message: /ENOENT.*\/proc\/nookdb/ })
  }
})

/** It was refused as ENOENT, as by a checkpoint that removes files while they are counted. */
test('a file that goes while the size of a store is asked for costs nothing', async (context) => {
  const directory = join(await temporaryFolder(context), 'shop')
  const storage = new FileStorage(directory)
  await storage.open()
  await symlink(join(directory, 'gone'), join(directory, 'chunk.1.1'))
  assert.ok(((await storage.estimate()).usedBytes ?? 0) > 0)
})
