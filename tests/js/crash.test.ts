// Processes that do at random what stores can do, with a clock that jumps, are killed at any moment, also while they open the store.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { open, type Nook } from 'nookdb'
import { contents, perform, performFirstStep } from './crash-workload.js'

const KILLS = Number(process.env['NOOKDB_KILLS'] ?? 12)

/** Lets a process live for a while once it has come to something, and gives the last operations that it had begun, and knew to be kept. */
async function live(directory: string, seed: number, event: 'started' | 'begun', lifeMs: number): Promise<{ begun: number; flushed: number }> {
  const heard = { started: 0, begun: 0, flushed: 0 }
  const path = fileURLToPath(new URL('crash-child.ts', import.meta.url))
  const child = fork(path, [directory, String(seed)], { execArgv: ['--import', 'tsx'] })
  const closed = new Promise((resolve) => child.on('close', resolve))
  let come = (): void => undefined
  const hasCome = new Promise<void>((resolve) => (come = resolve))
  child.on('message', (message) => {
    const [what, n] = message as [keyof typeof heard, number]
    heard[what] = Math.max(heard[what], n)
    if (what === event) come()
  })
  await Promise.race([hasCome, closed])
  await sleep(lifeMs)
  assert.equal(child.exitCode, null, 'it lived until it was killed')
  child.kill('SIGKILL')
  await closed
  return heard
}

/** Takes the model to where the store is, and gives how far that is: to the end of an operation, or behind the first of its two steps. */
function follow(model: Nook, store: Nook, seed: number, from: number, flushed: number, begun: number): number {
  const found = contents(store)
  // None where a FLUSHALL was the first of two steps.
  const last = store.get('n')
  // What a killed process had not come to send is not heard: it may have begun more.
  for (let n = from; n <= Math.max(begun, from, Number(last)); n++) {
    if (n > from) perform(model, seed, n)
    if (n < flushed || (last !== null && last !== model.get('n'))) continue
    if (contents(model) === found) return n
    const before = model.export()
    const isFirstStep = performFirstStep(model, seed, n + 1) && contents(model) === found
    model.import(before)
    if (isFirstStep) {
      for (const db of [model, store]) db.set('n', String(n + 1))
      return n + 1
    }
  }
  return assert.fail(`seed ${seed}: n is ${last}, and nothing between operation ${flushed}, which was flushed, and ${begun}, the last, gives what is there`)
}

test(`after each of ${KILLS} kills all is there up to some step behind what was flushed, and nothing is torn`, async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'nookdb-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  const seed = Math.floor(Math.random() * 1e6)
  const model = await open('memory:')
  let n = 0
  for (let kill = 0; kill < KILLS; kill++) {
    // A third of them while the store is opened.
    const [event, mostMs] = kill % 3 === 0 ? (['started', 60] as const) : (['begun', 500] as const)
    const { begun, flushed } = await live(directory, seed, event, Math.random() * mostMs)
    const store = await open('shop', { directory })
    n = follow(model, store, seed, n, Math.max(flushed, n), begun)
    assert.deepEqual(store.storage.health()?.losses.chunks, [])
    await store.close()
  }
  context.diagnostic(`${n} operations of the seed ${seed}`)
  await model.close()
})
