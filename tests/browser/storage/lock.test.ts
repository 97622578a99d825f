import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launch } from '../../support/chromium.js'
import { openPage } from './serve.js'

let browser: Browser
let context: BrowserContext

before(async () => {
  browser = await launch()
  context = await browser.newContext()
})
after(() => browser.close())

function take(tab: Page, name: string, ifBusy: 'error' | 'wait' | 'steal', limitMs?: number): Promise<string> {
  return tab.evaluate((call) => page.takeLock(call.name, call.ifBusy, call.limitMs), { name, ifBusy, limitMs })
}

function release(tab: Page): Promise<void> {
  return tab.evaluate(() => page.held.release())
}

function thefts(tab: Page): Promise<number> {
  return tab.evaluate(() => page.held.thefts)
}

test('a second tab is refused as INUSE until the first lets go, and other names are free', async () => {
  const [first, second] = [await openPage(context), await openPage(context)]
  assert.equal(await take(first, 'shop', 'error'), 'held')
  assert.equal(await take(second, 'shop', 'error'), 'INUSE')
  assert.equal(await take(second, 'other', 'error'), 'held')
  await release(first)
  await release(first)
  assert.equal(await take(second, 'shop', 'error'), 'held')
  assert.equal(await thefts(first), 0)
})

test('a tab that waits has the lock when the tab that held it is closed', async () => {
  const [first, second] = [await openPage(context), await openPage(context)]
  assert.equal(await take(first, 'queue', 'error'), 'held')
  const waiting = take(second, 'queue', 'wait')
  assert.equal(await Promise.race([waiting, new Promise((resolve) => setTimeout(() => resolve('waits'), 100))]), 'waits')
  await first.close()
  assert.equal(await waiting, 'held')
})

test('a waiting request ends with its signal', async () => {
  const [first, second] = [await openPage(context), await openPage(context)]
  assert.equal(await take(first, 'signal', 'error'), 'held')
  assert.equal(await take(second, 'signal', 'wait', 20), 'TimeoutError')
})

test('a thief has the lock at once, and the tab it was stolen from is told once', async () => {
  const [first, second] = [await openPage(context), await openPage(context)]
  assert.equal(await take(first, 'stolen', 'error'), 'held')
  assert.equal(await take(second, 'stolen', 'steal'), 'held')
  await first.waitForFunction(() => page.held.thefts === 1)
  await release(first)
  assert.deepEqual([await thefts(first), await thefts(second)], [1, 0])
  assert.equal(await take(first, 'stolen', 'error'), 'INUSE')
})

test('a page that is put away or frozen is told to leave, and to come back', async () => {
  const tab = await openPage(context)
  // While it is being driven, headless Chromium neither freezes a page nor keeps it in the back-forward cache: the events come
  // from here.
  await tab.evaluate(() => {
    const stop = page.watchLife()
    globalThis.dispatchEvent(new Event('pagehide'))
    globalThis.dispatchEvent(new Event('pageshow'))
    document.dispatchEvent(new Event('freeze'))
    document.dispatchEvent(new Event('resume'))
    stop()
    globalThis.dispatchEvent(new Event('pagehide'))
  })
  assert.deepEqual(await tab.evaluate(() => page.life), ['leave', 'back', 'leave', 'back'])
})
