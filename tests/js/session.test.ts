// A client of its own in a store: what comes over it is what a socket would carry.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, type Nook } from 'nookdb'

const text = (resp: Uint8Array): string => new TextDecoder().decode(resp)

function speaker(db: Nook): { say: (line: string) => Promise<string>; heard: string[]; close: () => void } {
  const heard: string[] = []
  const session = db.session((resp) => heard.push(text(resp)))
  return { say: async (line) => text(await session.send(line.split(' '))), heard, close: () => session.close() }
}

test('a session speaks RESP2 until it says HELLO 3', async () => {
  await using db = await open('memory:')
  const { say } = speaker(db)
  assert.equal(await say('ZADD board 1.5 ada'), ':1\r\n')
  assert.equal(await say('ZSCORE board ada'), '$3\r\n1.5\r\n')
  assert.equal(await say('GET nobody'), '$-1\r\n')
  assert.match(await say('HELLO 3'), /^%7\r\n/)
  assert.equal(await say('ZSCORE board ada'), ',1.5\r\n')
  assert.equal(await say('GET nobody'), '_\r\n')
})

test('an error is a reply', async () => {
  await using db = await open('memory:')
  assert.match(await speaker(db).say('NOSUCH'), /^-ERR unknown command/)
  assert.match(await speaker(db).say('BGSAVE'), /^-ERR/)
})

test('MULTI and SELECT of a session are its own', async () => {
  await using db = await open('memory:')
  const { say } = speaker(db)
  assert.equal(await say('SELECT 1'), '+OK\r\n')
  assert.equal(await say('MULTI'), '+OK\r\n')
  assert.equal(await say('SET k of-db-1'), '+QUEUED\r\n')
  assert.equal(db.set('k', 'of-db-0'), 'OK')
  assert.equal(await say('EXEC'), '*1\r\n+OK\r\n')
  assert.equal(db.get('k'), 'of-db-0')
  assert.equal(await say('GET k'), '$7\r\nof-db-1\r\n')
})

test('messages are heard in the protocol of the session, until it is closed', async () => {
  await using db = await open('memory:')
  const two = speaker(db)
  const three = speaker(db)
  await three.say('HELLO 3')
  assert.equal(await two.say('SUBSCRIBE news'), '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n')
  assert.equal(await three.say('SUBSCRIBE news'), '>3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n')
  assert.equal(db.publish('news', 'hi'), 2)
  await Promise.resolve()
  assert.deepEqual(two.heard, ['*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n'])
  assert.deepEqual(three.heard, ['>3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n'])
  two.close()
  assert.equal(db.publish('news', 'again'), 1)
})

test('a command that waits for a key is served, times out, or is called off', async () => {
  await using db = await open('memory:')
  const { say } = speaker(db)
  const served = say('BLPOP jobs 0')
  db.rPush('jobs', 'one')
  assert.equal(await served, '*2\r\n$4\r\njobs\r\n$3\r\none\r\n')
  assert.equal(await say('BLPOP jobs 0.01'), '*-1\r\n')

  const session = db.session()
  const stop = new AbortController()
  const waiting = session.send(['BLPOP', 'jobs', '0'], { signal: stop.signal })
  await assert.rejects(session.send(['PING']), { code: 'BUSY' })
  stop.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  assert.equal(db.rPush('jobs', 'two'), 1)
  assert.equal(text(await session.send(['LPOP', 'jobs'])), '$3\r\ntwo\r\n')
  session.close()
})

/** What the listener threw ended the hand-out, and with it the job of whoever waited for one. */
test('what the listener of a session throws is reported as uncaught, and others are told what is theirs', async (t) => {
  await using db = await open('memory:')
  const uncaught = new Promise<unknown>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve))
  t.after(() => process.setUncaughtExceptionCaptureCallback(null))
  const session = db.session(() => {
    throw new Error('mine')
  })
  await session.send(['SUBSCRIBE', 'news'])
  const job = db.blPop('jobs', 1)
  db.publish('news', 'hello')
  db.rPush('jobs', 'one')
  assert.match(String(await uncaught), /mine/)
  assert.deepEqual(await job, { key: 'jobs', element: 'one' })
  session.close()
})
