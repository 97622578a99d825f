// A Worker that does what tests ask of it, in an isolate and in objects.

import { instancesSoFar } from './imported.js'
import { NookError, open } from 'nookdb'
import type { Task } from './store.js'

export { KeyValueStore, SqliteStore } from './store.js'

const instancesAtImport = instancesSoFar()

/** What a request asks of an object. Spelled out: the types of workerd lose themselves in that of replies, which nests. */
interface StoreStub {
  run(task: Task): Promise<unknown>
  kept(): Promise<unknown>
}

type Env = Readonly<Record<'KEY_VALUE' | 'SQLITE', { getByName(name: string): StoreStub }>>

const questions = {
  /** How many instances of the wasm the import made, and how many there are once a store is open. */
  async instances() {
    await using _db = await open('memory:')
    return [instancesAtImport, instancesSoFar()]
  },

  /** What comes of waiting for a key, by each way of asking for it. */
  async waiting() {
    await using db = await open('memory:')
    db.rPush('jobs', 'one')
    return Promise.all([
      outcome(() => db.blPop('none', 1)),
      outcome(() => db.callBlocking(['BLPOP', 'none', '1'])),
      outcome(() => db.session().send(['BLPOP', 'none', '1'])),
      outcome(() => db.call('BLPOP', 'jobs', '1')),
      outcome(() => db.call('BLPOP', 'none', '1')),
    ])
  },

  async keptStore() {
    return [await outcome(() => open('shop'))]
  },

  async settings() {
    await using db = await open('memory:')
    return db.configGet('maxmemory*')
  },

  /** Fills a store with values of a megabyte until it refuses one. */
  async fill() {
    await using db = await open('memory:')
    const value = 'x'.repeat(2 ** 20)
    for (let n = 0; ; n++) {
      const answer = await outcome(() => db.set(`key ${n}`, value))
      if (answer !== 'OK') return { values: n, answer }
    }
  },

  /** How many keys are left of many that nobody asks for again, once other keys have been used for a while. */
  async forgotten() {
    await using db = await open('memory:')
    for (let n = 0; n < 5000; n++) db.set(`key ${n}`, 'x', { PX: 50 })
    // A request clears for a millisecond at most: on a busy machine that is few keys.
    for (let request = 0; request < 200 && db.dbSize() !== 1; request++) {
      await scheduler.wait(110)
      db.set('lasting', 'x', { EX: 100 })
    }
    return [db.dbSize(), db.get('lasting')]
  },

  /** What becomes of keys while the clock stands, as it does in Cloudflare's Workers while code runs. That of the workerd under
   *  the tests moves, so it is held. */
  async standingClock() {
    await using db = await open('memory:')
    const clock = Date.now
    const now = clock()
    Date.now = () => now
    try {
      db.set('key', 'value', { PX: 5 })
      while (clock() < now + 20) db.incr('work')
      const during = db.get('key')
      Date.now = clock
      return { during, after: db.get('key') }
    } finally {
      Date.now = clock
    }
  },
}

async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof NookError) return `${error.code}: ${error.message}`
    throw error
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const [, place = '', object = ''] = pathname.split('/')
    if (place in questions) return Response.json(await questions[place as keyof typeof questions]())
    const namespace = env[place as keyof Env]
    const store = namespace.getByName(object)
    if (searchParams.has('kept')) return Response.json(await store.kept())
    return Response.json(await store.run(await request.json<Task>()))
  },
}
