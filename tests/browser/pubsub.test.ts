// Two tabs and redis-cli at one nookdb-server, which serves the page as well.

import assert from 'node:assert/strict'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { Nook, Remote } from 'nookdb'
import { root } from '../../pkg-template/steps.mjs'
import { launch } from '../support/chromium.js'
import { NookServer } from '../support/nookdb-server.js'
import { RedisCliSubscriber, redisCli } from '../support/redis-cli.js'

/** In the page. */
declare const nookdb: typeof import('nookdb')
declare const remote: Remote
declare const local: Nook
declare const heard: string[]
declare const connections: string[]

const PAGE = `<!doctype html>
<link rel="icon" href="data:," />
<script type="module">
  import * as nookdb from './dist/index.browser.js'
  Object.assign(globalThis, { nookdb })
</script>`

let browser: Browser
let site: string

before(async () => {
  browser = await launch()
  site = await mkdtemp(join(tmpdir(), 'nookdb-site-'))
  for (const folder of ['dist', 'wasm']) await cp(join(root, 'pkg', folder), join(site, folder), { recursive: true })
  await writeFile(join(site, 'index.html'), PAGE)
})
after(async () => {
  await browser.close()
  await rm(site, { recursive: true, force: true })
})

/** A tab that listens to `news` and to `weather:*`. */
async function openTab(server: NookServer): Promise<Page> {
  const tab = await browser.newPage()
  await tab.goto(new URL('/', server.url.replace('ws:', 'http:')).href)
  await tab.waitForFunction(() => 'nookdb' in globalThis)
  await tab.evaluate(async (url) => {
    const remote = await nookdb.connect(url, { maxPauseMs: 500 })
    const heard: string[] = []
    const connections: string[] = []
    remote.on('connected', () => void connections.push('connected'))
    remote.on('disconnected', ({ code }) => void connections.push(code))
    await remote.subscribe('news', (message, channel) => void heard.push(`${channel}: ${message}`))
    await remote.pSubscribe('weather:*', (message, channel) => void heard.push(`${channel}: ${message}`))
    Object.assign(globalThis, { remote, heard, connections })
  }, server.url)
  return tab
}

/** What the tab has heard, once it is so many messages; they are forgotten then. */
async function hears(tab: Page, count: number): Promise<string[]> {
  await tab.waitForFunction((count) => heard.length >= count, count)
  return tab.evaluate(() => heard.splice(0))
}

function publish(tab: Page, channel: string, message: string): Promise<number> {
  return tab.evaluate(([channel, message]) => remote.publish(channel, message), [channel, message] as const)
}

test('two tabs and redis-cli hear each other, before the server was started again and after', async () => {
  await using server = await NookServer.start('--site', site)
  const [one, other] = await Promise.all([openTab(server), openTab(server)])

  const allHearEachOther = async (time: string): Promise<void> => {
    await using listener = await RedisCliSubscriber.start(server.port, 'news', 'weather:home')
    assert.equal(await publish(one, 'news', `one, ${time}`), 3)
    assert.equal(await publish(other, 'weather:home', `grüße, ${time}`), 3)
    assert.equal(await redisCli(server.port, 'PUBLISH', 'news', `redis-cli, ${time}`), '3')
    const said = [`news: one, ${time}`, `weather:home: grüße, ${time}`, `news: redis-cli, ${time}`]
    assert.deepEqual(await hears(one, 3), said)
    assert.deepEqual(await hears(other, 3), said)
    await listener.hears(['message', 'news', `one, ${time}`])
    await listener.hears(['message', 'weather:home', `grüße, ${time}`])
    await listener.hears(['message', 'news', `redis-cli, ${time}`])
  }

  await allHearEachOther('at first')
  await server.stop()
  for (const tab of [one, other]) await tab.waitForFunction(() => connections.at(-1) === 'DISCONNECTED')
  await server.restart()
  for (const tab of [one, other]) await tab.waitForFunction(() => connections.at(-1) === 'connected')
  await allHearEachOther('again')
  assert.deepEqual(await one.evaluate(() => connections), ['DISCONNECTED', 'connected'])
  await Promise.all([one.close(), other.close()])
})

test('a tab writes, redis-cli reads, and the other way round', async () => {
  await using server = await NookServer.start('--site', site)
  const tab = await openTab(server)
  await tab.evaluate(() => remote.zAdd('board', [{ score: 2, value: 'ada' }, { score: 1.5, value: 'bob' }]))
  assert.equal(await redisCli(server.port, 'ZRANGE', 'board', '0', '-1', 'WITHSCORES'), 'bob\n1.5\nada\n2')
  await redisCli(server.port, 'RPUSH', 'jobs', 'from the shell')
  const job = await tab.evaluate(() => remote.blPop('jobs', 0))
  assert.equal(job?.element, 'from the shell')
  await tab.close()
})

test('a store in the tab and a remote are two: what is written to one is not in the other', async () => {
  await using server = await NookServer.start('--site', site)
  const tab = await openTab(server)
  await tab.evaluate(async () => {
    const local = await nookdb.open('memory:')
    Object.assign(globalThis, { local })
    local.set('here', '1')
    await remote.set('there', '1')
  })
  assert.equal(await redisCli(server.port, 'EXISTS', 'here', 'there'), '1')
  assert.deepEqual(await tab.evaluate(() => local.keys('*')), ['here'])
  await tab.close()
})

test('a page of another site is refused, unless the server was told of it', async () => {
  await using server = await NookServer.start('--site', site)
  await using stranger = await NookServer.start('--site', site)
  const tab = await openTab(stranger)
  const code = await tab.evaluate(
    (url) => nookdb.connect(url, { timeoutMs: 300 }).then(() => 'connected', (error: { code: string }) => error.code),
    server.url,
  )
  assert.equal(code, 'UNREACHABLE')
  await tab.close()
})
