import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launch } from '../../support/chromium.js'
import { cases } from '../../js/storage/conformance.js'
import { openPage, ORIGIN } from './serve.js'

let browser: Browser
let context: BrowserContext
let shared: Page

before(async () => {
  browser = await launch()
  context = await browser.newContext()
  shared = await openPage(context)
})
after(() => browser.close())

for (const { name } of cases) {
  test(`IndexedDB in Chromium: ${name}`, async () => {
    const { failure } = await shared.evaluate((one) => page.runNamed(one), name)
    assert.equal(failure, null)
  })
}

test('the conformance suite fails an IndexedDB backend that resolves an append before its transaction is complete', async () => {
  const { failure } = await shared.evaluate(
    () => page.runNamed('an append that resolved survives a crash', page.earlyResolve),
  )
  assert.match(failure ?? 'passed', /^steps after the crash that followed append 1: found \[\], expected/)
})

test('an append past the quota fails as QUOTA, keeps nothing, and the next one that fits is taken', async () => {
  // A context of its own: the browser's count of bytes used lags behind the deletions of the tests before.
  const small = await browser.newContext()
  const tab = await openPage(small)
  const client = await small.newCDPSession(tab)
  const quotaBytes = 2_000_000
  await client.send('Storage.overrideQuotaForOrigin', { origin: ORIGIN, quotaSize: quotaBytes })
  const filled = await tab.evaluate(async () => {
    const storage = new page.IndexedDBStorage('quota')
    const { epoch } = await storage.open()
    const large = crypto.getRandomValues(new Uint8Array(60_000))
    let lastSeq = 0
    let code = 'resolved'
    while (code === 'resolved' && lastSeq < 100) {
      code = await page.codeOf(storage.append(epoch, lastSeq + 1, page.batchOf([large])))
      if (code === 'resolved') lastSeq++
    }
    await storage.close()
    return { code, lastSeq }
  })
  await client.send('Storage.overrideQuotaForOrigin', { origin: ORIGIN })
  const reopened = await tab.evaluate(async () => {
    const storage = new page.IndexedDBStorage('quota')
    const { epoch, lastSeq } = await storage.open()
    return { code: await page.codeOf(storage.append(epoch, lastSeq + 1, page.batchOf([new Uint8Array(10)]))), lastSeq }
  })
  await small.close()
  assert.equal(filled.code, 'QUOTA')
  assert.deepEqual(reopened, { code: 'resolved', lastSeq: filled.lastSeq })
})

/** The head was put before the batch could not be made, and was committed without it: the store could not be opened again. */
test('an append that fails halfway for any reason keeps nothing', async () => {
  const kept = await shared.evaluate(async () => {
    const storage = new page.IndexedDBStorage('halfway')
    const { epoch } = await storage.open()
    await storage.append(epoch, 1, page.batchOf([new Uint8Array(1)]))
    const batch = page.batchOf([new Uint8Array(1)])
    // There is no memory for its copy: in a tab that is as short of it, any allocation may throw.
    const { Uint8Array: real } = globalThis
    globalThis.Uint8Array = new Proxy(real, {
      construct() {
        throw new RangeError('Array buffer allocation failed')
      },
    })
    const code = await page.codeOf(storage.append(epoch, 2, batch)).finally(() => (globalThis.Uint8Array = real))
    await storage.close()
    const { lastSeq } = await storage.open()
    return { code, lastSeq }
  })
  assert.deepEqual(kept, { code: 'IO', lastSeq: 1 })
})

/** The retry met the epoch that its own first attempt had raised, and took it for that of another writer. */
test('a writer whose connection dies when its opening is committed opens again, and is not fenced', async () => {
  const found = await shared.evaluate(async () => {
    const storage = new page.IndexedDBStorage('died')
    const first = await storage.open()
    const { transaction } = IDBDatabase.prototype
    let deaths = 0
    IDBDatabase.prototype.transaction = function (...call) {
      const dying = transaction.apply(this, call)
      // As when the browser closes the connection between the commit and the news of it.
      if (deaths++ === 0) {
        dying.addEventListener('complete', (event) => {
          event.stopImmediatePropagation()
          dying.dispatchEvent(new Event('abort'))
        })
      }
      return dying
    }
    const code = await page.codeOf(storage.open(first)).finally(() => (IDBDatabase.prototype.transaction = transaction))
    const other = new page.IndexedDBStorage('died')
    await other.open()
    return { code, deaths, afterAnother: await page.codeOf(storage.open(first)) }
  })
  assert.deepEqual(found, { code: 'resolved', deaths: 2, afterAnother: 'FENCED' })
})

/** It was told as IO before, of which a writer makes a store anew. */
test('a database of a version to come is told as UNSUPPORTED, to the writer of before too, and stays as it is', async () => {
  const found = await shared.evaluate(async () => {
    const storage = new page.IndexedDBStorage('upgraded')
    const { epoch } = await storage.open()
    await storage.append(epoch, 1, page.batchOf([new Uint8Array(1)]))
    const upgraded = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('nookdb:upgraded', 1000)
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    upgraded.close()
    const codes = [
      await page.codeOf(storage.append(epoch, 2, page.batchOf([new Uint8Array(1)]))),
      await page.codeOf(new page.IndexedDBStorage('upgraded').open()),
    ]
    const all = await indexedDB.databases()
    await page.destroyIndexedDB('upgraded')
    return { codes, version: all.find(({ name }) => name === 'nookdb:upgraded')?.version }
  })
  assert.deepEqual(found, { codes: ['UNSUPPORTED', 'UNSUPPORTED'], version: 1000 })
})

test('site data cleared by the user is told as WIPED, and stays cleared', async () => {
  const client = await context.newCDPSession(shared)
  await shared.evaluate(async () => {
    const storage = new page.IndexedDBStorage('cleared')
    const { epoch } = await storage.open()
    await storage.append(epoch, 1, page.batchOf([new Uint8Array(10)]))
    Object.assign(globalThis, { cleared: { storage, epoch } })
  })
  await client.send('Storage.clearDataForOrigin', { origin: ORIGIN, storageTypes: 'indexeddb' })
  const found = await shared.evaluate(async () => {
    const { cleared } = globalThis as unknown as { cleared: { storage: InstanceType<typeof page.IndexedDBStorage>; epoch: number } }
    const code = await page.codeOf(cleared.storage.append(cleared.epoch, 2, page.batchOf([new Uint8Array(10)])))
    return { code, names: await page.listIndexedDB() }
  })
  assert.deepEqual(found, { code: 'WIPED', names: [] })
})

test('list gives the names of the stores and destroy takes one away', async () => {
  const found = await shared.evaluate(async () => {
    for (const name of ['b', 'a', 'ü/ö']) {
      const storage = new page.IndexedDBStorage(name)
      await storage.open()
      await storage.close()
    }
    const before = await page.listIndexedDB()
    await page.destroyIndexedDB('a')
    await page.destroyIndexedDB('never made')
    const after = await page.listIndexedDB()
    for (const name of after) await page.destroyIndexedDB(name)
    return { before, after }
  })
  assert.deepEqual(found, { before: ['a', 'b', 'ü/ö'], after: ['b', 'ü/ö'] })
})
