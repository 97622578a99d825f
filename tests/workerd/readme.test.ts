import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { APPS } from './worker.js'

for (const name of ['isolate', 'object']) {
  test(`the README of the package shows the Worker '${name}' as it is built and run here`, async () => {
    const readme = await readFile(new URL('../../pkg-template/README.md', import.meta.url), 'utf8')
    const source = await readFile(new URL(`${name}/src/index.ts`, APPS), 'utf8')
    assert.ok(readme.includes(`\`\`\`ts\n${source}\`\`\`\n`))
  })
}
