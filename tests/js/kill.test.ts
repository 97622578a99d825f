// A process that keeps a store in files is killed at a random moment and started again, over and over.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { open } from 'nookdb'

const LOOPS = 4
const KILLS = 20

interface Heard {
  readonly begun: number[]
  readonly flushed: number[]
}

/** Lets the loops go on for a while from where they are, and kills them. */
async function live(directory: string, mode: 'flush' | 'no', lifeMs: number): Promise<Heard> {
  const heard: Heard = { begun: Array(LOOPS).fill(0), flushed: Array(LOOPS).fill(0) }
  const child = fork(fileURLToPath(new URL('kill-child.ts', import.meta.url)), [directory, mode], { execArgv: ['--import', 'tsx'] })
  const closed = new Promise((resolve) => child.on('close', resolve))
  const started = new Promise((resolve) => child.once('message', resolve))
  child.on('message', (message) => {
    const [what, loop, number] = message as [keyof Heard, number, number]
    heard[what][loop] = number
  })
  await Promise.race([started, closed])
  await sleep(lifeMs)
  child.kill('SIGKILL')
  await closed
  return heard
}

/** How far each loop has come, once it is sure that its steps are whole: the counter and the list say the same. */
async function counts(directory: string): Promise<number[]> {
  const db = await open('shop', { directory })
  try {
    return Array.from({ length: LOOPS }, (_, loop) => {
      const all = db.lRange(`all:${loop}`, 0, -1).map(Number)
      const count = Number(db.get(`count:${loop}`) ?? 0)
      assert.deepEqual(all, Array.from({ length: all.length }, (_, index) => index + 1))
      // INCR and RPUSH are two steps: a kill may come between.
      assert.ok(count === all.length || count === all.length + 1, `counted to ${count}, with ${all.length} in the list`)
      if (count > all.length) db.rPush(`all:${loop}`, String(count))
      return count
    })
  } finally {
    await db.close()
  }
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test(`of ${KILLS} kills none costs a process a step that was flushed`, async (context) => {
  const directory = await temporaryFolder(context)
  let betweenStepAndCommit = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const heard = await live(directory, 'flush', Math.random() * 100)
    const found = await counts(directory)
    for (let loop = 0; loop < LOOPS; loop++) {
      assert.ok((found[loop] ?? 0) >= (heard.flushed[loop] ?? 0), `loop ${loop}: ${heard.flushed[loop]} flushed, ${found[loop]} found`)
    }
    if (heard.begun.some((begun, loop) => begun > (heard.flushed[loop] ?? 0))) betweenStepAndCommit++
  }
  context.diagnostic(`${betweenStepAndCommit} of ${KILLS} kills fell between a step and its commit`)
  assert.ok(betweenStepAndCommit > 0)
})

test('without the flush a kill costs steps: the test above can fail', async (context) => {
  const directory = await temporaryFolder(context)
  const heard = await live(directory, 'no', 100)
  const found = await counts(directory)
  assert.ok(found.some((count, loop) => count < (heard.flushed[loop] ?? 0)))
})
