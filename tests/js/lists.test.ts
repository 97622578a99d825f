// Lists of strings, which come out of the engine in one run: whatever is in them, they come out as they were put in.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from 'nookdb'

const ELEMENTS = [
  [],
  ['a'],
  ['', '', 'b', ''],
  ['1', '-5', '9223372036854775807'],
  ['a\r\nb', '$3\r\n', '\r', '\n'],
  ['größer', 'a', '🦊', '\uFEFFmark'],
  ['x'.repeat(1023), 'y'.repeat(1024), 'z'.repeat(1025), 'w'.repeat(5000), 'v'],
  Array.from({ length: 500 }, (_, at) => `element:${at * 7919}`),
  Array.from({ length: 500 }, (_, at) => (at === 250 ? 'ü' : `element:${at * 7919}`)),
]

test('a list of any strings comes back as it was put in, as text and as bytes', async () => {
  await using db = await open('memory:')
  const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text))
  for (const elements of ELEMENTS) {
    db.del('list')
    for (const element of elements) db.rPush('list', element)
    for (let time = 0; time < 3; time++) {
      assert.deepEqual(db.lRange('list', 0, -1), elements)
      assert.deepEqual(db.call('LRANGE', 'list', '0', '-1'), elements)
      assert.deepEqual(db.bytes.lRange('list', 0, -1), elements.map(bytes))
      assert.deepEqual(db.multi().lRange('list', 0, -1).exec(), [elements])
      assert.deepEqual(db.atomic((tx) => tx.lRange('list', 0, -1)), elements)
    }
  }
  db.rPush('binary', Buffer.from([0xff, 0x80]) as Uint8Array)
  assert.deepEqual(db.lRange('binary', 0, -1), ['\ufffd\ufffd'])
  assert.deepEqual(db.bytes.lRange('binary', 0, -1), [new Uint8Array([0xff, 0x80])])
})

test('sets, hashes and sorted sets give the same by every way', async () => {
  await using db = await open('memory:')
  for (const elements of ELEMENTS) {
    const members = [...new Set(elements)]
    const board = members.map((value, at) => ({ value, score: at === 0 ? -Infinity : at * 1.1 }))
    db.del(['set', 'hash', 'board'])
    for (const [at, member] of members.entries()) {
      db.sAdd('set', member)
      db.hSet('hash', member, `${member}!`)
      db.zAdd('board', { value: member, score: at === 0 ? -Infinity : at * 1.1 })
    }
    assert.deepEqual(new Set(db.sMembers('set')), new Set(members))
    assert.deepEqual(new Set(db.call('SMEMBERS', 'set') as string[]), new Set(members))
    const object = Object.assign(Object.create(null) as object, Object.fromEntries(members.map((name) => [name, `${name}!`])))
    assert.deepEqual(db.hGetAll('hash'), object)
    assert.deepEqual(db.multi().hGetAll('hash').exec(), [object])
    assert.ok(db.call('HGETALL', 'hash') instanceof Map)
    assert.equal(db.bytes.hGetAll('hash')['a'] instanceof Uint8Array, members.includes('a'))
    assert.deepEqual(db.zRange('board', 0, -1), members)
    assert.deepEqual(db.zRange('board', '0', '-1'), members)
    assert.deepEqual(db.zRange('board', 0, -1, { REV: true }), members.toReversed())
    assert.deepEqual(db.zRange('board', '-inf', '+inf', { BY: 'SCORE' }), members)
    assert.deepEqual(db.zRange('board', '+inf', '-inf', { BY: 'SCORE', REV: true, LIMIT: { offset: 1, count: 2 } }), members.toReversed().slice(1, 3))
    assert.deepEqual(db.zRangeWithScores('board', 0, -1), board)
    assert.deepEqual(db.zRangeWithScores('board', 0, -1, { REV: true }), board.toReversed())
    assert.deepEqual(db.multi().zRangeWithScores('board', 0, -1).exec(), [board])
    assert.deepEqual(
      db.call('ZRANGE', 'board', '0', '-1', 'WITHSCORES'),
      board.map(({ value, score }) => [value, score]),
    )
    for (const { value, score } of board) assert.equal(db.zScore('board', value), score)
  }
  assert.equal(db.zScore('board', 'nobody'), null)
  assert.throws(() => db.zRange('board', 0, 1, { REV: true, LIMIT: { offset: 0, count: 1 } }), /LIMIT is only supported/)
  assert.throws(() => db.zRange('board', 'a', 1, { REV: true }), /not an integer/)
})

test('what an answer holds is its own', async () => {
  await using db = await open('memory:')
  db.zAdd('board', [
    { value: 'a', score: 1 },
    { value: 'b', score: 2 },
  ])
  for (let time = 0; time < 5; time++) {
    const top = db.zRange('board', 0, 9, { REV: true })
    assert.deepEqual(top, ['b', 'a'])
    top.reverse().push('c')
  }
})
