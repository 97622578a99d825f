import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeFileSystem } from '../../../pkg-template/src/storage/file-system.js'

/** The error of the sync was that of the closing then, which leaves a write to be cut off that may count for somebody. */
test('a sync that fails is told as one where closing the file fails as well', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'file')
  const file = await open(path, 'w')
  const handles = Object.getPrototypeOf(file) as FileHandle
  await file.close()
  const calls = [() => nodeFileSystem.write(path, [Buffer.from('a')]), () => nodeFileSystem.syncDirectory(folder)]
  let failure: Error | null = null
  // Closing a file that has been closed fails.
  const syncing = context.mock.method(handles, 'sync', async function (this: FileHandle) {
    closeSync(this.fd)
    if (failure !== null) throw failure
  })
  for (const call of calls) await assert.rejects(call(), { syscall: 'close' })
  failure = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' })
  for (const call of calls) await assert.rejects(call(), { syscall: 'fsync' })
  assert.equal(syncing.mock.callCount(), 4)
})
