import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { open } from 'nookdb'
import type { FileSystem } from '../../../pkg-template/src/storage/file-system.js'
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

/** The next opening found it, and synced what it made itself. */
test('a folder that was made by who was killed before it was synced survives a crash after the next opening', async () => {
  for (const made of ['/a', '/a/b', '/a/b/shop']) {
    const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0.9 })
    for (const path of ['/a', '/a/b', '/a/b/shop']) {
      await disk.makeDirectory(path)
      if (path === made) break
      await disk.syncDirectory(dirname(path))
    }
    const storage = new FileStorage('/a/b/shop', disk)
    await storage.append((await storage.open()).epoch, 1, batchOf([step('a')]))
    const next = new FileStorage('/a/b/shop', disk.afterCrash())
    await next.open()
    assert.deepEqual(await steps(next), ['a'], made)
  }
})

/** It was refused as EACCES, where it had once been made. */
test('a store is made below a folder that may be written to and not be read', async () => {
  const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0.9 })
  await disk.makeDirectory('/closed')
  const closed = new Proxy(disk, {
    get: (target, key: keyof FileSystem) => async (...call: string[]) => {
      if ((key === 'list' || key === 'syncDirectory') && call[0] === '/closed') throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
      return (target[key] as (...call: string[]) => unknown).apply(target, call)
    },
  })
  const storage = new FileStorage('/closed/a/shop', closed)
  await storage.append((await storage.open()).epoch, 1, batchOf([step('a')]))
  assert.deepEqual(await steps(storage), ['a'])
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
