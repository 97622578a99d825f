// Four loops in a page write and flush; the browser is killed at a random moment and started again, over and over.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { launchKillable } from '../../killable-chromium.js'
import { openPage } from './serve.js'

const LOOPS = 4
const KILLS = 20

/** What the page said before it was killed: word n of each loop was about to be flushed, was flushed. */
interface Heard {
  readonly begun: number[]
  readonly flushed: number[]
}

interface Life {
  /** The words that were there at the start. */
  readonly found: string[]
  readonly heard: Heard
}

/** Starts the browser, lets the loops go on from what they find, and kills it. */
async function live(profile: string, lifeMs: number, flush: boolean): Promise<Life> {
  const chromium = await launchKillable(profile)
  try {
    const heard: Heard = { begun: Array(LOOPS).fill(0), flushed: Array(LOOPS).fill(0) }
    await chromium.context.exposeBinding('tell', (_, what: keyof Heard, loop: number, word: number) => void (heard[what][loop] = word))
    const tab = await openPage(chromium.context)
    await tab.evaluate(() => page.shop.open('kill', 'no', 'error'))
    const found = await tab.evaluate(() => page.shop.engine.words)
    await tab.evaluate((call) => page.shop.loop(call.loops, call.flush), { loops: LOOPS, flush })
    await sleep(lifeMs)
    await chromium.kill()
    return { found, heard }
  } finally {
    await chromium.kill()
  }
}

/** The number of the last word of each loop, once it is sure that none before it is missing. */
function lastWords(words: readonly string[]): number[] {
  const last: number[] = Array(LOOPS).fill(0)
  for (const word of words) {
    const [loop = 0, number = 0] = word.split(' ').map(Number)
    assert.equal(number, (last[loop] ?? 0) + 1, `word after ${last[loop]} of loop ${loop}`)
    last[loop] = number
  }
  return last
}

async function temporaryProfile(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

test(`of ${KILLS} kills none costs a step that was flushed`, async (context) => {
  const profile = await temporaryProfile(context)
  let flushed: number[] = Array(LOOPS).fill(0)
  let betweenAppendAndCommit = 0
  for (let kill = 0; kill <= KILLS; kill++) {
    const { found, heard } = await live(profile, 30 + Math.random() * 200, true)
    const last = lastWords(found)
    for (let loop = 0; loop < LOOPS; loop++) {
      assert.ok((last[loop] ?? 0) >= (flushed[loop] ?? 0), `loop ${loop}: ${flushed[loop]} was flushed, ${last[loop]} is the last`)
    }
    if (heard.begun.some((begun, loop) => begun > (heard.flushed[loop] ?? 0))) betweenAppendAndCommit++
    flushed = heard.flushed.map((word, loop) => Math.max(word, last[loop] ?? 0))
  }
  context.diagnostic(`${betweenAppendAndCommit} of ${KILLS + 1} kills fell between an append and its commit`)
  assert.ok(betweenAppendAndCommit > 0)
  assert.ok(Math.min(...flushed) > KILLS)
})

test('without the flush a kill costs steps: the test above can fail', async (context) => {
  const profile = await temporaryProfile(context)
  const { heard } = await live(profile, 200, false)
  const { found } = await live(profile, 0, false)
  assert.ok(lastWords(found).some((last, loop) => last < (heard.flushed[loop] ?? 0)))
})
