// Nine broken backends, each a wrapper around a good one: the conformance suite must fail on each, and for the reason meant.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unpackBatch } from '../../../pkg-template/src/storage/batch.js'
import { newId } from '../../../pkg-template/src/storage/rules.js'
import type { Checkpoint, Storage } from '../../../pkg-template/src/storage/storage.js'
import { batchOf } from './batch-of.js'
import { cases, runCase, type Outcome } from './conformance.js'
import { memoryWorld } from './memory-world.js'

/** A backend that is `inner` but for the methods given. */
function twin(inner: Storage, broken: Partial<Storage>): Storage {
  return {
    maxValueBytes: inner.maxValueBytes,
    open: (last) => inner.open(last),
    chunks: () => inner.chunks(),
    readAfter: (seq) => inner.readAfter(seq),
    append: (epoch, firstSeq, steps) => inner.append(epoch, firstSeq, steps),
    checkpoint: (epoch, checkpoint) => inner.checkpoint(epoch, checkpoint),
    notify: (onChange) => inner.notify(onChange),
    estimate: () => inner.estimate(),
    persist: () => inner.persist(),
    close: () => inner.close(),
    ...broken,
  }
}

/** Resolves before the write has reached the medium; failures are still told, later. */
function earlyResolve(inner: Storage): Storage {
  return twin(inner, {
    async append(epoch, firstSeq, steps) {
      const written = inner.append(epoch, firstSeq, steps)
      written.catch(() => undefined)
    },
  })
}

function reorderedAppends(inner: Storage): Storage {
  return twin(inner, { append: (epoch, firstSeq, steps) => inner.append(epoch, firstSeq, batchOf(steps.parts.flatMap(unpackBatch).reverse())) })
}

/** Forgets the last step of what it puts in place of the journal that it reads back. */
function lostTail(inner: Storage): Storage {
  return twin(inner, {
    async *readAfter(seq) {
      let held: Uint8Array | null = null
      for await (const step of inner.readAfter(seq)) {
        if (held !== null) yield held
        held = step
      }
    },
  })
}

/** Draws an id wherever it has found none, and puts it over what another one has drawn meanwhile. */
function lateId(kept: { storeId?: string }): (inner: Storage) => Storage {
  return (inner) =>
    twin(inner, {
      async open(last) {
        const storeId = kept.storeId ?? newId()
        const opened = await inner.open(last)
        kept.storeId = storeId
        return { ...opened, storeId }
      },
    })
}

/** Two commits where there should be one: the old chunks go first. */
function nonAtomicCheckpoint(inner: Storage): Storage {
  let manifest: Uint8Array = new Uint8Array(0)
  return twin(inner, {
    async open(last) {
      const opened = await inner.open(last)
      manifest = opened.manifest ?? manifest
      return opened
    },
    async checkpoint(epoch, checkpoint: Checkpoint) {
      await inner.checkpoint(epoch, { ...checkpoint, manifest, add: [] })
      await inner.checkpoint(epoch, { ...checkpoint, drop: [] })
      manifest = checkpoint.manifest
    },
  })
}

/** Writes under whatever epoch is the newest one. */
function ignoredEpoch(newest: { epoch: number }): (inner: Storage) => Storage {
  return (inner) =>
    twin(inner, {
      async open(last) {
        const opened = await inner.open(last)
        newest.epoch = opened.epoch
        return opened
      },
      append: (_epoch, firstSeq, steps) => inner.append(newest.epoch, firstSeq, steps),
      checkpoint: (_epoch, checkpoint) => inner.checkpoint(newest.epoch, checkpoint),
    })
}

function swallowedError(inner: Storage): Storage {
  return twin(inner, {
    append: (epoch, firstSeq, steps) => inner.append(epoch, firstSeq, steps).catch(() => undefined),
  })
}

/** Goes on looking at the caller's bytes once an append has resolved. */
function keptViews(views: Map<number, Uint8Array>): (inner: Storage) => Storage {
  return (inner) =>
    twin(inner, {
      append(epoch, firstSeq, steps) {
        for (const [index, step] of steps.parts.flatMap(unpackBatch).entries()) views.set(firstSeq + index, step)
        return inner.append(epoch, firstSeq, steps)
      },
      async *readAfter(seq) {
        for await (const step of inner.readAfter(seq)) yield views.get(++seq) ?? step
      },
    })
}

/** Takes each record for a step. */
function countedRecords(inner: Storage): Storage {
  return twin(inner, { append: (epoch, firstSeq, steps) => inner.append(epoch, firstSeq, batchOf(steps.parts.flatMap(unpackBatch))) })
}

/** @param makeWrap called for each case: what a wrapper remembers is of one world. */
async function failures(makeWrap: () => (inner: Storage) => Storage): Promise<Outcome[]> {
  const outcomes = await Promise.all(cases.map((one) => runCase(one, () => memoryWorld(makeWrap()))))
  return outcomes.filter((outcome) => outcome.failure !== null)
}

const twins: { name: string; wrap: () => (inner: Storage) => Storage; fails: string; because: RegExp }[] = [
  {
    name: 'has an id for each storage that makes it',
    wrap: () => lateId({}),
    fails: 'storages that make the same store at the same time have one id for it',
    because: /^ids: found/,
  },
  {
    name: 'resolves an append early',
    wrap: () => earlyResolve,
    fails: 'an append that resolved survives a crash',
    because: /^steps after the crash that followed append 1: found \[\], expected/,
  },
  {
    name: 'reorders appended steps',
    wrap: () => reorderedAppends,
    fails: 'steps are read back in order, from any seq',
    because: /^steps after 0: found/,
  },
  {
    name: 'loses the tail of the journal',
    wrap: () => lostTail,
    fails: 'an append that resolved survives a crash',
    because: /^steps after the crash that followed append 1: found \[\], expected/,
  },
  {
    name: 'makes a checkpoint in two commits',
    wrap: () => nonAtomicCheckpoint,
    fails: 'a checkpoint cut by a crash is in place whole or not at all',
    because: /^chunks after a crash at moment \d+ of a checkpoint that is not in place: found/,
  },
  {
    name: 'ignores the epoch',
    wrap: () => ignoredEpoch({ epoch: 0 }),
    fails: 'a writer whose store was opened by another is refused as FENCED, and nothing of what it sends is kept',
    because: /^append by the old writer: resolved, expected FENCED$/,
  },
  {
    name: 'swallows errors',
    wrap: () => swallowedError,
    fails: 'an append that repeats a seq or leaves a gap is refused as CONFLICT, and nothing of it is kept',
    because: /^append at 0: resolved, expected CONFLICT$/,
  },
  {
    name: 'counts records for steps',
    wrap: () => countedRecords,
    fails: 'a record of several steps counts as so many, and comes back whole for any of them that is asked for',
    because: /^append at 3: resolved, expected CONFLICT$/,
  },
  {
    name: 'keeps views of what it was given',
    wrap: () => keptViews(new Map()),
    fails: 'a step is kept without the buffer that it is a view of, which may be used again, and an empty one comes back empty',
    because: /^views: steps: found \["<eeee/,
  },
]

for (const { name, wrap, fails, because } of twins) {
  test(`the conformance suite fails a backend that ${name}`, async () => {
    const found = await failures(wrap)
    const meant = found.find((outcome) => outcome.name === fails)
    assert.match(meant?.failure ?? 'passed', because)
  })
}
