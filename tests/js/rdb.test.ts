// RDB files go both ways between a store and a real redis-server.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createClient } from '@redis/client'
import { open, type Nook } from 'nookdb'
import { RedisServer } from '../support/redis-server.js'

/** Every kind, small and large, and a deadline far away. Of scores with a fraction only one: node-redis reads few of them exactly. */
const WORDS: readonly (readonly string[])[] = [
  ['SET', 'text', 'héllo\0\r\n'],
  ['SET', 'number', '12345'],
  ['SET', 'long', 'abc'.repeat(10_000)],
  ['SET', 'ends', 'later', 'PXAT', '4102444800000'],
  ['HSET', 'hash', 'f', 'v', 'g', '1'],
  ['HSET', 'large hash', ...Array.from({ length: 600 }, (_, n) => `field or value ${n}`)],
  ['RPUSH', 'list', 'a', '1', 'b'],
  ['RPUSH', 'large list', ...Array.from({ length: 2000 }, (_, n) => `element ${n}`)],
  ['SADD', 'numbers', '3', '1', '2'],
  ['SADD', 'words', 'a', 'b', '1'],
  ['SADD', 'large set', ...Array.from({ length: 1000 }, (_, n) => `member ${n}`)],
  ['ZADD', 'board', '1.5', 'ada', '-inf', 'bob', '2', 'eve'],
  ['ZADD', 'large board', ...Array.from({ length: 1000 }, (_, n) => [`${n - 500}`, `member ${n}`]).flat()],
  ['SELECT', '3'],
  ['SET', 'elsewhere', 'yes'],
  ['SELECT', '0'],
]

/** Reads everything back, so that two who hold the same say the same. */
const QUESTIONS: readonly (readonly string[])[] = [
  ['DBSIZE'],
  ...['text', 'number', 'long', 'ends'].map((key) => ['GET', key]),
  ['PEXPIRETIME', 'ends'],
  ...['hash', 'large hash'].flatMap((key) => [['HLEN', key], ['HMGET', key, 'f', 'g', 'field or value 598']]),
  ...['list', 'large list'].map((key) => ['LRANGE', key, '0', '-1']),
  ...['numbers', 'words', 'large set'].flatMap((key) => [['SCARD', key], ['SMISMEMBER', key, '1', 'a', 'member 999']]),
  ...['board', 'large board'].map((key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES']),
  ['SELECT', '3'],
  ['GET', 'elsewhere'],
]

type Say = (words: readonly string[]) => unknown

async function redis(context: TestContext, dump?: Uint8Array): Promise<{ server: RedisServer; say: Say }> {
  const server = await RedisServer.start(dump)
  const client = await createClient({ socket: { port: server.port }, RESP: 3 }).connect()
  context.after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })
  return { server, say: (words) => client.sendCommand(words) }
}

async function memory(context: TestContext): Promise<{ db: Nook; say: Say }> {
  const db = await open('memory:')
  context.after(() => db.close())
  return { db, say: (words) => db.call(...words) }
}

async function sayAll(say: Say, lines: readonly (readonly string[])[]): Promise<unknown[]> {
  const replies: unknown[] = []
  for (const line of lines) replies.push(await say(line))
  return replies
}

test('redis-server 7.0 starts on an export, and reads back the same', async (t) => {
  const { db, say } = await memory(t)
  await sayAll(say, WORDS)
  const { say: ask } = await redis(t, db.export())
  assert.deepEqual(await sayAll(ask, QUESTIONS), await sayAll(say, QUESTIONS))
})

test('a store imports the dump of a redis-server, and reads back the same', async (t) => {
  const { server, say: ask } = await redis(t)
  await sayAll(ask, [...WORDS, ['SAVE']])
  const { db, say } = await memory(t)
  assert.equal(db.import(server.dump()).keys, WORDS.length - 2)
  assert.deepEqual(await sayAll(say, QUESTIONS), await sayAll(ask, QUESTIONS))
})
