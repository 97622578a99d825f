// A store in a directory, for Node:
//
//   writer                      who may write: store id, epoch, and a token of the writer's own
//   head.<epoch>                what is in the store (file-head.ts), replaced by a rename
//   journal.<epoch>.<n>         frames of steps (segment.ts)
//   journal.<epoch>.<n>.cut     one that somebody has cut off where it is damaged: what followed on it is given up
//   chunk.<epoch>.<n>           the bytes of a chunk
//   claim.<epoch>               empty, and there while a storage opens the store: no other may take its epoch
//
// A file system has no transactions. A checkpoint is one here because everything it adds goes to files that are new, and one rename
// makes them count. A fenced writer does no harm because all that it writes to carries its epoch: `writer` is replaced first, and
// only then does its successor look at what there is. A write is acknowledged when `writer` still is the same AFTER its sync.
//
// A store has one id: of storages that find no `writer` one makes it, by a link, which replaces nothing, and the others find that one.
//
// No two writers have the same epoch, and of two the later has the higher: each claims its own, and where it finds a higher one after it
// has replaced `writer`, it claims another above that. So the head of the highest epoch is the one that counts, whoever came late.

import { dirname, join, resolve } from 'node:path'
import { NookError } from '../errors.js'
import { lengthOf, NO_STEPS, recordsAfter, type Batch } from './batch.js'
import { decodeHead, encodeHead, type FileHead, type SealedSegment } from './file-head.js'
import { hasCode, isOfSystem, makeDirectories, nodeFileSystem, type FileSystem } from './file-system.js'
import { Line } from './line.js'
import {
  afterAppend, afterCheckpoint, closed, FORMAT, newId, raiseEpoch, requireRoom, requireWriter, wiped, type Head,
} from './rules.js'
import { encodeFrame, framesOf, hasFrameAfter, isTorn, requireKnownFrame } from './segment.js'
import { storageError, type Checkpoint, type Chunk, type Estimate, type Identity, type Opened, type Storage } from './storage.js'

const WRITER = 'writer'

/** Nothing is appended to a segment that would make it longer than this, if it has anything: an opening holds one whole, and Node reads no
 *  file of 2 GiB and more in one go. */
const SEGMENT_BYTES = 2 ** 26

/** What carries an epoch in its name. Of others, such as the copies that somebody makes before a file is cut off, nothing is removed. */
const WITH_EPOCH = /^(?:head|journal|chunk|claim)\.(\d+)(?:\.[\da-f]+)?$/

/** Ends the name of a journal that was sealed, and that is to be read as it is, whatever its seal says. */
const CUT = '.cut'

/** The directories where a write has failed, since they were last opened, in a way that leaves open what of it is on the disk. It is
 *  the system that takes it for written, so that this concerns whoever opens the store next. */
const mistrusted = new WeakMap<FileSystem, Set<string>>()

/** Ends the name of a directory that is being deleted. No store has a name with a '~'. */
const DELETED = '~deleted'

interface Writer {
  /** That of the store (rules.ts). It stands in this file, whatever else comes to be different. */
  readonly format: number
  readonly storeId: string
  readonly epoch: number
  /** Of the storage: its epoch is raised each time that it opens the store, and this stays. */
  readonly token: string
}

/** What an open storage knows of its directory. It is the only one that writes there, so it need not look again. */
interface State {
  readonly writer: Writer
  head: FileHead
  manifest: Uint8Array | null
  lastSeq: number
  /** Length of the growing segment, of which every byte is acknowledged. */
  growingBytes: number
  /** For names of files, with the epoch. */
  nextFile: number
  /** A write failed halfway and could not be taken back: only opening anew tells what is kept. */
  broken: unknown
}

/** Of a journal. */
interface Damage {
  readonly file: string
  /** Where it begins; null where the file is not there. */
  readonly at: number | null
  /** How long the file is, or was. */
  readonly of: number
  /** Of what is before the damage. */
  readonly lastSeq: number
}

export class FileStorage implements Storage {
  /** A quarter of the 4 GiB that a frame can say, and what Node reads in one go with room to spare. */
  readonly maxValueBytes = 2 ** 30
  readonly #directory: string
  readonly #files: FileSystem
  readonly #token = newId()
  readonly #line = new Line()
  #state: State | null = null

  constructor(directory: string, files: FileSystem = nodeFileSystem) {
    this.#directory = directory
    this.#files = files
  }

  open(last?: Identity, isHeld = false): Promise<Opened> {
    return this.#line.run(async () => {
      this.#state = null
      try {
        return await this.#open(last, isHeld)
      } catch (error) {
        throw translated(error)
      }
    })
  }

  async *chunks(): AsyncIterable<Chunk> {
    for (const [id, file] of this.#require().head.chunks) {
      const bytes = await this.#files.read(this.#path(file))
      if (bytes !== null) yield { id, bytes }
    }
  }

  async *readAfter(seq: number): AsyncIterable<Uint8Array> {
    const state = this.#require()
    for (const segment of segmentsOf(state).filter(({ lastSeq }) => lastSeq > seq)) {
      for (const frame of await this.#frames(state, segment)) {
        if (frame.lastSeq > seq) yield* recordsAfter(seq, frame.lastSeq, frame.batch)
      }
    }
  }

  append(epoch: number, firstSeq: number, steps: Batch): Promise<void> {
    return this.#write(epoch, async (state, found) => {
      requireRoom(this.maxValueBytes, steps)
      const { lastSeq } = afterAppend(found, firstSeq, steps.count)
      if (steps.count === 0) return
      const frame = encodeFrame(lastSeq, steps)
      if (state.growingBytes + lengthOf(frame) > SEGMENT_BYTES) await this.#beginSegment(state)
      await this.#appendFrame(state, frame)
      await this.#requireToken(state)
      state.growingBytes += lengthOf(frame)
      state.lastSeq = lastSeq
    })
  }

  checkpoint(epoch: number, checkpoint: Checkpoint): Promise<void> {
    return this.#write(epoch, async (state, found) => {
      requireRoom(this.maxValueBytes, NO_STEPS, checkpoint.add)
      const { baseSeq, lastSeq } = afterCheckpoint(found, checkpoint)
      const before = state.head
      const sealed = segmentsOf(state).filter((segment) => segment.lastSeq > baseSeq)
      const growing = state.growingBytes > 0 ? newName(state, 'journal') : before.growing
      const added = checkpoint.add.map(({ id, bytes }) => ({ id, bytes, file: newName(state, 'chunk') }))
      const chunks = new Map(before.chunks)
      for (const id of checkpoint.drop) chunks.delete(id)
      for (const { id, file } of added) chunks.set(id, file)
      const head: FileHead = { format: FORMAT, baseSeq, chunks: [...chunks], sealed, growing, hasManifest: true }
      await this.#unlessFull(
        async () => {
          for (const { file, bytes } of added) await this.#files.write(this.#path(file), [bytes])
        },
        () => this.#removeFiles(added.map(({ file }) => file)),
      )
      // Before the rename: a disk may keep the later of two names and lose the earlier.
      await this.#files.syncDirectory(this.#directory)
      // A copy, as the caller may use its bytes again.
      const manifest = checkpoint.manifest.slice()
      await this.#replaceHead(state, head, manifest)
      await this.#requireToken(state)
      if (growing !== before.growing) state.growingBytes = 0
      state.head = head
      state.manifest = manifest
      state.lastSeq = lastSeq
      await this.#removeFiles(filesOf(before).filter((file) => !filesOf(head).includes(file)))
    })
  }

  /** Of another writer opening the store, which is when this one is fenced. */
  notify(onChange: () => void): () => void {
    return this.#files.watch(this.#directory, (name) => {
      if (name === WRITER) onChange()
    })
  }

  async estimate(): Promise<Estimate> {
    const { usedBytes, freeBytes } = await this.#files.usage(this.#directory)
    return { usedBytes, quotaBytes: usedBytes + freeBytes }
  }

  /** Nobody deletes files behind their owner's back. */
  async persist(): Promise<boolean> {
    return true
  }

  close(): Promise<void> {
    return this.#line.run(async () => {
      this.#state = null
    })
  }

  /** Fences everybody else, then looks at what there is, then says under its own epoch what counts. */
  async #open(last: Identity | undefined, isHeld: boolean): Promise<Opened> {
    await makeDirectories(this.#files, this.#directory)
    await this.#files.syncDirectory(dirname(this.#directory))
    const { writer, names } = await this.#fence(last)
    try {
      return await this.#takeOver(writer, names, isHeld)
    } catch (error) {
      if (!(error instanceof NookError)) this.#mistrust()
      // Whoever came after has removed what this one was looking for: that is no damage.
      await this.#requireToken({ writer })
      throw error
    }
  }

  async #takeOver(writer: Writer, names: string[], isHeld: boolean): Promise<Opened> {
    const { epoch, storeId } = writer
    const { head: found, manifest } = await this.#newestHead(names)
    const newest = isHeld ? found : await this.#asCut(found, names)
    const cutSteps = Math.max(0, lastSeqOf(found) - lastSeqOf(newest))
    const copy = this.#mistrusted.has(resolve(this.#directory)) ? `journal.${epoch}.1` : null
    const { grown, tornBytes } = await this.#sealTail(newest, copy, isHeld)
    const sealed = grown === null ? newest.sealed : [...newest.sealed, grown]
    const head: FileHead = { ...newest, format: FORMAT, sealed, growing: `journal.${epoch}.0` }
    const lastSeq = lastSeqOf(head)
    const state: State = { writer, head, manifest, lastSeq, growingBytes: 0, nextFile: copy === null ? 1 : 2, broken: null }
    await this.#replaceHead(state, head, manifest)
    await this.#requireToken(state)
    const kept = new Set([WRITER, headName(epoch), ...filesOf(head)])
    // Another one that is about to put its writer in place has claimed an epoch: what it puts there it still needs.
    const isAlone = !names.some((name) => name.startsWith('claim.') && name !== claimName(epoch))
    const isOurs = (name: string): boolean => WITH_EPOCH.test(name) || (isAlone && name.startsWith(`${WRITER}.`))
    await this.#removeFiles(names.filter((name) => isOurs(name) && !kept.has(name)))
    this.#state = state
    this.#mistrusted.delete(resolve(this.#directory))
    return { manifest, epoch, lastSeq, storeId, tornBytes, cutSteps }
  }

  /** Puts a writer of its own in place, and gives the names that were there after that.
   *  @throws UNSUPPORTED, FENCED, WIPED; DAMAGED */
  async #fence(last: Identity | undefined): Promise<{ writer: Writer; names: string[] }> {
    // Before the writer is read: a store that is made in between has one.
    const before = await this.#files.list(this.#directory)
    const found = await this.#readWriter()
    const orphan = before.find((name) => /^(head|journal|chunk)\./.test(name))
    if (found === null && orphan !== undefined) throw hopeless(`${this.#path(orphan)} is there without a writer`)
    const raised = raiseEpoch(found === null ? undefined : { ...found, lastSeq: 0, baseSeq: 0 }, last, this.#token)
    let epoch = await this.#claim(Math.max(raised.epoch, newestEpoch(before) + 1))
    for (let isFirst = found === null; ; isFirst = false) {
      const writer: Writer = { format: FORMAT, storeId: raised.storeId, epoch, token: raised.token }
      if (!(await this.#replace(WRITER, Buffer.from(JSON.stringify(writer)), writer.token, isFirst))) return this.#fence(last)
      // Not before: another writer may have come and gone, and have been told that its steps are kept.
      const names = await this.#files.list(this.#directory)
      const newest = newestEpoch(names.filter((name) => name !== claimName(epoch)))
      if (newest < epoch) return { writer, names }
      if (last !== undefined) throw storageError('FENCED', `the store has been opened under epoch ${newest}`)
      // Of two that overtake each other, the one goes on whose writer is there.
      await this.#requireToken({ writer })
      epoch = await this.#claim(newest + 1)
    }
  }

  /** Takes the first epoch from `epoch` on that nobody has taken. */
  async #claim(epoch: number): Promise<number> {
    while (!(await this.#files.create(this.#path(claimName(epoch))))) epoch++
    return epoch
  }

  /** @throws DAMAGED */
  async #newestHead(names: string[]): Promise<{ head: FileHead; manifest: Uint8Array | null }> {
    const epochs = names.map((name) => Number(/^head\.(\d+)$/.exec(name)?.[1] ?? 0))
    const newest = headName(Math.max(0, ...epochs))
    const bytes = await this.#files.read(this.#path(newest))
    if (bytes === null) {
      const orphan = names.find((name) => /^(journal|chunk)\./.test(name))
      if (orphan !== undefined) throw hopeless(`${this.#path(orphan)} is there, and the head is not`)
      const head: FileHead = { format: FORMAT, baseSeq: 0, chunks: [], sealed: [], growing: 'journal.0.0', hasManifest: false }
      return { head, manifest: null }
    }
    const decoded = decodeHead(bytes)
    if (decoded === null) throw hopeless(`${this.#path(newest)} is not what was written there`)
    return decoded
  }

  /** What the head says where somebody has done what `#damaged` asks for: nothing but what is before the cut. That it is the name that
   *  tells so, and not the length, is for a file that has lost its end: such a one may end with a whole frame, too.
   *  @throws DAMAGED where not all of that was done */
  async #asCut(head: FileHead, names: string[]): Promise<FileHead> {
    const journals = journalsOf(head)
    const index = journals.findIndex((file) => names.includes(file + CUT))
    if (index === -1) return head
    const file = `${journals[index]}${CUT}`
    const left = journals.slice(index).filter((name) => names.includes(name))
    if (left.length > 0) throw storageError('DAMAGED', `${this.#path(file)} takes the place of ${left.join(', ')}: ${moveAway(left)}`)
    const before = { ...head, sealed: head.sealed.slice(0, index) }
    const segment = (await this.#files.read(this.#path(file))) ?? new Uint8Array(0)
    const { bytes, lastSeq } = readable(segment, lastSeqOf(before))
    if (bytes < segment.length) throw await this.#damaged(head, { file, at: bytes, of: segment.length, lastSeq })
    if (bytes === 0) return before
    // Who has made it may not have synced it.
    await this.#files.append(this.#path(file), [])
    await this.#files.syncDirectory(this.#directory)
    return { ...before, sealed: [...before.sealed, { file, bytes, lastSeq }] }
  }

  /** That a journal is damaged, and what opens the store with the steps before that. One that was sealed gets another name, and what
   *  follows on it cannot be applied any more: to give that up is left to somebody who knows of it. */
  async #damaged(head: FileHead, { file, at, of, lastSeq }: Damage): Promise<NookError> {
    const names = await this.#files.list(this.#directory)
    const journals = journalsOf(head)
    const isSealed = head.sealed.some((segment) => segment.file === file)
    const later = isSealed ? journals.slice(journals.indexOf(file) + 1).filter((name) => names.includes(name)) : []
    const kept = isSealed ? ` of ${lastSeqOf(head)}` : ''
    const todo = [at === null ? `put an empty file there as ${file}${CUT}` : `cut that file off there, to ${at} bytes`]
    if (isSealed && at !== null) todo.push(`rename it to ${file}${CUT}`)
    if (later.length > 0) todo.push(moveAway(later))
    const what = at === null ? 'is missing' : `is damaged at byte ${at} of ${of}`
    const steps = `the steps up to ${Math.max(head.baseSeq, lastSeq)}${kept} can be read`
    return storageError('DAMAGED', `${this.#path(file)} ${what}: ${steps}; to open the store with these alone, ${todo.join(', and ')}`)
  }

  /** What of the segment that grew under the last writer counts, null when that is nothing, and how much behind that a crash has torn. What
   *  counts is on the disk then: a writer that was killed may not have come to its sync, and what the next one appends would stand behind a
   *  gap after a power cut.
   *  @param copy  where to put it, if it cannot be synced where it is: of what a failed sync did not write the system takes no note
   *  @param isHeld  the caller has in memory what cannot be read: nothing is damaged then
   *  @throws DAMAGED when more than its last frame is torn, or that was not torn by a crash */
  async #sealTail(head: FileHead, copy: string | null, isHeld: boolean): Promise<{ grown: SealedSegment | null; tornBytes: number }> {
    const file = head.growing
    const segment = await this.#files.read(this.#path(file))
    if (segment === null) return { grown: null, tornBytes: 0 }
    const { bytes, lastSeq } = readable(segment, lastSeqOf(head))
    requireKnownFrame(segment, bytes)
    if (bytes < segment.length && !isHeld && (hasFrameAfter(segment, bytes, lastSeq) || !isTorn(segment, bytes))) {
      throw await this.#damaged(head, { file, at: bytes, of: segment.length, lastSeq })
    }
    const tornBytes = segment.length - bytes
    if (bytes === 0) return { grown: null, tornBytes }
    if (copy === null) await this.#files.append(this.#path(file), [])
    else await this.#files.write(this.#path(copy), [segment.subarray(0, bytes)])
    return { grown: { file: copy ?? file, bytes, lastSeq }, tornBytes }
  }

  /** @throws DAMAGED when not all of the segment can be read */
  async #frames(state: State, { file, bytes }: SealedSegment): Promise<Iterable<{ lastSeq: number; batch: Uint8Array }>> {
    const segment = await this.#files.read(this.#path(file))
    const frames = [...framesOf(segment?.subarray(0, bytes) ?? new Uint8Array(0))]
    const at = frames.at(-1)?.endsAt ?? 0
    if (at === bytes) return frames
    const segments = segmentsOf(state)
    const before = segments[segments.findIndex((one) => one.file === file) - 1]
    const lastSeq = frames.at(-1)?.lastSeq ?? before?.lastSeq ?? 0
    throw await this.#damaged(state.head, { file, at: segment === null ? null : at, of: bytes, lastSeq })
  }

  #write(epoch: number, body: (state: State, found: Head) => Promise<void>): Promise<void> {
    return this.#line.run(async () => {
      const state = this.#require()
      if (state.broken !== null) throw storageError('IO', 'an earlier write failed halfway; open the store anew', state.broken)
      try {
        await this.#requireToken(state)
        const { storeId, epoch: own, token } = state.writer
        const head = { storeId, epoch: own, token, lastSeq: state.lastSeq, baseSeq: state.head.baseSeq }
        await body(state, requireWriter(head, storeId, epoch))
      } catch (error) {
        if (error instanceof NookError) throw error
        // A file that should be there is not: either the store was deleted, or this says nothing new.
        if (hasCode(error, 'ENOENT')) await this.#requireToken(state)
        state.broken = error
        this.#mistrust()
        throw translated(error)
      }
    })
  }

  /** Seals the segment that grows, if there is anything in it, and has another one grow. */
  async #beginSegment(state: State): Promise<void> {
    if (state.growingBytes === 0) return
    const head = { ...state.head, sealed: segmentsOf(state), growing: newName(state, 'journal') }
    await this.#replaceHead(state, head, state.manifest)
    state.head = head
    state.growingBytes = 0
  }

  async #appendFrame(state: State, frame: readonly Uint8Array[]): Promise<void> {
    const path = this.#path(state.head.growing)
    const { growingBytes } = state
    const write = (): Promise<void> => (growingBytes > 0 ? this.#files.append : this.#files.write).call(this.#files, path, frame)
    await this.#unlessFull(write, (error) => {
      // All of the frame may be there, and count for a later writer that has read it: what is cut off here is but a part of one.
      if (isOfSystem(error, 'fsync')) throw error
      return growingBytes > 0 ? this.#files.truncate(path, growingBytes) : this.#files.remove(path)
    })
    if (growingBytes === 0) await this.#files.syncDirectory(this.#directory)
  }

  /** Writes, and says QUOTA where the disk is full. Such a disk takes a part of what it is given, which has to go again. */
  async #unlessFull(write: () => Promise<void>, undo: (error: unknown) => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      if (!isFull(error)) throw error
      await undo(error)
      throw translated(error)
    }
  }

  async #replaceHead({ writer: { epoch, token } }: State, head: FileHead, manifest: Uint8Array | null): Promise<void> {
    await this.#replace(headName(epoch), encodeHead(head, manifest), token)
  }

  /** Replaces a file, so that after a crash either the old or the new one is there. Syncs the names of all files beside it.
   *  @param isFirst  to replace none: gives whether none was there */
  async #replace(name: string, bytes: Uint8Array, token: string, isFirst = false): Promise<boolean> {
    const temporary = this.#path(`${name}.${token}`)
    // It may be another name of the file that is to be replaced, where it could not be removed: to write to it would be to write to that.
    await this.#files.remove(temporary)
    await this.#unlessFull(() => this.#files.write(temporary, [bytes]), () => this.#files.remove(temporary))
    let isDone = true
    if (isFirst) {
      isDone = await this.#files.link(temporary, this.#path(name))
      await this.#files.remove(temporary).catch(() => undefined)
    } else await this.#files.rename(temporary, this.#path(name))
    await this.#files.syncDirectory(this.#directory)
    return isDone
  }

  /** @throws WIPED, FENCED when `writer` is not the one that this storage put there */
  async #requireToken({ writer }: Pick<State, 'writer'>): Promise<void> {
    const now = await this.#readWriter()
    if (now === null || now.storeId !== writer.storeId) throw wiped()
    if (now.token !== writer.token) throw storageError('FENCED', `the store has been opened under epoch ${now.epoch}`)
  }

  async #readWriter(): Promise<Writer | null> {
    const bytes = await this.#files.read(this.#path(WRITER))
    if (bytes === null) return null
    try {
      return JSON.parse(Buffer.from(bytes).toString('utf8')) as Writer
    } catch (error) {
      throw hopeless(`${this.#path(WRITER)} is not what was written there`, error)
    }
  }

  /** What nothing refers to. A file that stays behind costs room until the next opening, so failing here is no failure. */
  async #removeFiles(names: string[]): Promise<void> {
    for (const name of names) await this.#files.remove(this.#path(name)).catch(() => undefined)
  }

  get #mistrusted(): Set<string> {
    const directories = mistrusted.get(this.#files) ?? new Set()
    mistrusted.set(this.#files, directories)
    return directories
  }

  #mistrust(): void {
    this.#mistrusted.add(resolve(this.#directory))
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }

  #require(): State {
    if (this.#state === null) throw closed()
    return this.#state
  }
}

/** The names of the stores in a folder: each is a directory with a writer. */
export async function listFiles(folder: string, files: FileSystem = nodeFileSystem): Promise<string[]> {
  const names = (await files.list(folder)).filter((name) => !name.endsWith(DELETED))
  const isStore = await Promise.all(
    names.map(async (name) => (await files.read(join(folder, name, WRITER)).catch(() => null)) !== null),
  )
  return names.filter((_, index) => isStore[index]).sort()
}

/** Deletes a store, under whoever has it open: its writer is told `WIPED`. No store there is no error. */
export async function destroyFiles(directory: string, files: FileSystem = nodeFileSystem): Promise<void> {
  try {
    // Renamed first: a deletion that is cut off leaves no half of a store behind.
    const deleted = directory + DELETED
    await files.remove(deleted)
    await files.rename(directory, deleted)
    await files.syncDirectory(dirname(directory))
    await files.remove(deleted)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw translated(error)
  }
}

/** Whether a failure that stays may be one of the store. Of a disk or a process that is in need a new one would have no less. */
export function isOfFiles({ code }: NookError): boolean {
  return code === 'DAMAGED'
}

function newName(state: State, kind: 'journal' | 'chunk'): string {
  return `${kind}.${state.writer.epoch}.${state.nextFile++}`
}

/** All segments of the journal that have steps, the last one as far as it is acknowledged. */
function segmentsOf({ head, growingBytes, lastSeq }: State): SealedSegment[] {
  const grown = { file: head.growing, bytes: growingBytes, lastSeq }
  return growingBytes > 0 ? [...head.sealed, grown] : [...head.sealed]
}

/** Of the last step that the head knows of: those of the segment that grows come after it. */
function lastSeqOf({ baseSeq, sealed }: FileHead): number {
  return Math.max(baseSeq, sealed.at(-1)?.lastSeq ?? 0)
}

/** In the order of their steps. */
function journalsOf({ sealed, growing }: FileHead): string[] {
  return [...sealed.map(({ file }) => file), growing]
}

/** How far a segment can be read, and the last step of that: the one before it where it has none. */
function readable(segment: Uint8Array, lastSeq: number): { bytes: number; lastSeq: number } {
  let bytes = 0
  for (const frame of framesOf(segment)) {
    lastSeq = frame.lastSeq
    bytes = frame.endsAt
  }
  return { bytes, lastSeq }
}

/** Part of what is asked of somebody who gives up what cannot be read. */
function moveAway(names: readonly string[]): string {
  return `move ${names.join(', ')} out of that folder`
}

/** What is damaged is the one thing that tells what the rest is. */
function hopeless(what: string, cause?: unknown): NookError {
  const wayOut = 'restore its folder from a backup, or give it up by destroy()'
  return storageError('DAMAGED', `${what}, and so nothing of the store can be read: ${wayOut}`, cause)
}

function headName(epoch: number): string {
  return `head.${epoch}`
}

function claimName(epoch: number): string {
  return `claim.${epoch}`
}

/** The highest epoch in any of the names; 0 where there is none. */
function newestEpoch(names: string[]): number {
  return names.reduce((newest, name) => Math.max(newest, Number(WITH_EPOCH.exec(name)?.[1] ?? 0)), 0)
}

function filesOf(head: FileHead): string[] {
  return [...journalsOf(head), ...head.chunks.map(([, file]) => file)]
}

function isFull(error: unknown): boolean {
  return hasCode(error, 'ENOSPC', 'EDQUOT')
}

/** A failure of the file system in words of this package. */
export function translated(error: unknown): NookError {
  if (error instanceof NookError) return error
  if (isFull(error)) return storageError('QUOTA', 'the disk is full', error)
  return storageError('IO', `the file system failed: ${String(error)}`, error)
}
