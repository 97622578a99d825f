// The packed package in a fresh Vite app that has no configuration.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { launch } from '../support/chromium.js'
import { StaticServer } from '../support/static-server.js'
import { App, npmProgram } from './packed.js'
import { Visitor } from './visitor.js'

let browser: Browser
let app: App

before(async () => {
  ;[browser, app] = await Promise.all([launch(), App.make(new URL('fixtures/vite', import.meta.url))])
})
after(async () => {
  await browser.close()
  await app[Symbol.asyncDispose]()
})

/** `vite` or `vite preview` in the folder of the app. */
class Vite implements AsyncDisposable {
  readonly origin: string
  readonly #end: () => Promise<void>

  private constructor(origin: string, end: () => Promise<void>) {
    this.origin = origin
    this.#end = end
  }

  static async start(...args: string[]): Promise<Vite> {
    const flags = ['--host', '127.0.0.1', '--port', '0', '--clearScreen', 'false']
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' }
    const child = spawn(npmProgram('vite'), [...args, ...flags], { cwd: app.folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const exit = once(child, 'exit')
    for await (const line of createInterface(child.stdout)) {
      const [origin] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
      if (origin === undefined) continue
      child.stdout.resume()
      return new Vite(origin, async () => {
        child.kill()
        await exit
      })
    }
    throw new Error(`vite ${args.join(' ')} ended`)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end()
  }
}

test('the app compiles under strict, and the declarations of the package do', async () => {
  await app.run('tsc')
})

// The dev server bundles what is installed, away from its wasm, and answers the page itself for that: what serves is the fallback.
test('vite dev: the store opens and is there again after a reload, and the console stays empty', async () => {
  await using vite = await Vite.start()
  await using visitor = await Visitor.arrive(browser, vite.origin)
  assert.equal(await visitor.read(), 'visit 1 of Ada')
  await visitor.reload()
  assert.equal(await visitor.read(), 'visit 2 of Ada')
  assert.deepEqual(visitor.troubles, [])
})

let built: Promise<unknown> | null = null

function build(): Promise<unknown> {
  return (built ??= app.run('vite', 'build'))
}

test('vite build: the same, with the wasm as a file that is compiled while it loads', async () => {
  await build()
  await using vite = await Vite.start('preview')
  await using visitor = await Visitor.arrive(browser, vite.origin)
  assert.equal(await visitor.read(), 'visit 1 of Ada')
  await visitor.reload()
  assert.equal(await visitor.read(), 'visit 2 of Ada')
  assert.deepEqual(visitor.troubles, [])
  assert.deepEqual(visitor.wasmTypes, ['application/wasm', 'application/wasm'])
  assert.ok(!visitor.loaded.some((path) => path.includes('base64')), visitor.loaded.join(' '))
})

test('the built app runs where a policy allows its own files and wasm, and no eval', async () => {
  await build()
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:"
  await using server = await StaticServer.start(join(app.folder, 'dist'), { 'content-security-policy': policy })
  await using visitor = await Visitor.arrive(browser, `${server.origin}/`)
  assert.equal(await visitor.read(), 'visit 1 of Ada')
  assert.deepEqual(visitor.troubles, [])
})

test('vite build: a worker, of which Vite makes one classic script, has the wasm in it', async () => {
  await using app = await App.make(new URL('fixtures/vite-worker', import.meta.url))
  await app.run('vite', 'build')
  await using server = await StaticServer.start(join(app.folder, 'dist'))
  await using visitor = await Visitor.arrive(browser, `${server.origin}/`)
  assert.equal(await visitor.read(), 'job 1 in the worker')
  await visitor.reload()
  assert.equal(await visitor.read(), 'job 2 in the worker')
  assert.deepEqual(visitor.troubles, [])
})
