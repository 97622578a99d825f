import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { takeFileLock } from '../../../pkg-template/src/storage/file-lock.js'

async function lockPath(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'shop.lock')
}

test('a second writer is refused as INUSE until the first lets go, and nothing is left behind', async (context) => {
  const path = await lockPath(context)
  const first = await takeFileLock(path, { ifBusy: 'error' })
  await assert.rejects(takeFileLock(path, { ifBusy: 'error' }), { code: 'INUSE' })
  await first.release()
  await first.release()
  const second = await takeFileLock(path, { ifBusy: 'error' })
  await second.release()
  assert.deepEqual(await readdir(join(path, '..')), [])
})

/** It stayed for good. */
test('what processes that were killed have left of asking for the lock goes, and what others have stays', async (context) => {
  const path = await lockPath(context)
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  const files = {
    killed: JSON.stringify({ host: hostname(), pid, startedTicks: null, token: 'killed' }),
    'pid that came round again': JSON.stringify({ host: hostname(), pid: process.pid, startedTicks: '1', token: 'earlier' }),
    'killed while it wrote': '',
    waiting: JSON.stringify({ host: hostname(), pid: process.pid, startedTicks: null, token: 'waiting' }),
    'on another machine': JSON.stringify({ host: 'elsewhere', pid, startedTicks: null, token: 'far' }),
    'being written': '',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(`${path}.${name}`, text)
  await writeFile(`${path.replace('shop', 'shopping')}.killed`, files.killed)
  await utimes(`${path}.killed while it wrote`, 0, 0)
  const lock = await takeFileLock(path, { ifBusy: 'error' })
  const left = ['shop.lock', ...['being written', 'on another machine', 'waiting'].map((name) => `shop.lock.${name}`), 'shopping.lock.killed']
  assert.deepEqual((await readdir(join(path, '..'))).sort(), left)
  await lock.release()
})

test('one that waits has the lock when it is let go, and a waiting ends with its signal', async (context) => {
  const path = await lockPath(context)
  const first = await takeFileLock(path, { ifBusy: 'error' })
  await assert.rejects(takeFileLock(path, { ifBusy: 'wait', signal: AbortSignal.timeout(120) }))
  const waiting = takeFileLock(path, { ifBusy: 'wait' })
  await first.release()
  await (await waiting).release()
})

/** It failed as IO. */
test('one whose own file was swept away while it waits has the lock all the same', async (context) => {
  const path = await lockPath(context)
  const sweepAll = async (): Promise<void> => {
    for (const name of await readdir(join(path, '..'))) if (name.startsWith('shop.lock.')) await rm(join(path, '..', name))
  }
  const first = await takeFileLock(path, { ifBusy: 'error' })
  const waiting = takeFileLock(path, { ifBusy: 'wait' })
  waiting.catch(() => undefined)
  while ((await readdir(join(path, '..'))).length < 2) await turn()
  await sweepAll()
  await first.release()
  await (await waiting).release()

  await writeFile(path, JSON.stringify({ host: hostname(), pid: process.pid, startedTicks: '1', token: 'dead' }))
  const late = takeFileLock(path, { ifBusy: 'error' }, async () => {
    await sweepAll()
    return '2'
  })
  await (await late).release()
  assert.deepEqual(await readdir(join(path, '..')), [])
  await assert.rejects(takeFileLock(join(path, '../none/lock'), { ifBusy: 'steal' }), { code: 'ENOENT' })
})

test('a thief has the lock, and who was robbed does not release it', async (context) => {
  const path = await lockPath(context)
  const robbed = await takeFileLock(path, { ifBusy: 'error' })
  const thief = await takeFileLock(path, { ifBusy: 'steal' })
  await robbed.release()
  await assert.rejects(takeFileLock(path, { ifBusy: 'error' }), { code: 'INUSE' })
  await thief.release()
})

test('the lock of a process that was killed is taken over', async (context) => {
  const path = await lockPath(context)
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  await writeFile(path, JSON.stringify({ host: hostname(), pid, startedTicks: null, token: 'dead' }))
  const lock = await takeFileLock(path, { ifBusy: 'error' })
  assert.equal(JSON.parse(await readFile(path, 'utf8')).pid, process.pid)
  await lock.release()
})

test('the lock of a process whose pid has come round again is taken over', async (context) => {
  const path = await lockPath(context)
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  context.after(() => other.kill())
  const holder = { host: hostname(), pid: other.pid, token: 'earlier' }
  await writeFile(path, JSON.stringify({ ...holder, startedTicks: null }))
  await assert.rejects(takeFileLock(path, { ifBusy: 'error' }), { code: 'INUSE' })
  await writeFile(path, JSON.stringify({ ...holder, startedTicks: '1' }))
  await (await takeFileLock(path, { ifBusy: 'error' })).release()
})

/** After a crash of the machine a process may have the pid of the one that had the lock, and where its start cannot be told, be taken for it. */
test('the lock of a process from before the machine was started is taken over', { skip: !existsSync('/proc/self') }, async (context) => {
  const path = await lockPath(context)
  const lock = await takeFileLock(path, { ifBusy: 'error' })
  const mine = JSON.parse(await readFile(path, 'utf8')) as { bootId: string }
  await lock.release()
  for (const [bootId, isTaken] of [[mine.bootId, false], [null, false], [undefined, false], ['earlier', true]] as const) {
    await writeFile(path, JSON.stringify({ ...mine, bootId }))
    const taking = takeFileLock(path, { ifBusy: 'error' })
    if (isTaken) await (await taking).release()
    else await assert.rejects(taking, { code: 'INUSE' })
  }
})

/** It was taken from a process that lives by one without file descriptors, or that may not read /proc. */
test('the lock of a process whose start cannot be told is not taken for that of another one', async (context) => {
  const path = await lockPath(context)
  await writeFile(path, JSON.stringify({ host: hostname(), pid: process.pid, startedTicks: '1', token: 'held' }))
  await assert.rejects(takeFileLock(path, { ifBusy: 'error' }, async () => null), { code: 'INUSE' })
  await (await takeFileLock(path, { ifBusy: 'error' }, async () => '2')).release()
})

test('the lock of a process on another machine is not judged from here, and a lock file of nonsense holds nothing', async (context) => {
  const path = await lockPath(context)
  await writeFile(path, JSON.stringify({ host: 'elsewhere', pid: 1, startedTicks: null, token: 'far' }))
  await assert.rejects(takeFileLock(path, { ifBusy: 'error' }), { code: 'INUSE' })
  for (const nonsense of ['nonsense', 'null', '']) {
    await writeFile(path, nonsense)
    await (await takeFileLock(path, { ifBusy: 'error' })).release()
  }
})

test('of writers that find a dead lock at the same moment one has it', async (context) => {
  const path = await lockPath(context)
  await writeFile(path, JSON.stringify({ host: hostname(), pid: 0, startedTicks: null, token: 'dead' }))
  const taken = await Promise.allSettled(Array.from({ length: 8 }, () => takeFileLock(path, { ifBusy: 'error' })))
  assert.equal(taken.filter(({ status }) => status === 'fulfilled').length, 1)
})
