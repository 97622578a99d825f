// The count decides whether a change is good, so it is shown to see failures.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countTests } from '../count.mjs'

test('counts of all runners are added up', () => {
  const log = [
    'test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s',
    'test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s',
    'ℹ tests 6',
    'ℹ pass 4',
    'ℹ fail 1',
    'ℹ cancelled 1',
    'check passed: rustfmt',
    'check failed: clippy',
  ].join('\n')
  assert.deepEqual(countTests(log), { passed: 20, failed: 5, skipped: 1 })
})

test('counts in colour are seen', () => {
  assert.deepEqual(countTests('\x1b[34mℹ pass 4\x1b[39m\n\x1b[34mℹ fail 2\x1b[39m'), { passed: 4, failed: 2, skipped: 0 })
})

test('a program that crashed before its count leaves none', () => {
  assert.deepEqual(countTests('error: could not compile `nookdb`'), { passed: 0, failed: 0, skipped: 0 })
})
