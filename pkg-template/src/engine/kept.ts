// What those who keep a store ask of its instance: steps, snapshots, and what is restored of them. Loaded with them.

import type { LostChunks } from '../committer.js'
import { NookError } from '../errors.js'
import { decodeText } from '../resp.js'
import type { Batch } from '../storage/batch.js'
import type { EngineInstance } from './instance.js'

/** What a slice of a snapshot came to, as src/wasm/keep.rs has it. */
const enum SnapshotSlice {
  Walked = 0,
  Chunk = 1,
}

/** The number of the last step. */
export function seq(instance: EngineInstance): number {
  return instance.enter((exports, engine) => exports.instance_seq(engine))
}

/** The records of the steps since the last time, lent: they lie in the engine's memory until it is entered again. */
export function takeSteps(instance: EngineInstance, epoch: number): Batch {
  const count = instance.enter((exports, engine) => exports.instance_take_steps(engine, epoch) >>> 0)
  return { count, parts: [instance.answerBytes()] }
}

/** Starts a snapshot of now, and gives the last step in it. */
export function beginSnapshot(instance: EngineInstance, storeId: Uint8Array, epoch: number, firstChunkId: number): number {
  return instance.enter((exports, engine) => exports.instance_snapshot_begin(engine, Date.now(), epoch, firstChunkId), [storeId])
}

/** Goes on by a slice: gives the chunk that it finished, undefined where there is none yet, null at the end. */
export function nextChunk(instance: EngineInstance, partBytes: number): Uint8Array<ArrayBuffer> | undefined | null {
  const slice = instance.enter((exports, engine) => exports.instance_snapshot_next(engine, partBytes))
  if (slice === SnapshotSlice.Walked) return undefined
  return slice === SnapshotSlice.Chunk ? instance.answerBytes().slice() : null
}

/** The manifest of the snapshot whose last chunk was given. */
export function manifest(instance: EngineInstance): Uint8Array<ArrayBuffer> {
  instance.enter((exports, engine) => exports.instance_snapshot_manifest(engine))
  return instance.answerBytes().slice()
}

export function abandonSnapshot(instance: EngineInstance): void {
  instance.enter((exports, engine) => exports.instance_snapshot_abandon(engine))
}

/** @throws DAMAGED, also where it is the manifest of another store */
export function loadManifest(instance: EngineInstance, storeId: Uint8Array, bytes: Uint8Array): void {
  instance.load((exports, engine) => exports.instance_load_manifest(engine), [storeId, bytes])
}

export function loadChunk(instance: EngineInstance, id: number, bytes: Uint8Array): void {
  instance.enter((exports, engine) => exports.instance_load_chunk(engine, id), [bytes])
}

/** Ends the loading of chunks; tells what could not be loaded. @throws UNSUPPORTED where they hold what this engine does not know */
export function finishChunks(instance: EngineInstance): LostChunks {
  const answer = instance.read(instance.enter((exports, engine) => exports.instance_load_finish(engine)), true)
  if (answer instanceof NookError) throw answer
  const [chunks = [], keys = 0, names = []] = answer as unknown as [number[], number, Uint8Array<ArrayBuffer>[]]
  return { chunks, keys, names: names.map((name) => decodeText(name, 0, name.length)) }
}

/** @throws DAMAGED; UNSUPPORTED where a step has a command that this engine does not know */
export function loadRecord(instance: EngineInstance, record: Uint8Array): void {
  instance.load((exports, engine) => exports.instance_load_record(engine), [record])
}
