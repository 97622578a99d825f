// A store on a server, over WebSocket, from Node.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect, NookError, type ConnectOptions, type Remote } from 'nookdb'
import { WebSocket, WebSocketServer } from 'ws'
import { NookServer } from '../support/nookdb-server.js'

/** Pauses of a test: a server that was stopped is back soon. */
const SOON: ConnectOptions = { WebSocket, maxPauseMs: 250 }

function join(server: NookServer, options: ConnectOptions = {}): Promise<Remote> {
  return connect(server.url, { ...SOON, ...options })
}

function next(remote: Remote, event: 'connected' | 'disconnected'): Promise<NookError | undefined> {
  return new Promise((resolve) => {
    const off = remote.on(event, (news) => {
      off()
      resolve(news)
    })
  })
}

function withCode(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof NookError, String(error))
    assert.equal(error.code, code)
    return true
  }
}

test('the methods of a store are promises, with the same replies', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  assert.equal(await db.set('greeting', 'grüß dich', { EX: 60 }), 'OK')
  assert.equal(await db.get('greeting'), 'grüß dich')
  assert.equal(await db.get('nothing'), null)
  assert.equal(await db.hSet('user:1', { name: 'Ada', role: 'admin' }), 2)
  assert.deepEqual({ ...(await db.hGetAll('user:1')) }, { name: 'Ada', role: 'admin' })
  await db.zAdd('board', [{ score: 1.5, value: 'ada' }, { score: 2, value: 'bob' }])
  assert.deepEqual(await db.zRangeWithScores('board', 0, -1), [{ value: 'ada', score: 1.5 }, { value: 'bob', score: 2 }])
  assert.deepEqual(await db.call('ZRANGE', 'board', 0, -1), ['ada', 'bob'])
})

test('commands of one turn are answered in their order', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  const replies = await Promise.all(Array.from({ length: 500 }, () => db.incr('n')))
  assert.deepEqual(replies, Array.from({ length: 500 }, (_, n) => n + 1))
})

test('bytes come out as they went in', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  const image = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  await db.set('image', image)
  assert.deepEqual(await db.bytes.get('image'), image)
})

test('multi happens in one step, and gives a reply for each command', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  const [n, expires, members] = await db.multi().incr('n').expire('n', 60).zAdd('board', { score: 1, value: 'ada' }).exec()
  assert.deepEqual([n, expires, members], [1, 1, 1])
})

test('multi with a command that cannot be queued does nothing', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  await assert.rejects(db.multi().incr('n').call('GET').exec(), withCode('EXECABORT'))
  assert.equal(await db.exists('n'), 0)
})

test('an error reply rejects with its code and the words of Redis, and the connection goes on', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  await db.set('word', 'a')
  await assert.rejects(db.lPush('word', 'b'), {
    code: 'WRONGTYPE',
    message: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  })
  await assert.rejects(db.call('NOSUCH'), withCode('ERR'))
  assert.equal(await db.get('word'), 'a')
})

test('a command that waits leaves the others their connection', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  const job = db.blPop('jobs', 0)
  assert.equal(await db.set('k', 'v'), 'OK')
  await db.rPush('jobs', 'first')
  assert.deepEqual({ ...(await job) }, { key: 'jobs', element: 'first' })
})

test('a wait ends with its signal, and takes nothing', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  const stop = new AbortController()
  const job = db.blPop('jobs', 0, { signal: stop.signal })
  await untilBlocked(db, 1)
  stop.abort(new Error('the shop is closed'))
  await assert.rejects(job, /the shop is closed/)
  await untilBlocked(db, 0)
  await db.rPush('jobs', 'first')
  assert.equal(await db.lLen('jobs'), 1)
  await assert.rejects(db.blPop('jobs', 0, { signal: stop.signal }), /the shop is closed/)
  assert.equal(await db.lLen('jobs'), 1)
})

/** Resolves when this many clients wait for a key. */
async function untilBlocked(db: Remote, count: number): Promise<void> {
  const wanted = `blocked_clients:${count}\r\n`
  while (!(await db.info('clients')).includes(wanted));
}

test('a password is given before anything else', async () => {
  await using server = await NookServer.start('--requirepass', 'secret')
  using db = await join(server, { password: 'secret' })
  assert.equal(await db.ping(), 'PONG')
  await assert.rejects(join(server, { password: 'wrong' }), withCode('WRONGPASS'))
  await assert.rejects(join(server), withCode('NOAUTH'))
})

test('a server that is not there is UNREACHABLE when the time is up', async () => {
  await assert.rejects(connect('ws://127.0.0.1:1/ws', { WebSocket, timeoutMs: 300 }), withCode('UNREACHABLE'))
})

test('an attempt to connect ends with its signal', async () => {
  const stop = new AbortController()
  const attempt = connect('ws://127.0.0.1:1/ws', { WebSocket, signal: stop.signal })
  stop.abort()
  await assert.rejects(attempt, withCode('ABORTED'))
})

test('commands wait while there is no connection, and are carried out once when there is one', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  const gone = next(db, 'disconnected')
  await server.stop()
  withCode('DISCONNECTED')(await gone)
  assert.equal(db.connected, false)
  const replies = Promise.all([db.incr('n'), db.multi().incr('n').incr('n').exec(), db.get('n')])
  await server.restart()
  assert.deepEqual(await replies, [1, [2, 3], '3'])
  assert.equal(db.connected, true)
})

test('the database that was selected is selected again, also for commands that wait for a key', async () => {
  await using server = await NookServer.start('--save', '3600 1')
  using db = await join(server)
  await db.select(3)
  await db.set('k', 'of database 3')
  const back = next(db, 'connected')
  await server.stop()
  await server.restart()
  await back
  assert.equal(await db.get('k'), 'of database 3')
  await db.rPush('jobs', 'first')
  assert.equal((await db.blPop('jobs', 1))?.element, 'first')
  using other = await join(server, { database: 3 })
  assert.equal(await other.get('k'), 'of database 3')
  await assert.rejects(db.select(99), withCode('ERR'))
  assert.equal(await db.get('k'), 'of database 3')
})

test('no more commands wait for a connection than was allowed', async () => {
  await using server = await NookServer.start()
  using db = await join(server, { maxWaiting: 1 })
  const gone = next(db, 'disconnected')
  await server.stop()
  await gone
  const waiting = db.ping()
  await assert.rejects(db.ping(), withCode('DISCONNECTED'))
  await server.restart()
  assert.equal(await waiting, 'PONG')
})

test('a command that was on its way when the connection went rejects, and is not sent again', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  const waiting = assert.rejects(db.blPop('jobs', 0), withCode('DISCONNECTED'))
  await untilBlocked(db, 1)
  server.freeze()
  const onItsWay = assert.rejects(db.incr('n'), withCode('DISCONNECTED'))
  await Promise.resolve()
  await server.stop('SIGKILL')
  await Promise.all([waiting, onItsWay])
  await server.restart()
  assert.equal(await db.exists('n'), 0)
})

test('messages are heard, as text or as bytes, until the listener is taken away', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  using other = await join(server)
  const heard: unknown[] = []
  const listener = (message: string, channel: string) => void heard.push([channel, message])
  await db.subscribe(['news', 'weather'], listener)
  await db.pSubscribe('n*', (message, channel) => void heard.push([`pattern ${channel}`, message]))
  await db.subscribe('news', (message) => void heard.push([...message]), true)
  assert.equal(await other.publish('news', 'hi'), 2)
  assert.equal(await other.publish('weather', 'rain'), 1)
  await db.ping()
  assert.deepEqual(heard, [['news', 'hi'], [104, 105], ['pattern news', 'hi'], ['weather', 'rain']])
  await db.unsubscribe('news')
  await db.pUnsubscribe()
  assert.equal(await other.publish('news', 'again'), 0)
  assert.equal(await other.publish('weather', 'sun'), 1)
})

test('subscriptions are made again with each connection, also those that were asked for while there was none', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  using other = await join(server)
  const heard: string[] = []
  await db.subscribe('before', (message) => void heard.push(message))
  const [gone, otherGone] = [next(db, 'disconnected'), next(other, 'disconnected')]
  await server.stop()
  await Promise.all([gone, otherGone])
  const during = db.pSubscribe('duri*', (message) => void heard.push(message))
  const back = Promise.all([next(db, 'connected'), next(other, 'connected'), during])
  await server.restart()
  await back
  assert.equal(await other.publish('before', 'one'), 1)
  assert.equal(await other.publish('during', 'two'), 1)
  await db.ping()
  assert.deepEqual(heard, ['one', 'two'])
})

test('a remote that is closed rejects what waits and what comes', async () => {
  await using server = await NookServer.start()
  const db = await join(server)
  const waiting = assert.rejects(db.blPop('jobs', 0), NookError)
  await untilBlocked(db, 1)
  const onItsWay = assert.rejects(db.ping(), NookError)
  db.close()
  await Promise.all([waiting, onItsWay])
  await assert.rejects(db.ping(), withCode('CLOSED'))
  await assert.rejects(db.blPop('jobs', 0), withCode('CLOSED'))
  await assert.rejects(db.subscribe('news', () => undefined), withCode('CLOSED'))
})

test('what listens on the port and is no nookdb-server is told apart', async () => {
  const stranger = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  stranger.on('connection', (socket) => socket.on('message', () => socket.send('hello')))
  await once(stranger, 'listening')
  const { port } = stranger.address() as AddressInfo
  await assert.rejects(connect(`ws://127.0.0.1:${port}`, { WebSocket }), withCode('PROTOCOL'))
  for (const socket of stranger.clients) socket.terminate()
  stranger.close()
})

test('a value larger than a message of the server goes there and comes back', async () => {
  await using server = await NookServer.start()
  using db = await join(server)
  const large = new Uint8Array(20 * 1024 * 1024).fill(7)
  assert.equal(await db.set('large', large), 'OK')
  assert.equal(await db.strLen('large'), large.length)
  assert.deepEqual((await db.bytes.get('large'))?.length, large.length)
})
