// What the package loads when it is needed, where it cannot be had: a copy of the package without it stands for a page that is offline,
// and one in which it takes its time for a slow line. The entry of pages is run by Node, as far as that goes.

import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { WebSocket } from 'ws'

type Entry = typeof import('nookdb')

const PACKAGE = fileURLToPath(new URL('../../pkg/', import.meta.url))

/** The entry of pages in a package in which the late script of this name begins with this line; without one, it is missing. */
async function entryWith(context: TestContext, name: string, line?: string): Promise<Entry> {
  const folder = await mkdtemp(join(tmpdir(), 'nookdb-late-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  await cp(PACKAGE, folder, { recursive: true })
  const path = join(folder, 'dist', `${name}.js`)
  if (line === undefined) await rm(path)
  else await writeFile(path, `${line}\n${await readFile(path, 'utf8')}`)
  return (await import(pathToFileURL(join(folder, 'dist/index.browser.js')).href)) as Entry
}

/** The class of the error is that of the copy. */
const told = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Error)
  assert.deepEqual([error.name, (error as Error & { code?: string }).code], ['NookError', code])
  assert.match(error.message, message)
  assert.ok(error.cause instanceof Error, 'there is a cause')
  return true
}

function beServiceWorker(context: TestContext): void {
  Object.assign(globalThis, { ServiceWorkerGlobalScope: class {} })
  context.after(() => void Reflect.deleteProperty(globalThis, 'ServiceWorkerGlobalScope'))
}

const URL_OF_NOBODY = 'ws://127.0.0.1:9/ws'
const NEVER = 'await new Promise(() => undefined)'

test('connect offline is told as UNREACHABLE', async (t) => {
  const { connect } = await entryWith(t, 'remote')
  await assert.rejects(connect(URL_OF_NOBODY, { WebSocket }), told('UNREACHABLE', /what speaks with servers could not be loaded/))
})

test('open offline says which part could not be loaded', async (t) => {
  const { open } = await entryWith(t, 'in-indexeddb')
  await assert.rejects(open('shop'), told('UNREACHABLE', /what keeps stores could not be loaded/))
  const memory = await open('memory:')
  assert.equal(memory.set('a', '1'), 'OK')
  await memory.close()
  const { open: openWithoutEngine } = await entryWith(t, 'inlined')
  await assert.rejects(openWithoutEngine('memory:'), told('UNREACHABLE', /the engine could not be loaded/))
})

// Private windows of some browsers have none, and pages whose cookies are blocked are denied it.
test('where there is no IndexedDB, opening says so, and a store in memory opens', async (t) => {
  const { open, list } = await entryWith(t, 'in-indexeddb', '')
  const refused = { name: 'NookError', code: 'IO', message: /there is no IndexedDB here/ }
  await assert.rejects(open('shop'), refused)
  await assert.rejects(list(), refused)
  Object.defineProperty(globalThis, 'indexedDB', {
    configurable: true,
    get: () => {
      throw new DOMException('denied', 'SecurityError')
    },
  })
  t.after(() => void Reflect.deleteProperty(globalThis, 'indexedDB'))
  await assert.rejects(open('shop'), refused)
  const memory = await open('memory:')
  assert.equal(memory.set('a', '1'), 'OK')
  await memory.close()
})

test('a service worker is told which entries need load nothing', async (t) => {
  beServiceWorker(t)
  const { connect } = await entryWith(t, 'remote')
  await assert.rejects(connect(URL_OF_NOBODY, { WebSocket }), told('UNSUPPORTED', /service worker .*what speaks with servers.*nookdb\/inline/))
  const { open } = await entryWith(t, 'in-indexeddb')
  await assert.rejects(open('shop'), told('UNSUPPORTED', /service worker .*what keeps stores.*nookdb\/inline/))
})

test('connect gives up in its time, and when it is told to, while it loads', { timeout: 20_000 }, async (t) => {
  const { connect } = await entryWith(t, 'remote', NEVER)
  await assert.rejects(connect(URL_OF_NOBODY, { WebSocket, timeoutMs: 50 }), { code: 'UNREACHABLE', message: /not loaded within 50 ms/ })
  const stop = new AbortController()
  const reason = new Error('enough')
  const attempt = connect(URL_OF_NOBODY, { WebSocket, signal: stop.signal })
  stop.abort(reason)
  await assert.rejects(attempt, { code: 'ABORTED', cause: reason })
  await assert.rejects(connect(URL_OF_NOBODY, { WebSocket, signal: stop.signal }), { code: 'ABORTED', cause: reason })
})

test('the time that loading took is not given to the server again', async (t) => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  t.after(() => silent.close())
  await new Promise((resolve) => silent.once('listening', resolve))
  const { connect } = await entryWith(t, 'remote', 'await new Promise((resolve) => setTimeout(resolve, 500))')
  const { port } = silent.address() as AddressInfo
  const url = `ws://127.0.0.1:${port}/ws`
  await assert.rejects(connect(url, { WebSocket, timeoutMs: 1500 }), (error: Error) => {
    const [, leftMs] = /no answer within (\d+) ms/.exec(error.message) ?? []
    assert.ok(Number(leftMs) <= 1000, error.message)
    return true
  })
})
