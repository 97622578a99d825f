import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { cases } from '../../js/storage/conformance.js'

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild gave no file')
  return file.text
}

/** workerd, with one class of objects of each kind; what they keep is in `folder`. */
function start(script: string, folder: string): Miniflare {
  return new Miniflare({
    modules: true,
    script,
    cf: false,
    compatibilityDate: '2026-04-01',
    durableObjectsPersist: folder,
    durableObjects: {
      keyValue: { className: 'KeyValueObject', useSQLite: false },
      sqlite: { className: 'SqliteObject', useSQLite: true },
    },
  })
}

let script: string
let folder: string
let shared: Miniflare

before(async () => {
  script = await bundle()
  folder = await mkdtemp(join(tmpdir(), 'nookdb-'))
  shared = start(script, join(folder, 'shared'))
})
after(async () => {
  await shared.dispose()
  await rm(folder, { recursive: true, force: true })
})

async function ask<T>(workerd: Miniflare, path: string, query: Record<string, string>): Promise<T> {
  const response = await workerd.dispatchFetch(`http://localhost${path}?${new URLSearchParams(query)}`)
  assert.equal(response.status, 200)
  return (await response.json()) as T
}

for (const objects of ['keyValue', 'sqlite']) {
  for (const { name } of cases) {
    test(`a Durable Object of kind ${objects}: ${name}`, async () => {
      const { failure } = await ask<{ failure: string | null }>(shared, '/case', { objects, name })
      assert.equal(failure, null)
    })
  }

  test(`a Durable Object of kind ${objects} keeps its store when workerd is started again`, async () => {
    const kept = join(folder, objects)
    for (const expected of [['step 1'], ['step 1', 'step 2'], ['step 1', 'step 2', 'step 3']]) {
      const workerd = start(script, kept)
      try {
        assert.deepEqual(await ask(workerd, '/append', { objects }), expected)
      } finally {
        await workerd.dispose()
      }
    }
  })

  test(`in a Durable Object of kind ${objects} list gives the names, and destroy leaves what is not its own`, async () => {
    const found = await ask(shared, '/names', { objects })
    assert.deepEqual(found, [['a', 'b:c', 'd/ü'], ['a', 'd/ü'], ['kept']])
  })
}
