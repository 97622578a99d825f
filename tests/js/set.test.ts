// SET by the short way: what is written together with its key, and what lives for a time.

import assert from 'node:assert/strict'
import test from 'node:test'
import { open, type SetOptions } from 'nookdb'

const TEXTS = ['', 'a', '7', 'plain', 'grün', 'ключ', '😀', 'x'.repeat(255), 'y'.repeat(512), 'ü'.repeat(300), 'z'.repeat(20_000)]

test('keys and values of all lengths and alphabets are kept as they are', async () => {
  await using db = await open('memory:')
  for (const key of TEXTS) {
    for (const value of TEXTS) {
      // Again and again, as what was written before decides how the next is.
      for (const [name, content] of [[key, value], [value, key], ['k', 'v']] as const) {
        db.set(name, content)
        assert.equal(db.get(name), content)
      }
    }
  }
  assert.equal(db.dbSize(), TEXTS.length + 1)
})

test('a time to live is the same in all ways of writing it', async () => {
  for (const readCache of [true, false]) {
    await using db = await open('memory:', { readCache })
    const forms: SetOptions[] = [
      { EX: 100 }, { PX: 100_000 }, { expiration: { type: 'EX', value: 100 } }, { expiration: { type: 'PX', value: 100_000 } },
      { expiration: { type: 'EX', value: 100 }, GET: undefined },
    ]
    for (const options of forms) {
      assert.equal(db.set('k', 'v', options), 'OK')
      const left = db.pTTL('k')
      assert.ok(left > 90_000 && left <= 100_000, `${JSON.stringify(options)}: ${left}`)
      assert.equal(db.get('k'), 'v')
    }
    db.set('k', 'lasting')
    assert.equal(db.ttl('k'), -1)
    assert.equal(db.get('k'), 'lasting')
    assert.equal(db.set('k', 'other', { EX: 100, NX: true }), null)
    assert.equal(db.set('k', 'other', { expiration: { type: 'EX', value: 100 }, GET: true }), 'lasting')
    assert.equal(db.set('k', 'kept', { KEEPTTL: true }), 'OK')
    assert.equal(db.ttl('k'), 100)
  }
})

test('a time to live that is none is refused', async () => {
  await using db = await open('memory:')
  for (const EX of [0, -1, 2 ** 54, 1e300, 1.5, NaN]) assert.throws(() => db.set('k', 'v', { EX }), `${EX}`)
  assert.equal(db.exists('k'), 0)
})

test('what was set for a time is gone when that is over', async () => {
  await using db = await open('memory:')
  db.set('k', 'v', { PX: 20 })
  db.set('lasting', 'v')
  assert.equal(db.get('k'), 'v')
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.equal(db.get('k'), null)
  assert.equal(db.get('lasting'), 'v')
})
