// What every storage backend owes. The suite is a list of cases that throw; it runs in Node, in a page and in workerd alike,
// so it uses nothing of any platform. That it can fail is shown in twins.test.ts.

import type { Checkpoint, Chunk, ChunkId, Storage } from '../../../pkg-template/src/storage/storage.js'
import { batchOf } from './batch-of.js'
import { FORMAT } from '../../../pkg-template/src/storage/rules.js'
import { equal, rejectsWith } from './expect.js'

/** One store on one medium, and the power to pull its plug. */
export interface World {
  /** A storage over the store; `open` is left to the caller. */
  connect(): Storage

  /** Everything stops at once: what was not durable is gone, and the storages of before are dead. */
  crash(): Promise<void>

  /** Starts `work`, and crashes at the `moment`-th point where it waits for the medium. Gives false when the work was done
   *  before that point came; nothing has crashed then. */
  crashDuring(moment: number, work: () => Promise<unknown>): Promise<boolean>

  /** The user deletes the store, under whoever has it open. */
  wipe(): Promise<void>

  /** Has the store, which is there, say that it is of this format. */
  setFormat(format: number): Promise<void>

  /** False where nobody else can write, so that there is nothing to be told of. */
  readonly notifies: boolean

  dispose(): Promise<void>
}

export interface Case {
  readonly name: string
  run(world: World): Promise<void>
}

export interface Outcome {
  readonly name: string
  /** Why the case failed; null when it passed. */
  readonly failure: string | null
}

/** Longer than any case takes on a busy machine. A case that takes longer waits for something that never comes. */
const CASE_LIMIT_MS = 60_000

/** Runs one case in a world of its own. */
export async function runCase(one: Case, makeWorld: () => Promise<World>): Promise<Outcome> {
  const world = await makeWorld()
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${CASE_LIMIT_MS} ms`)), CASE_LIMIT_MS)
  })
  try {
    await Promise.race([one.run(world), limit])
    return { name: one.name, failure: null }
  } catch (error) {
    return { name: one.name, failure: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
    await world.dispose()
  }
}

/** A step or chunk whose bytes tell which one it is. */
function bytesOf(mark: number, length = 5): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (mark * 31 + index * 7) & 0xff)
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** All that a store holds, as one comparable thing. */
interface Contents {
  readonly manifest: Uint8Array | null
  readonly lastSeq: number
  readonly chunks: Chunk[]
  readonly steps: Uint8Array[]
}

/** Opens the store anew and reads everything. `after` is where the snapshot ends. */
async function contents(world: World, after = 0): Promise<Contents & { storage: Storage; epoch: number }> {
  const storage = world.connect()
  const { manifest, epoch, lastSeq } = await storage.open()
  const chunks = await collect(storage.chunks())
  chunks.sort((one, other) => one.id - other.id)
  return { storage, epoch, manifest, lastSeq, chunks, steps: await collect(storage.readAfter(after)) }
}

async function expectContents(world: World, expected: Partial<Contents>, what: string, after = 0): Promise<void> {
  const found = await contents(world, after)
  for (const field of Object.keys(expected) as (keyof Contents)[]) equal(found[field], expected[field], `${what}: ${field}`)
  await found.storage.close()
}

async function opened(world: World): Promise<{ storage: Storage; epoch: number }> {
  const storage = world.connect()
  const { epoch } = await storage.open()
  return { storage, epoch }
}

/** A checkpoint of step `baseSeq` whose one new chunk has its number. */
function checkpointOf(baseSeq: number, add: ChunkId[] = [baseSeq], drop: ChunkId[] = []): Checkpoint {
  return { manifest: bytesOf(100 + baseSeq), baseSeq, add: add.map((id) => ({ id, bytes: bytesOf(id) })), drop }
}

const opening: Case[] = [
  {
    name: 'a new store is empty, and its first epoch is 1',
    async run(world) {
      const found = await contents(world)
      equal([found.epoch, found.manifest, found.lastSeq, found.chunks, found.steps], [1, null, 0, [], []], 'a new store')
    },
  },
  {
    name: 'each open raises the epoch and finds the same store id, after a crash too',
    async run(world) {
      const first = await world.connect().open()
      const second = await world.connect().open()
      await world.crash()
      const third = await world.connect().open()
      equal([first.epoch, second.epoch, third.epoch], [1, 2, 3], 'epochs')
      equal([second.storeId, third.storeId], [first.storeId, first.storeId], 'store ids')
      equal(/^[0-9a-f]{32}$/.test(first.storeId), true, 'the store id is 32 hexadecimal digits')
    },
  },
  {
    name: 'storages that make the same store at the same time have one id for it',
    async run(world) {
      const openings = await Promise.allSettled([1, 2, 3].map(() => world.connect().open()))
      const ids = openings.flatMap((one) => (one.status === 'fulfilled' ? [one.value.storeId] : []))
      equal(ids.length > 0, true, 'one at least has it')
      // Of two ids the one is not there any more, and the other one's storage is told that the store was deleted.
      const reasons = openings.map((one) => (one.status === 'rejected' ? (one.reason as { code?: string }).code : null))
      equal(reasons.includes('WIPED'), false, 'one was told that the store was deleted')
      const { storeId } = await world.connect().open()
      equal([...new Set(ids)], [storeId], 'ids')
    },
  },
  {
    name: 'before open and after close every call is refused as CLOSED',
    async run(world) {
      const storage = world.connect()
      const refused = async (when: string): Promise<void> => {
        await rejectsWith('CLOSED', () => storage.append(1, 1, batchOf([bytesOf(1)])), `append ${when}`)
        await rejectsWith('CLOSED', () => storage.checkpoint(1, checkpointOf(1)), `checkpoint ${when}`)
        await rejectsWith('CLOSED', () => collect(storage.readAfter(0)), `readAfter ${when}`)
        await rejectsWith('CLOSED', () => collect(storage.chunks()), `chunks ${when}`)
      }
      await refused('before open')
      await storage.open()
      await storage.close()
      await refused('after close')
      await storage.close()
    },
  },
  {
    name: 'a store of a format to come is refused as UNSUPPORTED, and stays as it is',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await storage.append(epoch, 1, batchOf([bytesOf(1), bytesOf(2)]))
      await storage.checkpoint(epoch, checkpointOf(1))
      await storage.close()
      await world.setFormat(FORMAT + 1)
      for (let attempt = 0; attempt < 2; attempt++) {
        await rejectsWith('UNSUPPORTED', () => world.connect().open(), 'opening it')
        await world.crash()
      }
      await world.setFormat(FORMAT)
      const found = await contents(world, 1)
      equal([found.epoch, found.lastSeq, found.manifest], [epoch + 1, 2, bytesOf(101)], 'what it was')
      equal([found.chunks, found.steps], [[{ id: 1, bytes: bytesOf(1) }], [bytesOf(2)]], 'what it had')
    },
  },
  {
    name: 'a store of the format 1 is opened',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await storage.append(epoch, 1, batchOf([bytesOf(1)]))
      await storage.close()
      await world.setFormat(1)
      await expectContents(world, { lastSeq: 1, steps: [bytesOf(1)] }, 'what it had')
    },
  },
  {
    name: 'close waits for the writes under way',
    async run(world) {
      const { storage, epoch } = await opened(world)
      const appended = storage.append(epoch, 1, batchOf([bytesOf(1)]))
      await storage.close()
      await world.crash()
      await appended
      await expectContents(world, { steps: [bytesOf(1)] }, 'after close and crash')
    },
  },
]

const appending: Case[] = [
  {
    name: 'steps are read back in order, from any seq',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await storage.append(epoch, 1, batchOf([bytesOf(1), bytesOf(2), bytesOf(3)]))
      await storage.append(epoch, 4, batchOf([bytesOf(4)]))
      const [five, six] = [batchOf([bytesOf(5)]), batchOf([bytesOf(6)])]
      await storage.append(epoch, 5, { count: 2, parts: [...five.parts, ...six.parts] })
      for (let seq = 0; seq <= 7; seq++) {
        const expected = [1, 2, 3, 4, 5, 6].filter((step) => step > seq).map((step) => bytesOf(step))
        equal(await collect(storage.readAfter(seq)), expected, `steps after ${seq}`)
      }
    },
  },
  {
    name: 'an append that resolved survives a crash',
    async run(world) {
      let { storage, epoch } = await opened(world)
      const expected: Uint8Array[] = []
      for (let seq = 1; seq <= 6; seq++) {
        await storage.append(epoch, seq, batchOf([bytesOf(seq)]))
        expected.push(bytesOf(seq))
        await world.crash()
        const found = await contents(world)
        equal(found.steps, expected, `steps after the crash that followed append ${seq}`)
        equal(found.lastSeq, seq, 'last seq')
        storage = found.storage
        epoch = found.epoch
      }
    },
  },
  {
    name: 'appends that nobody waits for are kept in the order of the calls',
    async run(world) {
      const { storage, epoch } = await opened(world)
      const marks = Array.from({ length: 20 }, (_, index) => index + 1)
      await Promise.all(marks.map((mark) => storage.append(epoch, mark, batchOf([bytesOf(mark)]))))
      await expectContents(world, { steps: marks.map((mark) => bytesOf(mark)), lastSeq: 20 }, 'after 20 appends at once')
    },
  },
  {
    name: 'an append that repeats a seq or leaves a gap is refused as CONFLICT, and nothing of it is kept',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await storage.append(epoch, 1, batchOf([bytesOf(1), bytesOf(2)]))
      for (const firstSeq of [0, 1, 2, 4]) {
        await rejectsWith('CONFLICT', () => storage.append(epoch, firstSeq, batchOf([bytesOf(9)])), `append at ${firstSeq}`)
      }
      await storage.append(epoch, 3, batchOf([bytesOf(3)]))
      await expectContents(world, { steps: [1, 2, 3].map((mark) => bytesOf(mark)), lastSeq: 3 }, 'after the conflicts')
    },
  },
  {
    name: 'an append cut by a crash is kept whole or not at all',
    async run(world) {
      const before = [bytesOf(1)]
      const after = [bytesOf(1), bytesOf(2, 3000), bytesOf(3, 70_000)]
      for (let moment = 0; ; moment++) {
        const { storage, epoch } = await opened(world)
        // Each round starts from the same store: one step, whatever the round before left.
        await storage.checkpoint(epoch, { ...checkpointOf(moment * 10, []), drop: [] })
        await storage.append(epoch, moment * 10 + 1, batchOf(before))
        const crashed = await world.crashDuring(moment, () => storage.append(epoch, moment * 10 + 2, batchOf(after.slice(1))))
        if (!crashed) return equal(moment > 0, true, 'at least one append was cut by a crash')
        const found = await contents(world, moment * 10)
        const complete = found.lastSeq === moment * 10 + 3
        equal(found.steps, complete ? after : before, `steps after a crash at moment ${moment} of an append`)
        await found.storage.append(found.epoch, found.lastSeq + 1, batchOf([bytesOf(8)]))
        await found.storage.close()
      }
    },
  },
  {
    name: 'an append without steps writes nothing, and tells whether this writer is still the writer',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await storage.append(epoch, 1, batchOf([bytesOf(1)]))
      await storage.append(epoch, 2, batchOf([]))
      await rejectsWith('CONFLICT', () => storage.append(epoch, 3, batchOf([])), 'an empty append beyond the next seq')
      const later = await opened(world)
      await rejectsWith('FENCED', () => storage.append(epoch, 2, batchOf([])), 'an empty append by a fenced writer')
      await later.storage.append(later.epoch, 2, batchOf([bytesOf(2)]))
      await expectContents(world, { steps: [bytesOf(1), bytesOf(2)] }, 'after empty appends')
    },
  },
  {
    name: 'a record of several steps counts as so many, and comes back whole for any of them that is asked for',
    async run(world) {
      const { storage, epoch } = await opened(world)
      const [three, two] = [{ steps: 3, record: bytesOf(1, 40) }, { steps: 2, record: bytesOf(2, 50) }]
      await storage.append(epoch, 1, batchOf([three, bytesOf(4)]))
      await rejectsWith('CONFLICT', () => storage.append(epoch, 3, batchOf([bytesOf(9)])), 'append at 3')
      await storage.append(epoch, 5, batchOf([two, two]))
      await world.crash()
      const all = [three.record, bytesOf(4), two.record, two.record]
      for (const [after, missing] of [[0, 0], [2, 0], [3, 1], [4, 2], [5, 2], [6, 3], [7, 3], [8, 4]] as const) {
        await expectContents(world, { lastSeq: 8, steps: all.slice(missing) }, `steps after ${after}`, after)
      }
      const found = await opened(world)
      await found.storage.checkpoint(found.epoch, checkpointOf(6))
      await expectContents(world, { lastSeq: 8, steps: [two.record] }, 'steps after a checkpoint of step 6', 6)
    },
  },
  {
    name: 'a step is kept without the buffer that it is a view of, which may be used again, and an empty one comes back empty',
    async run(world) {
      const { storage, epoch } = await opened(world)
      const buffer = new Uint8Array(4096).fill(0xee)
      buffer.set(bytesOf(1), 100)
      const [packed = buffer] = batchOf([bytesOf(1), new Uint8Array(0)]).parts
      buffer.set(packed, 200)
      await storage.append(epoch, 1, { count: 2, parts: [buffer.subarray(200, 200 + packed.length)] })
      buffer.fill(0xee, 200)
      await storage.checkpoint(epoch, {
        manifest: buffer.subarray(100, 105),
        baseSeq: 0,
        add: [{ id: 1, bytes: buffer.subarray(100, 105) }, { id: 2, bytes: new Uint8Array(0) }],
        drop: [],
      })
      buffer.fill(0xee)
      const chunks = [{ id: 1, bytes: bytesOf(1) }, { id: 2, bytes: new Uint8Array(0) }]
      await expectContents(world, { manifest: bytesOf(1), steps: [bytesOf(1), new Uint8Array(0)], chunks }, 'views')
    },
  },
]

const checkpointing: Case[] = [
  {
    name: 'a checkpoint that resolved survives a crash, with the steps after its base',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await storage.append(epoch, 1, batchOf([bytesOf(1), bytesOf(2)]))
      await storage.append(epoch, 3, batchOf([bytesOf(3), bytesOf(4)]))
      await storage.checkpoint(epoch, checkpointOf(3, [10, 11]))
      await storage.append(epoch, 5, batchOf([bytesOf(5)]))
      await world.crash()
      const chunks = [10, 11].map((id) => ({ id, bytes: bytesOf(id) }))
      const steps = [bytesOf(4), bytesOf(5)]
      await expectContents(world, { manifest: bytesOf(103), lastSeq: 5, chunks, steps }, 'after the crash', 3)
    },
  },
  {
    name: 'a checkpoint drops and replaces chunks',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await storage.checkpoint(epoch, checkpointOf(0, [1, 2, 3]))
      await storage.checkpoint(epoch, { ...checkpointOf(0, [4], [1, 3, 99]), manifest: bytesOf(7) })
      await world.crash()
      const chunks = [2, 4].map((id) => ({ id, bytes: bytesOf(id) }))
      await expectContents(world, { manifest: bytesOf(7), chunks }, 'after two checkpoints')
    },
  },
  {
    name: 'a checkpoint cut by a crash is in place whole or not at all',
    async run(world) {
      for (let moment = 0; ; moment++) {
        const base = moment * 10
        const { storage, epoch } = await opened(world)
        const kept = (await collect(storage.chunks())).map((chunk) => chunk.id)
        await storage.checkpoint(epoch, checkpointOf(base, [base + 1, base + 2], kept))
        await storage.append(epoch, base + 1, batchOf([bytesOf(1), bytesOf(2)]))
        await storage.append(epoch, base + 3, batchOf([bytesOf(3)]))
        const next = checkpointOf(base + 2, [base + 3, base + 4], [base + 1])
        const crashed = await world.crashDuring(moment, () => storage.checkpoint(epoch, next))
        if (!crashed) return equal(moment > 0, true, 'at least one checkpoint was cut by a crash')
        const found = await contents(world)
        const swapped = found.manifest !== null && found.manifest[0] === next.manifest[0]
        const expected = swapped ? [base + 2, base + 3, base + 4] : [base + 1, base + 2]
        const when = `after a crash at moment ${moment} of a checkpoint that is ${swapped ? '' : 'not '}in place`
        equal(found.chunks.map((chunk) => chunk.id), expected, `chunks ${when}`)
        equal(found.chunks.map((chunk) => chunk.bytes), expected.map((id) => bytesOf(id)), `bytes of chunks ${when}`)
        equal(found.manifest, bytesOf(100 + base + (swapped ? 2 : 0)), `manifest ${when}`)
        const steps = await collect(found.storage.readAfter(base + (swapped ? 2 : 0)))
        equal(steps, (swapped ? [3] : [1, 2, 3]).map((mark) => bytesOf(mark)), `steps ${when}`)
        equal(found.lastSeq, base + 3, `last seq ${when}`)
        await found.storage.close()
      }
    },
  },
  {
    name: 'a checkpoint may be ahead of the journal, and never behind the last checkpoint',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await storage.append(epoch, 1, batchOf([bytesOf(1)]))
      await storage.checkpoint(epoch, checkpointOf(50))
      await rejectsWith('CONFLICT', () => storage.append(epoch, 2, batchOf([bytesOf(2)])), 'append under the base')
      await rejectsWith('CONFLICT', () => storage.checkpoint(epoch, checkpointOf(49)), 'checkpoint behind the last')
      await storage.append(epoch, 51, batchOf([bytesOf(51)]))
      await world.crash()
      const chunks = [{ id: 50, bytes: bytesOf(50) }]
      await expectContents(world, { manifest: bytesOf(150), lastSeq: 51, chunks, steps: [bytesOf(51)] }, 'contents', 50)
    },
  },
]

const fencing: Case[] = [
  {
    name: 'a writer whose store was opened by another is refused as FENCED, and nothing of what it sends is kept',
    async run(world) {
      const old = await opened(world)
      await old.storage.append(old.epoch, 1, batchOf([bytesOf(1)]))
      await old.storage.checkpoint(old.epoch, checkpointOf(0, [1]))
      const current = await opened(world)
      await rejectsWith('FENCED', () => old.storage.append(old.epoch, 2, batchOf([bytesOf(66)])), 'append by the old writer')
      await rejectsWith('FENCED', () => old.storage.checkpoint(old.epoch, checkpointOf(1, [66], [1])), 'checkpoint by the old')
      await rejectsWith('FENCED', () => current.storage.append(old.epoch, 2, batchOf([bytesOf(66)])), 'append under an old epoch')
      await current.storage.append(current.epoch, 2, batchOf([bytesOf(2)]))
      await current.storage.checkpoint(current.epoch, checkpointOf(1, [2], [1]))
      await rejectsWith('FENCED', () => old.storage.append(old.epoch, 3, batchOf([bytesOf(66)])), 'a later append by the old writer')
      await world.crash()
      const chunks = [{ id: 2, bytes: bytesOf(2) }]
      await expectContents(world, { manifest: bytesOf(101), lastSeq: 2, chunks, steps: [bytesOf(2)] }, 'contents', 1)
    },
  },
  {
    name: 'a store that was deleted is told as WIPED, and is not made again by a write',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await storage.append(epoch, 1, batchOf([bytesOf(1)]))
      await world.wipe()
      await rejectsWith('WIPED', () => storage.append(epoch, 2, batchOf([bytesOf(2)])), 'append')
      await rejectsWith('WIPED', () => storage.checkpoint(epoch, checkpointOf(1)), 'checkpoint')
      await rejectsWith('WIPED', () => storage.append(epoch, 2, batchOf([bytesOf(2)])), 'a second append')
      const found = await contents(world)
      equal([found.epoch, found.manifest, found.lastSeq, found.steps], [1, null, 0, []], 'the store made after the wipe')
      // Same epoch, same next seq: only the store's id tells the two writers apart.
      await rejectsWith('WIPED', () => storage.append(epoch, 1, batchOf([bytesOf(3)])), 'append to the store made after the wipe')
      await found.storage.append(found.epoch, 1, batchOf([bytesOf(4)]))
      await expectContents(world, { steps: [bytesOf(4)] }, 'the new store')
    },
  },
  {
    name: 'a writer that was told WIPED may open the store anew',
    async run(world) {
      const { storage, epoch } = await opened(world)
      await world.wipe()
      await rejectsWith('WIPED', () => storage.append(epoch, 1, batchOf([bytesOf(1)])), 'append')
      const again = await storage.open()
      equal([again.epoch, again.lastSeq], [1, 0], 'the new store')
      await storage.checkpoint(again.epoch, checkpointOf(7))
      await expectContents(world, { manifest: bytesOf(107), lastSeq: 7 }, 'the rewritten store', 7)
    },
  },
  {
    name: 'a writer that opens again as who it was goes on, unless it was fenced or the store deleted meanwhile',
    async run(world) {
      const storage = world.connect()
      const first = await storage.open()
      await storage.append(first.epoch, 1, batchOf([bytesOf(1)]))
      const second = await storage.open(first)
      equal([second.epoch, second.lastSeq, second.storeId], [2, 1, first.storeId], 'opened again')
      await storage.append(second.epoch, 2, batchOf([bytesOf(2)]))
      const other = await opened(world)
      await rejectsWith('FENCED', () => storage.open(second), 'opening again after another writer')
      await other.storage.append(other.epoch, 3, batchOf([bytesOf(3)]))
      await world.wipe()
      await rejectsWith('WIPED', () => other.storage.open({ storeId: first.storeId, epoch: other.epoch }), 'after a wipe')
      equal((await contents(world)).epoch, 1, 'the epoch of the store that is made after that')
    },
  },
  {
    // A connection died after its commit: the epoch was raised, nobody was told, and the writer fenced itself.
    name: 'an opening whose answer was lost is made again by who made it, and by nobody else',
    async run(world) {
      const storage = world.connect()
      const first = await storage.open()
      await storage.open(first)
      await rejectsWith('FENCED', () => world.connect().open(first), 'opening by another storage')
      const third = await storage.open(first)
      equal([third.epoch > first.epoch, third.storeId], [true, first.storeId], 'opened once more')
      await storage.append(third.epoch, 1, batchOf([bytesOf(1)]))
      await opened(world)
      await rejectsWith('FENCED', () => storage.open(first), 'opening after another writer')
    },
  },
  {
    name: 'others are told of a write, until they ask no longer',
    async run(world) {
      const listener = await opened(world)
      let calls = 0
      const stop = listener.storage.notify(() => void calls++)
      await opened(world)
      const deadline = Date.now() + 5000
      while (world.notifies && calls === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
      equal(calls > 0, world.notifies, 'was told')
      stop()
      const before = calls
      await opened(world)
      await new Promise((resolve) => setTimeout(resolve, 50))
      equal(calls, before, 'calls after the listening ended')
    },
  },
]

const sizes: Case[] = [
  {
    name: 'large chunks and steps come back whole',
    async run(world) {
      const { storage, epoch } = await opened(world)
      const large = bytesOf(5, Math.min(3_000_000, storage.maxValueBytes - 4))
      const steps = [127, 128, 129].map((kib) => bytesOf(kib, kib * 1024))
      await storage.append(epoch, 1, batchOf(steps))
      await storage.append(epoch, 4, batchOf([large]))
      const manifest = bytesOf(6, 300_000)
      await storage.checkpoint(epoch, { manifest, baseSeq: 0, add: [{ id: 1, bytes: large }], drop: [] })
      await world.crash()
      await expectContents(world, { manifest, chunks: [{ id: 1, bytes: large }], steps: [...steps, large] }, 'large values')
    },
  },
  {
    name: 'what is larger than maxValueBytes is refused as TOOBIG, and nothing of it is kept',
    async run(world) {
      const { storage, epoch } = await opened(world)
      const large = new Uint8Array(storage.maxValueBytes + 1)
      const add = [{ id: 1, bytes: bytesOf(1) }, { id: 2, bytes: large }]
      await rejectsWith('TOOBIG', () => storage.append(epoch, 1, batchOf([bytesOf(1), large])), 'append')
      await rejectsWith('TOOBIG', () => storage.checkpoint(epoch, { ...checkpointOf(1), add }), 'checkpoint')
      await storage.append(epoch, 1, batchOf([bytesOf(1)]))
      await expectContents(world, { manifest: null, chunks: [], steps: [bytesOf(1)] }, 'contents')
    },
  },
]

/** A generator of repeatable numbers in [0, 1): mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const histories: Case[] = [1, 2, 3, 4].map((seed) => ({
  name: `a random history of appends, checkpoints, crashes and openings leaves what it should (seed ${seed})`,
  async run(world) {
    const random = randomFrom(seed)
    const upTo = (limit: number): number => Math.floor(random() * limit)
    // The model: what must be there.
    let manifest: Uint8Array | null = null
    let base = 0
    const chunks = new Map<ChunkId, Uint8Array>()
    const steps: Uint8Array[] = []
    let nextChunk = 0

    let { storage, epoch } = await opened(world)
    for (let turn = 0; turn < 60; turn++) {
      const last = base + steps.length
      const kind = random()
      if (kind < 0.6) {
        const more = Array.from({ length: 1 + upTo(4) }, () => bytesOf(upTo(256), upTo(400)))
        await storage.append(epoch, last + 1, batchOf(more))
        steps.push(...more)
      } else if (kind < 0.75) {
        const newBase = base + upTo(steps.length + 1)
        const add = Array.from({ length: upTo(3) }, () => ({ id: nextChunk++, bytes: bytesOf(upTo(256), upTo(2000)) }))
        const drop = [...chunks.keys()].filter(() => random() < 0.3)
        manifest = bytesOf(turn, 40)
        await storage.checkpoint(epoch, { manifest, baseSeq: newBase, add, drop })
        for (const id of drop) chunks.delete(id)
        for (const { id, bytes } of add) chunks.set(id, bytes)
        steps.splice(0, newBase - base)
        base = newBase
      } else {
        if (kind < 0.9) await world.crash()
        else await storage.close()
        const found = await contents(world, base)
        const expected = [...chunks].map(([id, bytes]) => ({ id, bytes })).sort((one, other) => one.id - other.id)
        const { lastSeq } = found
        equal({ manifest: found.manifest, lastSeq, chunks: found.chunks, steps: found.steps },
          { manifest, lastSeq: last, chunks: expected, steps }, `contents at turn ${turn}`)
        storage = found.storage
        epoch = found.epoch
      }
    }
  },
}))

export const cases: readonly Case[] = [
  ...opening, ...appending, ...checkpointing, ...fencing, ...sizes, ...histories,
]
