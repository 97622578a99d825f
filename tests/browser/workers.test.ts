// A store in a worker of a page. Served over HTTP by Node: the requests of a service worker are answered by nobody else.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, normalize } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { launch } from '../support/chromium.js'
import type { Answer, Task } from './workers/store.js'

const PACKAGE = fileURLToPath(new URL('../../pkg/', import.meta.url))
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' }

type Kind = 'dedicated' | 'service'
/** A service worker may load nothing once it runs: its entry has everything in it. */
const ENTRIES = { dedicated: 'browser', service: 'inline' } as const

let browser: Browser
let server: Server
let origin: string

before(async () => {
  browser = await launch()
  const scripts = { '/browser.js': await workerScript('browser'), '/inline.js': await workerScript('inline') }
  const bodyOf = async (path: string): Promise<string | Uint8Array> => {
    if (path.startsWith('/pkg/')) return readFile(PACKAGE + path.slice('/pkg/'.length))
    return scripts[path as keyof typeof scripts] ?? '<!doctype html>'
  }
  server = createServer((request, response) => {
    const path = normalize(request.url ?? '/')
    bodyOf(path).then(
      (bytes) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/html' }).end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(async () => {
  await browser.close()
  server.close()
})

/** The worker as a module that imports the package from where it lies, with no bundler between. */
async function workerScript(entry: 'browser' | 'inline'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('workers/store.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    alias: { nookdb: `/pkg/dist/index.${entry}.js` },
    external: ['/pkg/*'],
  })
  return outputFiles[0]?.text ?? ''
}

async function openPage(): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(origin)
  return page
}

async function startWorker(page: Page, kind: Kind, entry: 'browser' | 'inline' = ENTRIES[kind]): Promise<void> {
  const start = async ({ kind, script }: { kind: Kind; script: string }) => {
    const options = { type: 'module' } as const
    if (kind === 'dedicated') {
      Object.assign(globalThis, { worker: new Worker(script, options) })
    } else {
      await navigator.serviceWorker.register(script, options)
      Object.assign(globalThis, { worker: (await navigator.serviceWorker.ready).active })
    }
  }
  await page.evaluate(start, { kind, script: `/${entry}.js` })
}

/** Ends the worker as the browser does: without a word to it. */
async function endWorker(page: Page, kind: Kind): Promise<void> {
  if (kind === 'dedicated') return page.evaluate('worker.terminate()')
  const client = await page.context().newCDPSession(page)
  await client.send('ServiceWorker.enable')
  await client.send('ServiceWorker.stopAllWorkers')
}

async function ask(page: Page, task: Task): Promise<Answer> {
  return page.evaluate(
    (task) =>
      new Promise<Answer>((resolve, reject) => {
        const { worker } = globalThis as unknown as { worker: Worker | ServiceWorker }
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = ({ data }) => resolve(data)
        worker.addEventListener('error', () => reject(new Error('the worker did not start')))
        worker.postMessage(task, [port2])
      }),
    task,
  )
}

for (const kind of ['dedicated', 'service'] as const) {
  test(`a ${kind} worker keeps a store, and finds it again after it was ended`, async () => {
    const page = await openPage()
    await startWorker(page, kind)
    const first = await ask(page, { calls: [['SET', 'greeting', 'hello'], ['ZADD', 'board', '1', 'ada']], flush: true })
    assert.deepEqual(first.replies, ['OK', 1])
    await endWorker(page, kind)
    await startWorker(page, kind)
    const second = await ask(page, { calls: [['GET', 'greeting'], ['ZSCORE', 'board', 'ada']] })
    assert.deepEqual(second.replies, ['hello', 1])
    assert.notEqual(second.worker, first.worker)
    await page.context().close()
  })

  test(`a ${kind} worker waits for what a later message brings`, async () => {
    const page = await openPage()
    await startWorker(page, kind)
    const waiting = ask(page, { pop: 'jobs' })
    await ask(page, { calls: [['RPUSH', 'jobs', 'one']] })
    assert.deepEqual((await waiting).replies, ['one'])
    await page.context().close()
  })

  test(`the page is refused the store that its ${kind} worker has open`, async () => {
    const page = await openPage()
    await startWorker(page, kind)
    await ask(page, { calls: [['PING']] })
    const code = await page.evaluate(async () => {
      const { open } = (await import('/pkg/dist/index.browser.js' as string)) as typeof import('nookdb')
      return open('shop').then(
        () => 'opened',
        (error: { code: string }) => error.code,
      )
    })
    assert.equal(code, 'INUSE')
    await page.context().close()
  })
}

test('a service worker with the entry of pages is told which one keeps stores there', async () => {
  const page = await openPage()
  await startWorker(page, 'service', 'browser')
  const { replies } = await ask(page, { calls: [['PING']] })
  assert.match(String(replies[0]), /NookError: UNSUPPORTED .*nookdb\/inline/)
  await page.context().close()
})
