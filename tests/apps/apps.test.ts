// What people build on Redis, in a page, with the package as npm installs it. The applications are the files beside this one.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launch } from '../support/chromium.js'
import { NookServer } from '../support/nookdb-server.js'
import { App } from '../packaging/packed.js'
import { redisCli } from '../support/redis-cli.js'
import { StaticServer } from '../support/static-server.js'
import type { Apps } from './page.js'

/** In the page. */
declare const apps: Apps

let browser: Browser
let app: App
let site: StaticServer
let context: BrowserContext

before(async () => {
  ;[browser, app] = await Promise.all([launch(), App.make(new URL('.', import.meta.url))])
  await app.run('vite', 'build')
  site = await StaticServer.start(join(app.folder, 'dist'))
})
after(async () => {
  await browser.close()
  await site[Symbol.asyncDispose]()
  await app[Symbol.asyncDispose]()
})
beforeEach(async () => {
  context = await browser.newContext()
  // tsx has every function keep its name by a call of this, also those that are sent into the page.
  await context.addInitScript('globalThis.__name = (named) => named')
})
afterEach(() => context.close())

async function openTab(): Promise<Page> {
  const tab = await context.newPage()
  await tab.goto(`${site.origin}/`)
  return tab
}

test('cache-aside asks the source once per time to live, and forgets by pattern', async () => {
  const tab = await openTab()
  const seen = await tab.evaluate(async () => {
    const db = await apps.open('shop')
    const asked: string[] = []
    const product = (id: string, part: string, ttlMs = 60_000) =>
      apps.cache.cached(db, `product:${id}:${part}`, ttlMs, async () => {
        asked.push(`${id} ${part}`)
        return `${part} of ${id}, answer ${asked.length}`
      })
    const askedFor = async (...calls: Promise<string>[]) => {
      const values = await Promise.all(calls)
      return { values, asked: asked.splice(0) }
    }
    const first = await askedFor(product('1', 'name'), product('1', 'price'), product('2', 'name'))
    const again = await askedFor(product('1', 'name'), product('1', 'price'))
    const forgotten = apps.cache.invalidate(db, 'product:1:*')
    const afterwards = await askedFor(product('1', 'name'), product('2', 'name'))
    await product('3', 'stock', 50)
    asked.length = 0
    await new Promise((resolve) => setTimeout(resolve, 60))
    const expired = await askedFor(product('3', 'stock'))
    return { first: first.asked, again, forgotten, afterwards: afterwards.asked, expired: expired.asked }
  })
  assert.deepEqual(seen, {
    first: ['1 name', '1 price', '2 name'],
    again: { values: ['name of 1, answer 1', 'price of 1, answer 2'], asked: [] },
    forgotten: 2,
    afterwards: ['1 name'],
    expired: ['3 stock'],
  })
})

test('a session ends when nobody has used it for a while, and each use puts its end off', async () => {
  const tab = await openTab()
  const id = await tab.evaluate(async () => {
    const db = await apps.open('shop')
    const id = apps.sessions.begin(db, { user: 'ada', role: 'admin' }, 60_000)
    await db.flush()
    return id
  })
  await tab.reload()
  const seen = await tab.evaluate(async (id) => {
    const db = await apps.open('shop')
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    const restored = apps.sessions.touch(db, id, 2000)
    // Longer than it lives when nobody looks.
    const used: (string | undefined)[] = []
    for (let n = 0; n < 4; n++) {
      await pause(700)
      used.push(apps.sessions.touch(db, id, 2000)?.user)
    }
    await pause(2050)
    const idle = apps.sessions.touch(db, id, 2000)
    const other = apps.sessions.begin(db, { user: 'bob', role: 'guest' }, 60_000)
    apps.sessions.end(db, other)
    return { restored, used: new Set(used).size === 1 && used[0], idle, ended: apps.sessions.touch(db, other, 2000) }
  }, id)
  assert.deepEqual(seen, { restored: { user: 'ada', role: 'admin' }, used: 'ada', idle: null, ended: null })
})

test('a queue gives jobs in their order to a consumer that waits, and keeps one that was not finished', async () => {
  const tab = await openTab()
  const seen = await tab.evaluate(async () => {
    const db = await apps.open('shop')
    const { consume, enqueue, recover } = apps.queue
    const done: string[] = []
    const stop = new AbortController()
    const consumer = consume(
      db,
      async (job) => {
        await Promise.resolve()
        if (job === 'broken') throw new Error('the consumer fails')
        done.push(job)
        if (done.length === 5) stop.abort()
      },
      stop.signal,
    )
    const failure = consumer.catch((error: Error) => error.message)
    // It waits already: nothing is there.
    await new Promise((resolve) => setTimeout(resolve, 20))
    enqueue(db, 'first', 'second')
    enqueue(db, 'third', 'broken', 'fourth')
    const message = await failure
    recover(db)
    const left = db.lRange('jobs:waiting', 0, -1)
    const next = consume(db, async (job) => void done.push(job === 'broken' ? 'mended' : job), stop.signal).catch(
      (error: Error) => error.name,
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    stop.abort()
    return { message, left, done, ended: await next, unfinished: db.exists('jobs:working') }
  })
  assert.deepEqual(seen, {
    message: 'the consumer fails',
    left: ['broken', 'fourth'],
    done: ['first', 'second', 'third', 'mended', 'fourth'],
    ended: 'AbortError',
    unfinished: 0,
  })
})

test('a rate limit admits so many requests in a window, to each client its own, and again in the next', async () => {
  const tab = await openTab()
  const seen = await tab.evaluate(async () => {
    const db = await apps.open('memory:')
    const limit = { requests: 3, windowMs: 400 }
    const admit = (client: string) => apps.limit.admit(db, client, limit)
    const first = [1, 2, 3, 4].map(() => admit('ada'))
    const other = admit('bob').allowed
    const { retryAfterMs } = admit('ada')
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs + 5))
    return { allowed: first.map(({ allowed }) => allowed), remaining: first.map(({ remaining }) => remaining), other, retryAfterMs, next: admit('ada').allowed }
  })
  assert.deepEqual(seen.allowed, [true, true, true, false])
  assert.deepEqual(seen.remaining, [2, 1, 0, 0])
  assert.ok(seen.retryAfterMs > 0 && seen.retryAfterMs <= 400, `${seen.retryAfterMs}`)
  assert.deepEqual([seen.other, seen.next], [true, true])
})

test('a leaderboard keeps the best score of each, and tells the first ten and the place of anybody', async () => {
  const tab = await openTab()
  const seen = await tab.evaluate(async () => {
    const db = await apps.open('shop')
    const { enter, placeOf, topTen } = apps.leaderboard
    for (let n = 1; n <= 100; n++) enter(db, `player ${n}`, (n * 37) % 101)
    enter(db, 'ada', 1000)
    enter(db, 'ada', 5)
    enter(db, 'bob', 1.5)
    return { top: topTen(db), ada: placeOf(db, 'ada'), bob: placeOf(db, 'bob'), nobody: placeOf(db, 'nobody') }
  })
  assert.equal(seen.top.length, 10)
  assert.deepEqual(seen.top[0], { place: 1, player: 'ada', score: 1000 })
  assert.deepEqual(seen.top.map(({ score }) => score), [1000, 100, 99, 98, 97, 96, 95, 94, 93, 92])
  assert.deepEqual([seen.ada, seen.bob, seen.nobody], [1, 101, null])
})

test('a view counter goes on after a reload, and counts the days apart', async () => {
  const tab = await openTab()
  const visit = (day: string): Promise<{ total: number; days: Record<string, number> }> =>
    tab.evaluate(async (day) => {
      const db = await apps.open('shop')
      apps.views.view(db, 'home', new Date(day))
      const total = apps.views.view(db, 'home', new Date(day))
      await db.flush()
      return { total, days: apps.views.viewsByDay(db, 'home') }
    }, day)
  assert.deepEqual(await visit('2026-02-28'), { total: 2, days: { '2026-02-28': 2 } })
  await tab.reload()
  assert.deepEqual(await visit('2026-03-01'), { total: 4, days: { '2026-02-28': 2, '2026-03-01': 2 } })
})

test('a lock is released by its owner alone, and runs out', async () => {
  const tab = await openTab()
  const seen = await tab.evaluate(async () => {
    const db = await apps.open('memory:')
    const { acquire, release } = apps.lock
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    const ada = acquire(db, 'till', 60_000) ?? ''
    const bobWaits = acquire(db, 'till', 60_000)
    const released = [release(db, 'till', 'not the token'), release(db, 'till', ada), release(db, 'till', ada)]
    const late = acquire(db, 'till', 50) ?? ''
    await pause(60)
    const next = acquire(db, 'till', 60_000) ?? ''
    return { bobWaits, released, late: release(db, 'till', late), next: release(db, 'till', next) }
  })
  assert.deepEqual(seen, { bobWaits: null, released: [false, true, false], late: false, next: true })
})

test('delayed jobs are taken when they are due, in the order of their times, and once', async () => {
  const tab = await openTab()
  const now = Date.now()
  await tab.evaluate(async (now) => {
    const db = await apps.open('shop')
    apps.delayed.schedule(db, 'remind', now + 2000)
    apps.delayed.schedule(db, 'clean', now + 1000)
    apps.delayed.schedule(db, 'report', now + 3600_000)
    await db.flush()
  }, now)
  await tab.reload()
  const seen = await tab.evaluate(async (now) => {
    const db = await apps.open('shop')
    const { nextDueMs, schedule, takeDue } = apps.delayed
    const early = takeDue(db, now + 999)
    const due = takeDue(db, now + 2000)
    const again = takeDue(db, now + 2000)
    const next = nextDueMs(db)
    schedule(db, 'soon', Date.now() + 100)
    await new Promise((resolve) => setTimeout(resolve, (nextDueMs(db) ?? 0) - Date.now() + 1))
    return { early, due, again, next, soon: takeDue(db) }
  }, now)
  assert.deepEqual(seen, { early: [], due: ['clean', 'remind'], again: [], next: now + 3600_000, soon: ['soon'] })
})

test('who changes a value has every tab forget what it cached, through a server', async () => {
  await using server = await NookServer.start('--allow-origin', site.origin)
  const [one, other] = [await openTab(), await openTab()]
  for (const tab of [one, other]) {
    await tab.evaluate(async (url) => {
      const local = await apps.open('memory:')
      const remote = await apps.connect(url, { maxPauseMs: 250 })
      const back = new Promise((resolve) => remote.on('connected', () => resolve('connected')))
      Object.assign(globalThis, { local, remote, back, cache: await apps.TabCache.start(local, remote) })
    }, server.url)
  }
  await one.evaluate("cache.set('price', '10')")
  // The message may come later than the reply; a value that was on its way meanwhile is not cached.
  for (const tab of [one, other]) await tab.evaluate("(async () => { while (local.get('price') !== '10') await cache.get('price') })()")
  // Behind the back of the tabs: what they have cached is what they go on giving.
  await redisCli(server.port, 'SET', 'price', '11')
  assert.equal(await other.evaluate("cache.get('price')"), '10')
  await one.evaluate("cache.set('price', '12')")
  for (const tab of [one, other]) {
    await tab.waitForFunction("local.get('price') === null")
    assert.equal(await tab.evaluate("cache.get('price')"), '12')
  }
  // Anybody may say it.
  await redisCli(server.port, 'SET', 'price', '13')
  assert.equal(await redisCli(server.port, 'PUBLISH', 'changed', 'price'), '2')
  await other.waitForFunction("local.get('price') === null")
  assert.equal(await other.evaluate("cache.get('price')"), '13')
  // What was missed while the server was away is not relied on.
  await server.stop()
  await server.restart()
  await redisCli(server.port, 'SET', 'price', '14')
  await other.evaluate('back')
  assert.equal(await other.evaluate("cache.get('price')"), '14')
})
