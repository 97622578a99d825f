// The same is said to a redis-server through node-redis, and to a store and a server of ours through their methods: the
// answers are the same.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient, RESP_TYPES } from '@redis/client'
import { connect, open } from 'nookdb'
import { WebSocket } from 'ws'
import { lines, nameIn } from '../../../pkg-template/src/commands/methods.js'
import { NookServer } from '../../support/nookdb-server.js'
import { RedisServer } from '../../support/redis-server.js'
import { CONVERSATIONS, type Call, type Conversation } from './calls.js'

type Name = Call[0]

/** Anything with methods, node-redis's client and a store alike. */
type Methods = Record<Name, (...given: readonly unknown[]) => unknown>

/** Redis gives these in no order that could be relied on. */
const UNORDERED: ReadonlySet<Name> = new Set<Name>([
  ...(['keys', 'scan', 'hKeys', 'hVals', 'hRandFieldCount', 'hRandFieldCountWithValues', 'hScan'] as const),
  ...(['sMembers', 'sDiff', 'sInter', 'sUnion', 'sPopCount', 'sRandMemberCount', 'sScan'] as const),
  ...(['zRandMemberCount', 'zRandMemberCountWithScores', 'zScan', 'pubSubChannels'] as const),
])

/** These tell of the server, the connection, the moment or the memory: the kind of answer is compared, not its contents. */
const ALIKE: ReadonlySet<Name> = new Set<Name>([
  ...(['hello', 'clientId', 'clientInfo', 'clientList', 'info', 'time', 'memoryUsage', 'ttl', 'pTTL', 'objectIdleTime'] as const),
  ...(['command', 'commandCount', 'commandList', 'lastSave'] as const),
])

const oracle = await RedisServer.start()
const client = await createClient({ socket: { port: oracle.port } }).connect()
const server = await NookServer.start()
after(async () => {
  client.destroy()
  await oracle[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Methods by their name: calls are checked where they are written down. */
function methodsOf(given: object): Methods {
  return given as Methods
}

/** What a method answers, or the words in which it refuses. */
async function answer(methods: Methods, [name, ...given]: Call): Promise<unknown> {
  try {
    return await methods[name](...given)
  } catch (error) {
    return { refused: error instanceof Error ? error.message : error }
  }
}

/** Bytes as strings, sets and lists of `unordered` answers in order, and objects without what is undefined in them. */
function comparable(value: unknown, unordered: boolean): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  if (value instanceof Set) return comparable([...value], true)
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, unordered))
    return unordered ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries.map(([name, each]) => [name, comparable(each, unordered)]))
}

/** The kinds of things in an answer: the fullest of a list stands for all, and properties are those that `like` has. */
function kinds(value: unknown, like: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(like)) {
    const [fullest, likeFullest] = [value, like].map((items) => items.toSorted((a, b) => size(b) - size(a))[0])
    return [kinds(fullest, likeFullest)]
  }
  if (!isObject(value) || !isObject(like)) return value === null ? null : typeof value
  return Object.fromEntries(Object.keys(like).map((name) => [name, kinds(value[name], like[name])]))
}

function size(value: unknown): number {
  return JSON.stringify(value).length
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function compare(ours: unknown, theirs: unknown, call: Call): void {
  const [name] = call
  const [shownOurs, shownTheirs] = [ours, theirs].map((value) => comparable(value, UNORDERED.has(name)))
  const about = JSON.stringify(call)
  if (ALIKE.has(name)) assert.deepEqual(kinds(shownOurs, shownTheirs), kinds(shownTheirs, shownTheirs), about)
  else assert.deepEqual(shownOurs, shownTheirs, about)
}

async function converse({ calls }: Conversation, ours: Methods, theirs: Methods): Promise<void> {
  await client.flushAll()
  for (const entry of calls) {
    const call = callOf(entry)
    const given = await answer(ours, call)
    const awaited = await answer(theirs, call)
    compare(given, 'call' in entry ? entry.answers : awaited, call)
  }
}

function callOf(entry: Conversation['calls'][number]): Call {
  return 'call' in entry ? entry.call : entry
}

for (const conversation of CONVERSATIONS) {
  test(`a store answers as node-redis does: ${conversation.about}`, async () => {
    await using store = await open('memory:')
    await converse(conversation, methodsOf(store), methodsOf(client))
  })

  test(`a store answers in bytes as node-redis does: ${conversation.about}`, async () => {
    await using store = await open('memory:')
    const inBuffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    await converse(conversation, methodsOf(store.bytes), methodsOf(inBuffers))
  })

  test(`a remote answers as node-redis does: ${conversation.about}`, async () => {
    await using remote = await connect(server.url, { WebSocket })
    await remote.flushAll()
    await converse(conversation, methodsOf(remote), methodsOf(client))
  })

  test(`multi() answers as the single methods do: ${conversation.about}`, async () => {
    await using single = await open('memory:')
    await using store = await open('memory:')
    const queue = store.multi()
    const queued: { call: Call; alone: unknown }[] = []
    for (const call of conversation.calls.map(callOf)) {
      const alone = await answer(methodsOf(single), call)
      // What is refused changes nothing, so the others do not miss it; WATCH is refused in a transaction only.
      if ((isObject(alone) && 'refused' in alone) || call[0] === 'watch') continue
      queued.push({ call, alone })
      assert.notEqual(await answer(methodsOf(queue), call), undefined)
    }
    const replies: unknown[] = queue.exec()
    assert.equal(replies.length, queued.length)
    for (const [n, { call, alone }] of queued.entries()) compare(replies[n], alone, call)
  })
}

/** A server refuses a second save while one goes on, so what it answers depends on the moment: see methods.test.ts. */
const ELSEWHERE = ['bgSave', 'bgRewriteAof']

test('every method is part of a conversation', () => {
  const said = new Set<string>([...ELSEWHERE, ...CONVERSATIONS.flatMap(({ calls }) => calls.map((entry) => callOf(entry)[0]))])
  const methods = lines().flatMap(({ heads }) => heads.map(nameIn))
  assert.deepEqual(methods.filter((name) => !said.has(name)), [])
})
