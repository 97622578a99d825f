// The console draws replies as redis-cli does: each script runs on a store and on a redis-server, and is drawn by both.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { open } from 'nookdb'
import { drawReplies } from '../../../www/src/console/drawing.js'
import { splitWords } from '../../../www/src/console/words.js'
import { RedisServer } from '../../support/redis-server.js'

let redis: RedisServer
before(async () => {
  redis = await RedisServer.start()
})
after(() => redis[Symbol.asyncDispose]())

/** What redis-cli prints on a terminal, which FAKETTY makes it believe in. */
async function drawnByRedisCli(lines: readonly string[], protocol: 2 | 3): Promise<string> {
  const child = promisify(execFile)('redis-cli', ['-p', `${redis.port}`, `-${protocol}`], { env: { ...process.env, FAKETTY: '1' } })
  child.child.stdin?.end(`FLUSHALL\n${lines.join('\n')}\n`)
  return (await child).stdout.replace(/^OK\n/, '')
}

async function drawnByUs(lines: readonly string[], protocol: 2 | 3): Promise<string> {
  await using db = await open('memory:')
  const session = db.session()
  await session.send(['HELLO', `${protocol}`])
  const drawn: string[] = []
  for (const line of lines) drawn.push(`${drawReplies(await session.send(splitWords(line) ?? []))}\n`)
  return drawn.join('')
}

const SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  'statuses, integers and errors': ['SET k 1', 'INCR k', 'GET nobody', 'NOSUCH command', 'LPUSH k a', 'TYPE k'],
  'strings with escapes': ['SET k "a\\n\\"\\\\\\x00\\xff\\t\\a\\b\\r"', 'GET k', "SET k 'it\\'s'", 'GET k', 'SET k é', 'GET k', 'SET k ""', 'GET k'],
  'arrays as wide as their last number': ['RPUSH l 1 2 3 4 5 6 7 8 9 10 11', 'LRANGE l 0 -1', 'LRANGE l 5 4', 'LPOP nobody 2'],
  'arrays in arrays': ['RPUSH l a b c', 'LMPOP 2 nobody l LEFT COUNT 2', 'MSET a 1 b 2', 'SCAN 0 MATCH a*'],
  'maps in arrays': ['HSET h f v g w', 'MULTI', 'HGETALL h', 'HGETALL nobody', 'EXEC'],
  'an error among the replies of a transaction': ['MULTI', 'SET s x', 'LPUSH s y', 'LRANGE nobody 0 -1', 'EXEC', 'EXEC'],
  'maps, sets and doubles': [
    'HSET h f v',
    'HGETALL h',
    'HGETALL nobody',
    'SADD s m',
    'SMEMBERS s',
    'SMEMBERS nobody',
    'ZADD z 1.5 a 2 b inf c',
    'ZSCORE z a',
    'ZRANGE z 0 -1 WITHSCORES',
    'ZPOPMIN z',
    'CONFIG GET hash-max-listpack-entries',
  ],
}

for (const protocol of [2, 3] as const) {
  for (const [what, lines] of Object.entries(SCRIPTS)) {
    test(`${what} are drawn as redis-cli draws them in RESP${protocol}`, async () => {
      assert.equal(await drawnByUs(lines, protocol), await drawnByRedisCli(lines, protocol))
    })
  }
}

// Seen in redis-cli 7.0.15 -3, of what EVAL made: no command that we have answers maps in maps.
test('what a map holds stands beside its key where it is one line, and below where it is several', () => {
  const drawn = (resp: string): string => drawReplies(Buffer.from(resp.replaceAll(' ', '\r\n')))
  assert.equal(drawn('%1 +a *1 :1 '), '1# a => 1) (integer) 1')
  assert.equal(drawn('%1 +a *2 :1 :2 '), '1# a => \n   1) (integer) 1\n   2) (integer) 2')
  assert.equal(drawn('%1 +a ~1 +x '), '1# a => 1~ x')
  assert.equal(drawn('%1 +a %1 +b :1 '), '1# a => 1# b => (integer) 1')
  assert.equal(drawn('%1 +a %0 '), '1# a => (empty hash)')
  assert.equal(drawn('%1 +a %1 +b %2 +c :1 +d :2 '), '1# a => \n   1# b => \n      1# c => (integer) 1\n      2# d => (integer) 2')
})

test('a line is split as redis-cli splits it, and one that it would refuse is refused', () => {
  const split = (line: string): string[] | undefined => splitWords(line)?.map((word) => Buffer.from(word).toString('latin1'))
  assert.deepEqual(split('  SET  "a key"\t\'it\\\'s\' '), ['SET', 'a key', "it's"])
  assert.deepEqual(split('"\\x41\\n\\q" b"c d"'), ['A\nq', 'bc d'])
  assert.deepEqual(split(''), [])
  for (const line of ['"open', "'open", '"a"b', "'a'b", '"a\\"']) assert.equal(split(line), undefined, line)
})
