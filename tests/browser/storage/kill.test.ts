// Four loops in a page write and flush; the browser is killed at a random moment and started again, over and over.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { launchKillable } from '../../support/killable-chromium.js'
import { hasTornRecord } from '../../support/leveldb-log.js'
import { openPage } from './serve.js'

const LOOPS = 4
const KILLS = 20

/** What the page said before it was killed: to what number each loop had counted, and flushed. */
interface Heard {
  readonly begun: number[]
  readonly flushed: number[]
}

interface Life {
  /** To what number each loop had counted when the store was opened. */
  readonly found: number[]
  /** What else was known of the store then. */
  readonly description: string
  readonly heard: Heard
}

/** Starts the browser, lets the loops go on from what they find, and kills it. */
async function live(profile: string, lifeMs: number, flush: boolean): Promise<Life> {
  const chromium = await launchKillable(profile)
  try {
    const heard: Heard = { begun: Array(LOOPS).fill(0), flushed: Array(LOOPS).fill(0) }
    await chromium.context.exposeBinding('tell', (_, what: keyof Heard, loop: number, count: number) => {
      heard[what][loop] = count
    })
    const tab = await openPage(chromium.context, 'kill-page.ts')
    const found = await tab.evaluate((loops) => openCounters(loops), LOOPS)
    const description = await tab.evaluate(() => describeStore())
    await tab.evaluate((call) => count(call.loops, call.flush), { loops: LOOPS, flush })
    await sleep(lifeMs)
    await chromium.kill()
    return { found, description, heard }
  } finally {
    await chromium.kill()
  }
}

async function temporaryProfile(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

test(`of ${KILLS} kills none costs a step that was flushed, unless the browser deletes the database`, async (context) => {
  const profile = await temporaryProfile(context)
  let flushed: number[] = Array(LOOPS).fill(0)
  let flushedInAll = 0
  let betweenStepAndCommit = 0
  let deleted = 0
  for (let kill = 0; kill <= KILLS; kill++) {
    const isTorn = await hasTornRecord(join(profile, 'Default/IndexedDB'))
    const { found, description, heard } = await live(profile, 30 + Math.random() * 200, true)
    if (isTorn && found.every((count) => count === 0)) {
      deleted++
      flushed = found
    }
    for (let loop = 0; loop < LOOPS; loop++) {
      const message = `kill ${kill}, loop ${loop}: ${flushed[loop]} was flushed, ${found[loop]} is there; ${description}`
      assert.ok((found[loop] ?? 0) >= (flushed[loop] ?? 0), message)
    }
    if (heard.begun.some((begun, loop) => begun > (heard.flushed[loop] ?? 0))) betweenStepAndCommit++
    flushed = heard.flushed.map((count, loop) => Math.max(count, found[loop] ?? 0))
    flushedInAll += flushed.reduce((sum, count, loop) => sum + count - (found[loop] ?? 0), 0)
  }
  context.diagnostic(`${betweenStepAndCommit} of ${KILLS + 1} kills fell between a step and its commit`)
  context.diagnostic(`${deleted} of ${KILLS} starts found that Chromium had appended to a torn log, and deleted the database`)
  assert.ok(betweenStepAndCommit > 0)
  assert.ok(deleted < KILLS / 4)
  assert.ok(flushedInAll > LOOPS * KILLS, `the loops flushed ${flushedInAll} steps`)
})

test('without the flush a kill costs steps: the test above can fail', async (context) => {
  const profile = await temporaryProfile(context)
  const { heard } = await live(profile, 200, false)
  const { found } = await live(profile, 0, false)
  assert.ok(found.some((count, loop) => count < (heard.flushed[loop] ?? 0)))
})
