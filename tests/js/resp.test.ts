import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NookError } from '../../pkg-template/src/errors.js'
import { Push } from '../../pkg-template/src/reply.js'
import { RespReader } from '../../pkg-template/src/resp.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (text: string): unknown => new RespReader(bytes(text)).read()

test('each type of RESP3 is read', () => {
  assert.equal(read('+OK\r\n'), 'OK')
  assert.equal(read(':-7\r\n'), -7)
  assert.equal(read('$2\r\nné\r\n'.replace('$2', '$3')), 'né')
  assert.equal(read('$0\r\n\r\n'), '')
  assert.equal(read('_\r\n'), null)
  assert.equal(read('#t\r\n'), true)
  assert.equal(read(',1.5\r\n'), 1.5)
  assert.equal(read(',-inf\r\n'), -Infinity)
  assert.equal(read('=7\r\ntxt:abc\r\n'), 'abc')
  assert.deepEqual(read('~2\r\n:1\r\n*1\r\n+a\r\n'), [1, ['a']])
  assert.deepEqual(read('%1\r\n$1\r\na\r\n:1\r\n'), new Map([['a', 1]]))
  assert.deepEqual(read('>2\r\n+message\r\n$1\r\nm\r\n'), new Push(['message', 'm']))
})

test('integers past 2^53 - 1 come as bigint', () => {
  assert.equal(read(':9007199254740991\r\n'), 9007199254740991)
  assert.equal(read(':9223372036854775807\r\n'), 9223372036854775807n)
  assert.equal(read('(3492890328409238509324850943850943825024385\r\n'), 3492890328409238509324850943850943825024385n)
})

test('an error carries the first word as its code, also inside of an array', () => {
  const [, error] = read('*2\r\n:1\r\n-WRONGTYPE no\r\n') as [number, NookError]
  assert.ok(error instanceof NookError)
  assert.equal(error.code, 'WRONGTYPE')
  assert.equal(error.message, 'WRONGTYPE no')
})

test('bulk strings come as bytes where that is asked for, and lines do not', () => {
  const wire = new Uint8Array([...bytes('*2\r\n$2\r\n'), 0xff, 0x0a, ...bytes('\r\n+OK\r\n')])
  assert.deepEqual(new RespReader(wire, true).read(), [new Uint8Array([0xff, 0x0a]), 'OK'])
})

test('long text and text that is not ASCII are read as UTF-8', () => {
  const long = 'ü'.repeat(1000)
  assert.equal(read(`$2000\r\n${long}\r\n`), long)
  assert.equal(read('$4\r\n🦊\r\n'), '🦊')
})

test('values are read one after the other', () => {
  const reader = new RespReader(bytes(':1\r\n:2\r\n'))
  assert.deepEqual([reader.read(), reader.done, reader.read(), reader.done], [1, false, 2, true])
})

test('bytes that end too early are refused', () => {
  for (const cut of ['$5\r\nab', '*2\r\n:1\r\n', '+OK', '?', '', '$x\r\n']) {
    assert.throws(() => read(cut), (error: NookError) => error.code === 'PROTOCOL', cut)
  }
})
