// The site as nookdb-server serves it: pages that talk to each other, and to redis-cli, over its channels.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { launch } from '../../support/chromium.js'
import { NookServer } from '../../support/nookdb-server.js'
import { BuiltSite, Visitor } from './visitor.js'

let browser: Browser
let site: BuiltSite
let server: NookServer

before(async () => {
  browser = await launch()
  site = await BuiltSite.make()
  server = await NookServer.start('--site', site.folder)
})
after(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
})

async function redisCli(...words: string[]): Promise<string> {
  return (await promisify(execFile)('redis-cli', ['-p', `${server.port}`, ...words])).stdout.trim()
}

/** A visitor who looks at the panel for channels, which connects by itself. */
async function listener(): Promise<Visitor> {
  const visitor = await Visitor.arrive(browser, server.siteUrl)
  await visitor.tab('Pub/Sub')
  await visitor.page.waitForSelector('#server-state[data-on=true]')
  return visitor
}

const untilHeard = (visitor: Visitor, message: string): Promise<unknown> =>
  visitor.page.waitForFunction(
    (text) => [...document.querySelectorAll('#messages .message')].some((one) => one.textContent === text),
    message,
  )

test('the page works as the server serves it', async () => {
  const visitor = await Visitor.arrive(browser, server.siteUrl)
  assert.equal(await visitor.say('SET k v'), 'OK')
  await visitor.untilKeys(['k'])
  await visitor.leave()
})

test('two pages and redis-cli hear each other', async () => {
  const [one, two] = [await listener(), await listener()]
  await untilSubscribers('news', 2)
  await one.page.fill('#message', 'from a page')
  await one.page.getByRole('button', { name: 'Publish' }).click()
  await Promise.all([untilHeard(one, 'from a page'), untilHeard(two, 'from a page')])
  assert.equal(await one.page.locator('#published').innerText(), 'Sent to 2 subscribers.')
  assert.equal(await redisCli('PUBLISH', 'news', 'from redis-cli'), '2')
  await Promise.all([untilHeard(one, 'from redis-cli'), untilHeard(two, 'from redis-cli')])
  await one.leave()
  await two.leave()
})

test('patterns are subscribed to, and subscriptions are ended, and kept over a reload', async () => {
  const visitor = await listener()
  const { page } = visitor
  await page.fill('#channel', 'sport.*')
  await page.getByRole('button', { name: 'Subscribe', exact: true }).click()
  await page.getByRole('button', { name: 'Unsubscribe from news' }).click()
  await untilSubscribers('news', 0)
  await page.reload()
  await page.waitForFunction(() => document.querySelector('#server-state')?.getAttribute('data-on') === 'true')
  await visitor.tab('Pub/Sub')
  assert.equal(await page.locator('#subscriptions').innerText(), 'sport.*\n\u00d7')
  await untilSubscribers('news', 0)
  while ((await redisCli('PUBSUB', 'NUMPAT')) !== '1') await page.waitForTimeout(20)
  await redisCli('PUBLISH', 'news', 'unheard')
  await redisCli('PUBLISH', 'sport.tennis', 'heard')
  await untilHeard(visitor, 'heard')
  assert.equal(await page.locator('#messages li').count(), 1)
  await page.getByRole('button', { name: 'Disconnect' }).click()
  assert.equal(await page.locator('#server-state').innerText(), 'No server')
  await visitor.leave()
})

test('when the server goes away the panel says so, and it listens again when the server is back', async () => {
  const visitor = await listener()
  await server.stop()
  await visitor.page.waitForFunction(() => document.querySelector('#server-state')?.textContent?.startsWith('Connection lost') === true)
  await server.restart()
  await visitor.page.waitForSelector('#server-state[data-on=true]')
  await untilSubscribers('news', 1)
  await redisCli('PUBLISH', 'news', 'again')
  await untilHeard(visitor, 'again')
  // The browser itself complains of every attempt that fails.
  await visitor.context.close()
})

/** Until that many clients have subscribed; a page that has left may be counted for a moment. */
async function untilSubscribers(channel: string, count: number): Promise<void> {
  while ((await redisCli('PUBSUB', 'NUMSUB', channel)) !== `${channel}\n${count}`) await new Promise((resolve) => setTimeout(resolve, 20))
}
