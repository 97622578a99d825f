// The packed package in Node, and what is in it.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../../pkg-template/steps.mjs'
import { App } from './packed.js'

let app: App

before(async () => {
  app = await App.make(new URL('fixtures/node', import.meta.url))
})
after(() => app[Symbol.asyncDispose]())

/** Runs a program in the app; gives what it printed, to either stream. */
async function node(type: 'module' | 'commonjs', program: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [`--input-type=${type}`, '--eval', program], { cwd: app.folder })
  return stdout + stderr
}

const installed = (path: string): string => join(app.folder, 'node_modules/nookdb', path)

test('import and require open the same store, one after the other', async () => {
  const visit = `open('shop').then(async (db) => {
    console.log(db.incr('visits'))
    await db.close()
  })`
  assert.equal(await node('module', `import { open } from 'nookdb'\n${visit}`), '1\n')
  assert.equal(await node('commonjs', `const { open } = require('nookdb')\n${visit}`), '2\n')
})

test('every entry can be imported on a server that renders, and does nothing there', async () => {
  for (const entry of ['browser', 'inline', 'slim', 'slim.node', 'module', 'node']) {
    const url = JSON.stringify(`./node_modules/nookdb/dist/index.${entry}.js`)
    // Nothing is left behind that would keep the process: it ends by itself.
    assert.equal(await node('module', `console.log(Object.keys(await import(${url})).includes('NookError'))`), 'true\n')
  }
})

// Node's entries, and what keeps stores in files, have a class of errors each.
test('an error of any script is an instance of the class of each entry, and of no class that extends it', async () => {
  const program = `import { NookError, open } from 'nookdb'
    import { NookError as Slim } from 'nookdb/slim'
    import { NookError as Inline, open as openInline } from 'nookdb/inline'
    class Own extends NookError {}
    const shop = await open('shop')
    const errors = [
      await open('..').catch((error) => error),
      await openInline('..').catch((error) => error),
      await open('shop').catch((error) => error),
    ]
    for (const error of errors) {
      console.log(error.name, ...[NookError, Slim, Inline, Error, Own].map((each) => error instanceof each))
    }
    await shop.close()
    console.log(new Own('ERR', '') instanceof Own, new TypeError() instanceof NookError, 'ERR' instanceof NookError)`
  const line = 'NookError true true true true false\n'
  assert.equal(await node('module', program), `${line}${line}${line}true false false\n`)
})

test('a page that is rendered where no IndexedDB is can still hold a store in memory', async () => {
  const program = `import { open } from 'nookdb/inline'
    const db = await open('memory:')
    console.log(db.incr('visits'))
    await open('shop').catch((error) => console.log(error.code))`
  assert.equal(await node('module', program), '1\nIO\n')
})

/** Servers have no lib "dom": their types of WebAssembly were missing from those of the package. */
test('the types compile without those of a page, and with them', async () => {
  const program = `import { open, type Nook } from 'nookdb'
    import { open as openSlim } from 'nookdb/slim'
    import { open as openInline } from 'nookdb/inline'
    import { stores } from 'nookdb/module'
    export const shop: Nook = await open('shop')
    export const visits: number = shop.incr('visits')
    export const others = [openSlim, openInline, stores]`
  await writeFile(join(app.folder, 'shop.mts'), program)
  for (const lib of ['es2022', 'es2022,dom']) {
    const options = ['--noEmit', '--strict', '--module', 'node16', '--moduleResolution', 'node16', '--target', 'es2022', '--lib', lib]
    await app.run('tsc', ...options, '--typeRoots', join(root, 'node_modules/@types'), '--types', 'node', 'shop.mts')
  }
})

test('the tarball holds what runs, what types it and what explains it, and nothing else', () => {
  const kinds = [
    /^dist\/(?:[\w.-]+\/)*[\w.-]+\.(?:js|js\.map|d\.ts)$/,
    /^wasm\/nookdb\.d\.ts$/,
    /^wasm\/(?:nookdb|slim)(?:_bg\.wasm|_base64\.js|_base64\.d\.ts)$/,
    /^(?:package|commands)\.json$/,
    /^(?:README\.md|CHANGELOG\.md|LICENSE-MIT|LICENSE-APACHE)$/,
  ]
  const paths = app.tarball.files.map(({ path }) => path)
  assert.deepEqual(paths.filter((path) => !kinds.some((kind) => kind.test(path)) || path.includes('test')), [])
})

test('every file that package.json names is in the tarball', async () => {
  const manifest = JSON.parse(await readFile(installed('package.json'), 'utf8')) as Record<string, unknown>
  const named = (value: unknown): string[] =>
    typeof value === 'string' ? (value.startsWith('./') ? [value.slice(2)] : []) : Object.values(value ?? {}).flatMap(named)
  const paths = new Set(app.tarball.files.map(({ path }) => path))
  assert.deepEqual(named(manifest).filter((path) => !paths.has(path)), [])
  assert.notEqual(manifest['version'], '0.0.0')
  assert.equal(manifest['license'], 'MIT OR Apache-2.0')
  assert.deepEqual(Object.keys((manifest['dependencies'] as object | undefined) ?? {}), [])
})

test('source maps hold their sources, and point at nothing outside of the package', async () => {
  const maps = app.tarball.files.filter(({ path }) => path.endsWith('.map'))
  assert.ok(maps.length > 0)
  for (const { path } of maps) {
    const map = JSON.parse(await readFile(installed(path), 'utf8')) as { sourceRoot?: string; sources: string[]; sourcesContent?: string[] }
    assert.equal(map.sourcesContent?.length, map.sources.length, path)
    for (const source of map.sources) {
      const base = new URL(map.sourceRoot ?? '', `file:///package/${path}`)
      assert.match(new URL(source, base).href, /^file:\/\/\/package\/src\/|^nookdb:/, path)
    }
  }
})

test('the examples of both READMEs run', async () => {
  const readmes = [installed('README.md'), join(root, 'README.md')]
  for (const readme of readmes) {
    const text = await readFile(readme, 'utf8')
    const examples = [...text.matchAll(/```(?:js|ts)\n([\s\S]*?)```/g)].map(([, code]) => code ?? '')
    // What needs a server or a Worker is run where there is one.
    const ours = examples.filter((code) => !/connect\(|DurableObject|export default/.test(code))
    assert.ok(ours.length > 0, `${readme} has no example`)
    for (const example of ours) await node('module', `${example}\nawait db.close()`)
  }
})
