// The site in a real browser: what a visitor types, sees and finds again.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { open } from 'nookdb'
import type { Browser } from 'playwright-core'
import { launch } from '../../support/chromium.js'
import { BuiltSite, serveDev, servePreview, Visitor, type Served } from './visitor.js'

let browser: Browser
let site: BuiltSite
let served: Served

before(async () => {
  browser = await launch()
  site = await BuiltSite.make()
  served = await servePreview(site)
})
after(async () => {
  await browser.close()
  await served[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
})

const arrive = (path = ''): Promise<Visitor> => Visitor.arrive(browser, served.url + path)

test('commands are answered as in redis-cli, and errors are red', async () => {
  const visitor = await arrive()
  assert.equal(await visitor.say('SET greeting "hello\\n"'), 'OK')
  assert.equal(await visitor.say('GET greeting'), '"hello\\n"')
  assert.equal(await visitor.say('INCR visits'), '(integer) 1')
  assert.equal(await visitor.say('GET nobody'), '(nil)')
  assert.equal(await visitor.say('RPUSH l a b'), '(integer) 2')
  assert.equal(await visitor.say('LRANGE l 0 -1'), '1) "a"\n2) "b"')
  assert.equal(await visitor.say('LPUSH greeting x'), '(error) WRONGTYPE Operation against a key holding the wrong kind of value')
  const [red, ink] = await visitor.page.evaluate(() =>
    ['.reply.error', '.reply:not(.error)'].map((of) => getComputedStyle(document.querySelector(of) ?? document.body).color),
  )
  assert.equal(red, 'rgb(180, 35, 24)')
  assert.notEqual(red, ink)
  assert.equal(await visitor.say('SET "open'), 'Invalid argument(s)')
  assert.match(await visitor.say('HELP incr'), /INCR key\n {2}summary: /)
  assert.match(await visitor.say('INFO memory'), /^# Memory\n.*used_memory:/s)
  await visitor.leave()
})

test('Tab completes, the hint shows what is to come, and arrows walk through what was typed', async () => {
  const visitor = await arrive()
  const { page } = visitor
  await visitor.say('PING')
  await page.fill('#line', 'hgeta')
  await page.press('#line', 'Tab')
  assert.equal(await page.inputValue('#line'), 'HGETALL ')
  assert.equal(await page.locator('#ghost').textContent(), 'HGETALL key')
  assert.match(await page.locator('#hint').innerText(), /field/)
  await page.fill('#line', 'set k v ex')
  await page.press('#line', 'Tab')
  await page.press('#line', 'Tab')
  assert.equal(await page.inputValue('#line'), 'set k v EXAT')
  await page.fill('#line', 'half')
  await page.press('#line', 'ArrowUp')
  assert.equal(await page.inputValue('#line'), 'PING')
  await page.press('#line', 'ArrowDown')
  assert.equal(await page.inputValue('#line'), 'half')
  await page.fill('#line', 'set k v ')
  await page.press('#line', 'Escape')
  await page.press('#line', 'Tab')
  assert.notEqual(await page.evaluate(() => document.activeElement?.id), 'line')
  await page.fill('#line', '')
  await page.press('#line', 'Tab')
  assert.notEqual(await page.evaluate(() => document.activeElement?.id), 'line')
  await visitor.leave()
})

test('whole lines of a paste are run, and the rest is left to type on', async () => {
  const visitor = await arrive()
  const { page } = visitor
  await visitor.say('DEL n')
  await page.evaluate(() => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', 'INCR n\nINCR n\r\nGET n\nDEL')
    document.querySelector('#line')?.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  })
  await page.waitForFunction(() => document.querySelectorAll('#log .typed').length === 4)
  assert.match(await visitor.log(), /INCR n\n\(integer\) 1\n+nook> INCR n\n\(integer\) 2\n+nook> GET n\n"2"/)
  assert.equal(await page.inputValue('#line'), 'DEL')
  await visitor.leave()
})

test('after a reload data, log and history are what they were', async () => {
  const visitor = await arrive()
  await visitor.say('HSET user:1 name Ada')
  await visitor.say('NOSUCH')
  const log = await visitor.log()
  await visitor.reload()
  assert.equal(await visitor.log(), log)
  assert.equal(await visitor.page.locator('.reply.error').count(), 1)
  await visitor.untilKeys(['user:1'])
  await visitor.page.press('#line', 'ArrowUp')
  assert.equal(await visitor.page.inputValue('#line'), 'NOSUCH')
  assert.equal(await visitor.say('HGET user:1 name'), '"Ada"')
  assert.equal(await visitor.page.locator('#kept').innerText(), 'kept in this browser')
  await visitor.leave()
})

test('keys come and go by themselves, and the time that is left counts down', async () => {
  const visitor = await arrive()
  const { page } = visitor
  await visitor.say('MSET b 1 a 2')
  await visitor.say('SET passing x PX 3500')
  await visitor.untilKeys(['a', 'b', 'passing'])
  const left = page.locator('.key', { hasText: 'passing' }).locator('.left')
  const first = await left.innerText()
  assert.match(first, /^[34]s$/)
  await page.waitForFunction(
    (before) => [...document.querySelectorAll('.key .left')].some(({ textContent: now }) => now !== '' && now !== before),
    first,
  )
  await visitor.untilKeys(['a', 'b'])
  await visitor.say('RENAME b c')
  await visitor.untilKeys(['a', 'c'])
  await visitor.say('FLUSHALL')
  await visitor.untilKeys([])
  assert.equal(await page.locator('#keys-count').innerText(), '0 keys')
  await visitor.leave()
})

// The row of a list was drawn as the list of keys itself, once: the word of its type was the name of a style.
test('keys of every type are drawn alike, each within its row', async () => {
  const visitor = await arrive()
  for (const line of ['SET a 1', 'RPUSH b 1', 'HSET c f 1', 'SADD d 1', 'ZADD e 1 m']) await visitor.say(line)
  await visitor.untilKeys(['a', 'b', 'c', 'd', 'e'])
  const places = await visitor.page.locator('.key').evaluateAll((rows) =>
    rows.map((row) => {
      const top = row.getBoundingClientRect().top
      const parts = [...row.querySelectorAll('.name, .type')].map((part) => part.getBoundingClientRect())
      return parts.map((part) => [Math.round(part.top - top), Math.round(part.height)]).join()
    }),
  )
  assert.deepEqual(places, places.map(() => places[0]))
  await visitor.leave()
})

test('a key that is chosen shows its value by its type, and follows its changes', async () => {
  const visitor = await arrive()
  const { page } = visitor
  const body = page.locator('#value-body')
  await visitor.say('ZADD board 1.5 ada 2 grace')
  await visitor.say('SET picture "\\x00\\xff"')
  await page.locator('.key', { hasText: 'board' }).click()
  assert.match(await body.innerText(), /1\.5\s+ada\s+2\s+grace/)
  assert.match(await page.locator('#value-facts').innerText(), /zset as listpack, .* B, stays/)
  await visitor.say('ZADD board 3 alan')
  await page.waitForFunction(() => document.querySelector('#value-body')?.textContent?.includes('alan') === true)
  await page.focus('#keys-list')
  await page.keyboard.press('ArrowDown')
  assert.equal(await page.locator('#value-name').innerText(), 'picture')
  assert.equal(await body.innerText(), '"\\x00\\xff"')
  assert.equal(await page.getAttribute('#keys-list', 'aria-activedescendant'), await page.getAttribute('.key[aria-selected=true]', 'id'))
  await page.fill('#keys-filter', 'b*')
  await visitor.untilKeys(['board'])
  assert.equal(await page.locator('#keys-count').innerText(), '1 of 2 keys')
  await visitor.leave()
})

test('a transaction or another database of the console leaves the list of keys alone', async () => {
  const visitor = await arrive()
  await visitor.say('SET zero 0')
  await visitor.say('MULTI')
  await visitor.say('SET later 1')
  await visitor.page.fill('#keys-filter', '*e*')
  await visitor.untilKeys(['zero'])
  assert.equal(await visitor.say('EXEC'), '1) OK')
  await visitor.untilKeys(['later', 'zero'])
  await visitor.say('SELECT 1')
  await visitor.say('SET elsewhere 1')
  assert.equal(await visitor.page.locator('#prompt').innerText(), 'nook[1]>')
  await visitor.untilKeys(['elsewhere'])
  await visitor.leave()
})

test('a command that waits can be stopped, and messages of channels are shown', async () => {
  const visitor = await arrive()
  const { page } = visitor
  await page.fill('#line', 'BLPOP jobs 0')
  await page.press('#line', 'Enter')
  await page.waitForFunction(() => document.querySelector('#log')?.textContent === 'nook> BLPOP jobs 0')
  await page.getByRole('button', { name: 'Stop waiting' }).click()
  await page.waitForFunction(() => document.querySelector('#log')?.textContent?.includes('(stopped)') === true)
  assert.match(await visitor.say('SUBSCRIBE news'), /1\) "subscribe"\n2\) "news"\n3\) \(integer\) 1/)
  await page.press('#line', 'Control+c')
  assert.equal(await visitor.say('PUBLISH news hi'), '(integer) 0')
  await visitor.leave()
})

test('an export is read back elsewhere, and 100,000 keys are imported and scrolled through', async () => {
  const visitor = await arrive()
  const { page } = visitor
  await visitor.say('SET exported yes')
  await visitor.tab('Store')
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export dump.rdb' }).click()])
  await using db = await open('memory:')
  db.import(readFileSync(await download.path()))
  assert.equal(db.get('exported'), 'yes')

  for (let n = 0; n < 100_000; n++) db.set(`key:${String(n).padStart(6, '0')}`, `value ${n}`)
  await page.setInputFiles('#import', { name: 'large.rdb', mimeType: 'application/octet-stream', buffer: Buffer.from(db.export()) })
  await page.waitForFunction(() => document.querySelector('#store-notice')?.textContent?.includes('100,001 keys') === true)
  await visitor.tab('Keys')
  await page.waitForFunction(() => document.querySelector('#keys-count')?.textContent === '100,001 keys')
  await page.focus('#keys-list')
  await page.keyboard.press('End')
  await page.waitForFunction(() => document.querySelector('#value-name')?.textContent === 'key:099999')
  const rows = await visitor.keys()
  assert.equal(rows.at(-1), 'key:099999')
  assert.ok(rows.length < 100, `${rows.length} rows are drawn`)
  assert.equal(await visitor.say('DEL key:099999'), '(integer) 1')
  await page.waitForFunction(() => document.querySelector('#keys-count')?.textContent === '100,000 keys')
  await visitor.leave()
})

test('a long reply is cut in the log, and a log that has grown large loses its oldest lines, before a reload as after it', async () => {
  const visitor = await arrive()
  await visitor.say('SET short 1')
  await visitor.say(`SET long ${'x'.repeat(30_000)}`)
  for (let n = 0; n < 14; n++) assert.match(await visitor.say('GET long'), /^"x{19999}\n\.\.\. \(30,002 characters in all\)$/)
  const log = await visitor.log()
  assert.doesNotMatch(log, /SET short/)
  await visitor.reload()
  assert.equal(await visitor.log(), log)
  await visitor.leave()
})

test('a damaged file is refused and changes nothing', async () => {
  const visitor = await arrive()
  await visitor.say('SET k v')
  await visitor.tab('Store')
  await visitor.page.setInputFiles('#import', { name: 'broken.rdb', mimeType: 'application/octet-stream', buffer: Buffer.from('REDIS0011 no') })
  await visitor.page.waitForFunction(() => document.querySelector('#store-notice')?.textContent?.startsWith('broken.rdb was not loaded') === true)
  assert.equal(await visitor.say('GET k'), '"v"')
  await visitor.leave()
})

test('a second tab is told that the store is open, and may take it', async () => {
  const first = await arrive()
  await first.say('SET k first')
  const second = await first.openTab(served.url)
  await second.page.getByRole('button', { name: 'Use it here' }).click()
  assert.equal(await second.say('GET k'), '"first"')
  await first.tab('Store')
  await first.page.getByRole('button', { name: 'Reload' }).waitFor()
  await first.page.waitForSelector('#store-notice.error')
  assert.match(await first.say('SET k lost'), /^\(error\) /)
  await second.leave()
  assert.deepEqual(first.complaints, [])
})

test('on a phone nothing is wider than the screen, and nothing moves while the page comes', async () => {
  const visitor = await Visitor.arrive(browser, served.url, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
  const { page } = visitor
  await page.getByRole('button', { name: 'Leaderboard' }).click()
  await visitor.say(`SET ${'long'.repeat(100)} ${'word'.repeat(200)}`)
  await page.locator('.key', { hasText: 'long' }).click()
  for (const name of ['Keys', 'Pub/Sub', 'Store'] as const) {
    await visitor.tab(name)
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, name)
  }
  await visitor.reload()
  const shift = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        // The observer hands over what happened before it; a page without a shift has no entry to hand over.
        let sum = 0
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) sum += (entry as PerformanceEntry & { readonly value: number }).value
        }).observe({ type: 'layout-shift', buffered: true })
        setTimeout(() => resolve(sum), 500)
      }),
  )
  assert.ok(shift < 0.01, `a layout shift of ${shift}`)
  await visitor.leave()
})

test('everything that can be used has a name for screen readers', async () => {
  const visitor = await arrive()
  await visitor.say('SET k v')
  const nameless = await visitor.page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, input, [role=listbox], [role=tabpanel], [role=log]')]
      .filter((one) => !(one.getAttribute('aria-label') ?? one.getAttribute('aria-labelledby') ?? one.textContent?.trim()))
      .map((one) => one.outerHTML),
  )
  assert.deepEqual(nameless, [])
  await visitor.leave()
})

test('the page allows itself no script but its own, and works so', async () => {
  const visitor = await arrive()
  const policy = await visitor.page.getAttribute('meta[http-equiv=Content-Security-Policy]', 'content')
  assert.match(policy ?? '', /script-src 'self' 'wasm-unsafe-eval';/)
  assert.equal(await visitor.say('PING'), 'PONG')
  await visitor.leave()
})

test('without a server the panel for channels says how to start one', async () => {
  const visitor = await arrive()
  await visitor.tab('Pub/Sub')
  assert.equal(await visitor.page.locator('#server-state').innerText(), 'No server')
  assert.match(await visitor.page.locator('#server-help').innerText(), /make demo[^]*nookdb-server --http-port 8080 --allow-origin http:\/\/127\.0\.0\.1/)
  await visitor.leave()
})

test('vite dev serves the same page', async () => {
  await using dev = await serveDev()
  const visitor = await Visitor.arrive(browser, dev.url)
  assert.equal(await visitor.say('SET k v'), 'OK')
  await visitor.untilKeys(['k'])
  await visitor.leave()
})
