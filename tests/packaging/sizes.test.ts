// What travels stays as small as it was: growth is committed, or it is a mistake.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committed, familyOf, grown, measure } from '../../benches/sizes.mjs'

test('no engine and no entry has grown by more than 2 % over benches/sizes.json (`make sizes-update` writes it)', async () => {
  assert.deepEqual(grown(await measure(), committed()), [])
})

test('growth of more than 2 % is named, and so is what has no figure', () => {
  const before = { wasm: { slim: { raw: 1000 } }, js: {} }
  assert.deepEqual(grown({ wasm: { slim: { raw: 1020 } }, js: {} }, before), [])
  assert.deepEqual(grown({ wasm: { slim: { raw: 1021 } }, js: { browser: { gzip: 1 } } }, before), [
    'wasm slim: 1021 bytes raw, and 1000 were committed',
    'js browser: benches/sizes.json has no figure for gzip',
  ])
})

test('a function belongs to the family that it is written in, or that its type is of', () => {
  assert.equal(familyOf('nookdb::commands::sorted_sets::pops::pop::h0123456789abcdef'), 'commands::sorted_sets')
  assert.equal(familyOf('core::ptr::drop_in_place<nookdb::types::zset::ZSet>'), 'types::zset')
  assert.equal(familyOf('<alloc::vec::Vec<T,A> as core::clone::Clone>::clone'), 'alloc::vec')
  assert.equal(familyOf('instance_get'), 'wasm')
})
