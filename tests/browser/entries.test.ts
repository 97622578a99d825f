// The entries of the package as a plain page loads them: no bundler, and no more allowed than 'wasm-unsafe-eval'.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { launch } from '../support/chromium.js'

const ORIGIN = 'http://localhost'
const PACKAGE = fileURLToPath(new URL('../../pkg/', import.meta.url))

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' }

interface Serving {
  /** The type that the server gives to the wasm; null where it does not have the file. */
  readonly wasmType?: string | null
}

let browser: Browser

before(async () => {
  browser = await launch()
})
after(() => browser.close())

/** A page that may run its own scripts and compile wasm, and nothing else; /pkg/ is the package. */
async function openPage({ wasmType = 'application/wasm' }: Serving = {}): Promise<Page> {
  const context = await browser.newContext()
  await context.route(`${ORIGIN}/**`, async (route) => {
    const path = new URL(route.request().url()).pathname
    const extension = extname(path)
    if (!path.startsWith('/pkg/')) {
      const headers = { 'content-security-policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" }
      return route.fulfill({ contentType: 'text/html', headers, body: '<!doctype html>' })
    }
    if (extension === '.wasm' && wasmType === null) return route.fulfill({ status: 404 })
    const contentType = (extension === '.wasm' ? wasmType : TYPES[extension]) ?? 'application/octet-stream'
    return route.fulfill({ contentType, body: await readFile(PACKAGE + path.slice('/pkg/'.length)) })
  })
  const page = await context.newPage()
  await page.goto(`${ORIGIN}/`)
  return page
}

const fetched = (page: Page): string[] => {
  const names: string[] = []
  page.on('request', (request) => names.push(new URL(request.url()).pathname.split('/').at(-1) ?? ''))
  return names
}

async function writeAndRead(page: Page, entry: string): Promise<string | null> {
  return page.evaluate(async (url) => {
    const { open } = (await import(url)) as typeof import('nookdb')
    const db = await open('shop')
    db.set('greeting', 'hello')
    await db.flush()
    const text = db.get('greeting')
    await db.close()
    return text
  }, `/pkg/dist/${entry}.js`)
}

for (const entry of ['index.browser', 'index.inline']) {
  test(`${entry}: a plain page opens a store, and finds it again after a reload`, async () => {
    const page = await openPage()
    assert.equal(await writeAndRead(page, entry), 'hello')
    await page.reload()
    const [text, names] = await page.evaluate(async (url) => {
      const { list, open } = (await import(url)) as typeof import('nookdb')
      const db = await open('shop')
      return [db.get('greeting'), await list()] as const
    }, `/pkg/dist/${entry}.js`)
    assert.equal(text, 'hello')
    assert.deepEqual(names, ['shop'])
    await page.context().close()
  })
}

test('a server that does not know the type of wasm is good enough', async () => {
  const page = await openPage({ wasmType: 'application/octet-stream' })
  const names = fetched(page)
  assert.equal(await writeAndRead(page, 'index.browser'), 'hello')
  assert.ok(!names.includes('nookdb_base64.js'))
  await page.context().close()
})

test('a page whose bundler left the wasm behind takes it from the script', async () => {
  const page = await openPage({ wasmType: null })
  const names = fetched(page)
  assert.equal(await writeAndRead(page, 'index.browser'), 'hello')
  assert.ok(names.includes('nookdb_base64.js'))
  await page.context().close()
})

test('the entry for apps that bring the wasm takes what it is given', async () => {
  const page = await openPage()
  const text = await page.evaluate(async () => {
    const { stores } = (await import('/pkg/dist/index.module.js' as string)) as typeof import('nookdb/module')
    const { open } = stores(WebAssembly.compileStreaming(fetch('/pkg/wasm/nookdb_bg.wasm')))
    const db = await open('memory:')
    db.set('a', '1')
    return db.get('a')
  })
  assert.equal(text, '1')
  await page.context().close()
})

test('importing an entry fetches no wasm, and compiles none', async () => {
  const page = await openPage()
  const names = fetched(page)
  await page.evaluate(async () => void (await import('/pkg/dist/index.browser.js' as string)))
  assert.ok(names.includes('index.browser.js'))
  assert.ok(!names.some((name) => name.endsWith('.wasm')))
  await page.context().close()
})

test('a store that another tab has open is refused, and one that is taken over turns read-only there', async () => {
  const one = await openPage()
  const other = await one.context().newPage()
  await other.goto(`${ORIGIN}/`)
  const openShop = async (page: Page, ifBusy: 'error' | 'steal'): Promise<string> =>
    page.evaluate(async (ifBusy) => {
      const { open } = (await import('/pkg/dist/index.browser.js' as string)) as typeof import('nookdb')
      try {
        const db = await open('shop', { ifBusy })
        Object.assign(globalThis, { db, fenced: new Promise((resolve) => db.on('fenced', (error) => resolve(error.code))) })
        return 'opened'
      } catch (error) {
        return (error as { code: string }).code
      }
    }, ifBusy)
  assert.equal(await openShop(one, 'error'), 'opened')
  assert.equal(await openShop(other, 'error'), 'INUSE')
  assert.equal(await openShop(other, 'steal'), 'opened')
  assert.equal(await one.evaluate('fenced'), 'FENCED')
  assert.equal(await one.evaluate("try { db.set('a', '1') } catch (error) { error.code }"), 'FENCED')
  assert.equal(await other.evaluate("db.set('a', '1')"), 'OK')
  await one.context().close()
})

for (const builtins of ['the builtins for strings', 'no such builtins']) {
  test(`text of every length comes back as it was, with ${builtins}`, async () => {
    const page = await openPage()
    const wrong = await page.evaluate(
      async ({ url, isWithout }) => {
        const { compile } = WebAssembly
        let refused = 0
        // As a machine answers that does not know them.
        if (isWithout) {
          WebAssembly.compile = (source: BufferSource, ...options: unknown[]) => {
            if (options.length === 0) return compile(source)
            refused++
            return Promise.reject(new TypeError('an unknown option'))
          }
        }
        const { open } = (await import(url)) as typeof import('nookdb')
        const db = await open('memory:', { readCache: false })
        const lengths = [...Array(130).keys(), 1019, 1020, 1021, 1024, 4095, 4096, 4097, 16_380, 16_381, 16_384, 20_000]
        const texts = lengths.flatMap((length) => {
          const text = Array.from({ length }, (_, n) => String.fromCharCode(33 + ((n * 7) % 90))).join('')
          return [text, `${text.slice(1)}é`, `${text}漢`, `🦊${text}`]
        })
        // Each is written over the places of one that was longer.
        const wrong = texts.filter((text) => {
          db.set('before', 'x'.repeat(text.length + 9))
          db.set(text, text)
          return db.get(text) !== text || db.mGet([text, 'none'])[0] !== text || db.hSet('hash', text, text) > 1 || db.hGet('hash', text) !== text
        })
        return { wrong: wrong.map((text) => text.length), keys: db.dbSize() - new Set(texts).size, refused }
      },
      { url: '/pkg/dist/index.browser.js', isWithout: builtins.startsWith('no') },
    )
    assert.deepEqual(wrong, { wrong: [], keys: 2, refused: builtins.startsWith('no') ? 1 : 0 })
  })
}

test('a memory that grew since the last direct call takes the longest names of commands', async () => {
  const page = await openPage()
  const removed = await page.evaluate(async (url) => {
    const { open } = (await import(url)) as typeof import('nookdb')
    const db = await open('memory:')
    db.zAdd('scores', [{ value: 'low', score: 1 }, { value: 'high', score: 20 }])
    // Not by the direct way: its views of the memory are those from before.
    db.bytes.set('large', new Uint8Array(8 * 2 ** 20))
    const removed = db.zRemRangeByScore('scores', 0, 10)
    await db.close()
    return removed
  }, '/pkg/dist/index.browser.js')
  assert.equal(removed, 1)
  await page.context().close()
})
