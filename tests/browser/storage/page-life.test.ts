// What a store does while its page is shown, hidden, put away and robbed.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
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

async function openShop(name: string, mode: 'always' | 'everysec' | 'no', ifBusy: 'error' | 'steal' = 'error'): Promise<Page> {
  const tab = await openPage(context)
  await tab.evaluate((call) => page.shop.open(call.name, call.mode, call.ifBusy), { name, mode, ifBusy })
  return tab
}

function say(tab: Page, ...words: string[]): Promise<void> {
  return tab.evaluate((all) => all.forEach((word) => page.shop.say(word)), words)
}

function keptSeq(tab: Page, name: string): Promise<number> {
  return tab.evaluate((of) => page.keptSeq(of), name)
}

async function untilKept(tab: Page, name: string, seq: number, limitMs: number): Promise<void> {
  const end = Date.now() + limitMs
  while ((await keptSeq(tab, name)) < seq) {
    assert.ok(Date.now() < end, `step ${seq} was not kept in ${limitMs} ms`)
    await sleep(5)
  }
}

function states(tab: Page): Promise<string[]> {
  return tab.evaluate(() => page.shop.states)
}

test('a visible page commits after a second, and one that becomes hidden at once', async () => {
  const tab = await openShop('hiding', 'everysec')
  await say(tab, 'a')
  await sleep(300)
  assert.equal(await keptSeq(tab, 'hiding'), 0)
  await untilKept(tab, 'hiding', 1, 5000)
  await say(tab, 'b')
  await tab.evaluate(() => page.setVisibility('hidden'))
  await untilKept(tab, 'hiding', 2, 500)
})

test('a hidden page commits each turn, because its timers cannot be relied on', async () => {
  const tab = await openShop('hidden', 'everysec')
  await tab.evaluate(() => page.setVisibility('hidden'))
  for (let seq = 1; seq <= 3; seq++) {
    await say(tab, `word ${seq}`)
    await untilKept(tab, 'hidden', seq, 500)
  }
})

test('a page that is put away commits and lets go of the lock, and goes on when nobody was there meanwhile', async () => {
  const tab = await openShop('away', 'no')
  const other = await openPage(context)
  await say(tab, 'a')
  assert.equal(await other.evaluate(() => page.takeLock('away', 'error')), 'INUSE')
  await tab.evaluate(() => void globalThis.dispatchEvent(new Event('pagehide')))
  await untilKept(tab, 'away', 1, 500)
  assert.equal(await other.evaluate(() => page.takeLock('away', 'error')), 'held')
  await other.evaluate(() => page.held.release())
  await tab.evaluate(() => void globalThis.dispatchEvent(new Event('pageshow')))
  await tab.waitForFunction(() => page.shop.states.at(-1) === 'ok')
  await say(tab, 'b')
  await tab.evaluate(() => page.shop.flush())
  assert.deepEqual(await states(tab), ['away', 'ok'])
  assert.equal(await keptSeq(tab, 'away'), 2)
  assert.equal(await other.evaluate(() => page.takeLock('away', 'error')), 'INUSE')
})

for (const stays of [true, false]) {
  test(`a page that comes back after another tab wrote is fenced, whether that tab is ${stays ? 'still there' : 'gone'}`, async () => {
    const name = `overtaken ${stays}`
    const tab = await openShop(name, 'always')
    await say(tab, 'a')
    await tab.evaluate(() => void globalThis.dispatchEvent(new Event('pagehide')))
    await untilKept(tab, name, 1, 500)
    const other = await openShop(name, 'always')
    assert.deepEqual(await other.evaluate(() => page.shop.engine.words), ['a'])
    await say(other, 'b')
    await other.evaluate(() => page.shop.flush())
    if (!stays) await other.close()
    await tab.evaluate(() => void globalThis.dispatchEvent(new Event('pageshow')))
    await tab.waitForFunction(() => page.shop.states.at(-1) === 'fenced')
    await say(tab, 'c')
    assert.equal(await tab.evaluate(() => page.codeOf(page.shop.flush() ?? Promise.resolve())), 'FENCED')
    assert.equal(await keptSeq(tab, name), 2)
  })
}

test('a page that is robbed is told, and keeps nothing more', async () => {
  const tab = await openShop('robbed', 'always')
  await say(tab, 'a')
  await tab.evaluate(() => page.shop.flush())
  const thief = await openShop('robbed', 'always', 'steal')
  await tab.waitForFunction(() => page.shop.states.at(-1) === 'fenced')
  await say(tab, 'b')
  await say(thief, 'c')
  await thief.evaluate(() => page.shop.flush())
  assert.deepEqual(await thief.evaluate(() => page.shop.engine.words), ['a', 'c'])
  assert.equal(await keptSeq(thief, 'robbed'), 2)
})
