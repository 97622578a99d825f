// What the console offers while somebody types, from the table of commands.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Completion, choicesFor, hintFor } from '../../../www/src/console/completion.js'
import { History } from '../../../www/src/console/history.js'
import { TABLE, help, restOfUsage, splitUsage } from '../../../www/src/console/usage.js'

test('names are completed as far as their next word', () => {
  assert.deepEqual(choicesFor('hgeta'), ['HGETALL'])
  assert.deepEqual(choicesFor('config '), ['GET', 'RESETSTAT', 'SET'])
  assert.deepEqual(choicesFor('config s'), ['SET'])
  assert.ok(choicesFor('help z').includes('ZADD'))
  assert.deepEqual(choicesFor('cle'), ['CLEAR'])
  assert.deepEqual(choicesFor('nosuch'), [])
})

test('options are completed where they may stand', () => {
  assert.deepEqual(choicesFor('set k v E'), ['EX', 'EXAT'])
  assert.deepEqual(choicesFor('set k v ex 10 '), ['NX', 'XX', 'GET'])
  assert.deepEqual(choicesFor('set k '), [])
  assert.deepEqual(choicesFor('zadd k x'), ['XX'])
  assert.deepEqual(choicesFor('lmpop 1 l '), ['LEFT', 'RIGHT'])
})

test('Tab goes through the choices and comes round, Shift-Tab goes back', () => {
  const completion = new Completion()
  assert.equal(completion.next('expirea', 1), 'EXPIREAT ')
  assert.equal(completion.next('set k v ex', 1), 'set k v EX')
  assert.equal(completion.next('set k v EX', 1), 'set k v EXAT')
  assert.equal(completion.next('set k v EXAT', 1), 'set k v EX')
  assert.equal(completion.next('set k v EX', -1), 'set k v EXAT')
  assert.equal(completion.next('get k ', 1), null)
})

test('the hint is what of the usage is still to come', () => {
  const rest = (line: string): string | undefined => hintFor(line)?.rest
  assert.equal(rest('get'), ' key')
  assert.equal(rest('get '), 'key')
  assert.equal(rest('get k'), '')
  assert.equal(rest('expire k 10 '), '[NX | XX | GT | LT]')
  assert.equal(rest('expire k 10 nx '), '')
  assert.equal(rest('set k v px '), 'milliseconds [NX | XX] [GET]')
  assert.equal(rest('mset a 1 '), '[key value ...]')
  assert.equal(rest('mset a 1 b 2 '), '[key value ...]')
  assert.equal(rest('set "a key" '), 'value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]')
  assert.equal(rest('nosuch '), undefined)
})

test('every usage splits into parts whose brackets are closed, and ends with its arguments', () => {
  for (const { name, usage } of TABLE) {
    const parts = splitUsage(usage)
    assert.equal(parts.join(' '), usage, name)
    const plain = parts.filter((part) => !part.startsWith('['))
    const left = restOfUsage(usage, plain.map(() => '-'))
    assert.ok(left.every((part) => part.startsWith('[')), `${name}: ${left.join(' ')}`)
  }
})

test('HELP tells of a command, of a container and of a group', () => {
  assert.match(help(['get']) ?? '', /^ {2}GET key\n {2}summary: .+\n {2}complexity: O\(1\).*\n {2}since: 1\.0\.0\n {2}group: string$/)
  assert.match(help(['config']) ?? '', /CONFIG GET[^]+CONFIG SET/)
  assert.match(help(['@list']) ?? '', /LPUSH/)
  assert.equal(help(['nosuch']), null)
})

test('history is walked up and down, and gives back what was being typed', () => {
  const keep = { value: ['GET a'] }
  const history = new History(keep)
  history.add('GET b')
  history.add('GET b')
  assert.deepEqual(keep.value, ['GET a', 'GET b'])
  assert.equal(history.walk(1, 'new'), null)
  assert.equal(history.walk(-1, 'new'), 'GET b')
  assert.equal(history.walk(-1, 'GET b'), 'GET a')
  assert.equal(history.walk(-1, 'GET a'), null)
  assert.equal(history.walk(1, 'GET a'), 'GET b')
  assert.equal(history.walk(1, 'GET b'), 'new')
})
