// One value stays one argument: a list in its place, as JSON of others may bring, is refused and never becomes several.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from 'nookdb'
import type { Argument } from '../../../pkg-template/src/client.js'
import { lines, nameIn, wordsIn } from '../../../pkg-template/src/commands/methods.js'
import { CommandQueue } from '../../../pkg-template/src/multi.js'
import { CONVERSATIONS, type Call } from './calls.js'

const refused = { name: 'TypeError', message: /not a list here/ }

/** As JSON.parse gives it, for the compiler. */
function anything(value: unknown): never {
  return value as never
}

test('a list in the place of a key or a value is refused', async () => {
  await using db = await open('memory:')
  for (const call of [
    () => db.set('k', anything(['v', 'EX', '10'])),
    () => db.set(anything(['k', 'v']), anything(undefined)),
    () => db.get(anything(['k'])),
    () => db.hSet('h', 'f', anything(['v', 'admin', 'yes'])),
    () => db.hSet('h', { f: anything(['v', 'admin', 'yes']) }),
    () => db.hSet('h', ['f', anything(['v', 'admin', 'yes'])]),
    () => db.hSet('h', [['f', anything(['v', 'admin', 'yes'])]]),
    () => db.hSet('h', new Map([['f', anything(['v', 'admin', 'yes'])]])),
    () => db.zAdd('z', { score: 1, value: anything(['a', '2', 'b']) }),
    () => db.sAdd('s', [anything(['a', 'b'])]),
    () => db.mGet([anything(['a', 'b'])]),
    () => db.expire('k', 10, anything(['NX'])),
    () => db.multi().set('k', anything(['v', 'EX', '10'])),
    () => db.atomic((tx) => tx.set('k', anything(['v', 'EX', '10']))),
  ]) {
    assert.throws(call, refused, String(call))
  }
  assert.equal(db.dbSize(), 0)
})

test('lists go on where a method takes them', async () => {
  await using db = await open('memory:')
  assert.equal(db.mSet([['a', '1'], ['b', '2']]), 'OK')
  assert.equal(db.mSet(['c', '3', 'd', '4']), 'OK')
  assert.deepEqual(db.mGet(['a', 'b', 'c', 'd']), ['1', '2', '3', '4'])
  assert.equal(db.del(['a', 'b']), 2)
  assert.equal(db.rPush('l', ['a', 'b']), 2)
  assert.equal(db.sAdd('s', ['a', 'b']), 2)
  assert.equal(db.zAdd('z', [{ score: 1, value: 'a' }, { score: 2, value: 'b' }]), 2)
  assert.equal(db.hSet('h', [['a', '1'], ['b', '2']]), 2)
  assert.equal(db.hSet('h', ['c', '3', 'd', '4']), 2)
  assert.equal(db.hSet('h', new Map([['e', 5]])), 1)
  assert.deepEqual(db.hmGet('h', ['a', 'd', 'e']), ['1', '4', '5'])
})

const WORDS = new Map(lines().flatMap(({ heads, rest }) => heads.map((head) => [nameIn(head), wordsIn(head, rest)] as const)))

/** Options that take a list by their names. */
const LISTS = new Set(['GET', 'ID'])

/** Whether a method may be given a list at this place. */
function takesList(name: string, given: readonly unknown[], at: number): boolean {
  const word = WORDS.get(name)?.find((word) => word.startsWith(String(at))) ?? ''
  return /\*|Numbered|WeightedKeys|Pairs/.test(word) || (word.includes('...') && given.length === at + 1)
}

function isLeaf(value: unknown): boolean {
  return ['string', 'number', 'bigint'].includes(typeof value) || value instanceof Uint8Array || value instanceof Date
}

/** The same with a list in the place of one value, for each value in it. */
function* withList(value: unknown): Generator<unknown> {
  if (isLeaf(value)) yield [value, 'injected']
  else if (Array.isArray(value)) for (const [n, item] of value.entries()) for (const other of withList(item)) yield value.with(n, other)
  else if (value instanceof Map) for (const [name, item] of value) for (const other of withList(item)) yield new Map([...value, [name, other]])
  else if (typeof value === 'object' && value !== null && !(value instanceof AbortSignal)) {
    for (const [name, item] of Object.entries(value)) {
      if (!LISTS.has(name)) for (const other of withList(item)) yield { ...value, [name]: other }
    }
  }
}

function argvOf(name: string, given: readonly unknown[]): Argument[] {
  const queue = new CommandQueue((commands) => commands[0])
  ;(queue as unknown as Record<string, (...given: readonly unknown[]) => unknown>)[name]!(...given)
  return queue.exec() as Argument[]
}

test('no value of any method becomes more than one argument', () => {
  let tried = 0
  const calls = CONVERSATIONS.flatMap(({ calls }) => calls.map((entry): Call => ('call' in entry ? entry.call : entry)))
  for (const [name, ...given] of calls) {
    for (const [at, value] of given.entries()) {
      if (isLeaf(value) && takesList(name, given, at)) continue
      for (const other of withList(value)) {
        const changed = (given as unknown[]).with(at, other)
        tried++
        let argv: Argument[]
        try {
          argv = argvOf(name, changed)
        } catch (error) {
          assert.ok(error instanceof TypeError, `${name} ${JSON.stringify(changed)}: ${String(error)}`)
          continue
        }
        assert.ok(!argv.includes('injected'), `${name} ${JSON.stringify(changed)} is sent as ${JSON.stringify(argv)}`)
      }
    }
  }
  assert.ok(tried > 500, String(tried))
})
