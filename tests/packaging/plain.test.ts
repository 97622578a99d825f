// The packed package without Vite: in a page that bundles nothing, and bundled by esbuild.

import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'
import { root } from '../../pkg-template/steps.mjs'
import { launch } from '../support/chromium.js'
import { StaticServer } from '../support/static-server.js'
import { App } from './packed.js'
import { Visitor } from './visitor.js'

let browser: Browser
let app: App

before(async () => {
  ;[browser, app] = await Promise.all([launch(), App.make(new URL('fixtures/plain', import.meta.url))])
})
after(async () => {
  await browser.close()
  await app[Symbol.asyncDispose]()
})

async function visitTwice(page: string): Promise<Visitor> {
  await using server = await StaticServer.start(app.folder)
  await using visitor = await Visitor.arrive(browser, `${server.origin}/${page}`)
  assert.equal(await visitor.read(), 'visit 1')
  await visitor.reload()
  assert.equal(await visitor.read(), 'visit 2')
  assert.deepEqual(visitor.troubles, [])
  return visitor
}

test('a page that bundles nothing imports it by an import map', async () => {
  const { wasmTypes, loaded } = await visitTwice('index.html')
  assert.deepEqual(wasmTypes, ['application/wasm', 'application/wasm'])
  assert.ok(!loaded.some((path) => path.includes('base64')), loaded.join(' '))
})

test('esbuild: the bundle takes the wasm from /wasm/', async () => {
  await app.run('esbuild', 'shop.js', '--bundle', '--format=esm', '--splitting', '--outdir=bundle')
  // esbuild leaves the address as it is, and a page cannot go further up than its origin.
  await cp(join(app.folder, 'node_modules/nookdb/wasm'), join(app.folder, 'wasm'), { recursive: true })
  const { wasmTypes, loaded } = await visitTwice('bundled.html')
  assert.deepEqual(wasmTypes, ['application/wasm', 'application/wasm'])
  assert.ok(!loaded.some((path) => path.includes('base64')), loaded.join(' '))
})

test('esbuild: a classic script of one file has the wasm in it', async () => {
  const warnings = await app.run('esbuild', 'inline.js', '--bundle', '--format=iife', '--outdir=bundle', '--log-level=warning')
  assert.equal(warnings, '')
  const { wasmTypes, loaded } = await visitTwice('inline.html')
  assert.deepEqual(wasmTypes, [])
  assert.deepEqual([...new Set(loaded)], ['/inline.html', '/bundle/inline.js'])
})

/** In a workspace esbuild takes it for sources of the app. What is installed it says nothing of. */
test('esbuild has nothing to warn of where the package is linked', async () => {
  for (const entry of ['nookdb', 'nookdb/inline', 'nookdb/module', 'nookdb/slim']) {
    for (const conditions of [[], ['node'], ['workerd']]) {
      const contents = `export * from '${entry}'`
      const { warnings } = await build({
        stdin: { contents, resolveDir: root },
        conditions,
        bundle: true,
        format: 'esm',
        external: ['node:*', '*.wasm'],
        write: false,
        logLevel: 'silent',
      })
      assert.deepEqual(warnings, [], `${entry} ${conditions}`)
    }
  }
})
