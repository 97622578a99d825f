import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases, runCase } from './conformance.js'
import { memoryWorld } from './memory-world.js'

for (const one of cases) {
  test(`memory: ${one.name}`, async () => {
    assert.equal((await runCase(one, memoryWorld)).failure, null)
  })
}
