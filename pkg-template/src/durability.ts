// When what has happened is kept, and what is done when it cannot be.
//
// One thing is written at a time. Steps that come meanwhile go together in the next append, so that a slow medium makes larger
// batches instead of a longer queue.

import { Committer, type Journaled, type Losses } from './committer.js'
import { NookError, takenOver } from './errors.js'
import { Line } from './storage/line.js'
import { watchPage, type Lock } from './storage/lock.js'
import { storageError, type Chunk, type Estimate, type Identity, type Storage } from './storage/storage.js'

/** `always` commits as soon as nothing is being committed; `everysec` at most every second, earlier once 4 MiB wait, and in a hidden
 *  page, where timers are throttled, as `always`; `no` when the page is hidden, with checkpoints, and when `flush` or `close` ask for it. */
export type Mode = 'always' | 'everysec' | 'no'

export type State =
  /** What is not kept yet will be, in its time. */
  | 'ok'
  /** The medium failed, and is being tried again. */
  | 'retrying'
  /** There is no room. It is tried again every half minute; until then all is served from memory. */
  | 'full'
  /** The medium went on failing. It is tried again every half minute; until then all is served from memory. */
  | 'failed'
  /** The page is frozen or put away; another tab may write meanwhile. */
  | 'away'
  /** Another writer has taken the store over. Nothing of this one is kept any more. */
  | 'fenced'
  /** The store was deleted from under this writer. Nothing is kept any more. */
  | 'wiped'
  | 'closed'

export interface Health {
  readonly state: State
  /** Why the state is what it is. */
  readonly error: NookError | null
  readonly mode: Mode
  /** Every step up to here is kept. */
  readonly committedSeq: number
  /** The last step that ran. */
  readonly lastSeq: number
  /** Held in memory until they are kept. */
  readonly pendingBytes: number
  /** What could not be read back when the store was opened. */
  readonly losses: Losses
}

export interface DurabilityOptions {
  /** @default 'everysec' */
  readonly mode?: Mode
  /** What it means that the user has deleted the store: that nothing is kept any more, or that all is written again.
   *  @default 'stop' */
  readonly onWipe?: 'stop' | 'rewrite'
  /** Called when the state has changed. */
  readonly onHealth?: (health: Health) => void
  /** The writer's lock, and how it is taken again when the page comes back. Kept by this until `close`. */
  readonly lock?: { readonly held: Lock; readonly takeAgain: () => Promise<Lock> }
  /** Deletes the store, so that one that stays broken can be written anew from memory. */
  readonly destroy?: () => Promise<void>
  /** Whether a failure that stays may be one of the store itself, which a new one would not have. Where it is not, as with a process that
   *  has no more file descriptors, to delete what is kept would lose it.
   *  @default of every failure */
  readonly isOfStore?: (error: NookError) => boolean
  /** A journal that has grown to this, and to eight times the size of the snapshot (less in a large store), is folded into a checkpoint.
   *  @default 4 MiB */
  readonly checkpointBytes?: number
  /** Who had the store open before, as `retire` told: it is opened only if nobody else has done so since. */
  readonly last?: Identity
}

const COMMIT_EVERY_MS = 1000
/** So much is committed before its time: what is held back is to stay well below what the committer holds at all. */
const COMMIT_BYTES = 4 * 2 ** 20
const DEFAULT_CHECKPOINT_BYTES = 4 * 2 ** 20
/** How much larger than the snapshot the journal becomes. Each checkpoint writes every key again: at this a store whose keys are written
 *  over and over pays for it with an eighth of a key a step. An opening reads the journal back, which takes about a microsecond a
 *  step, and the medium holds it: so a large store has a smaller one beside it. */
const JOURNAL_TO_SNAPSHOT = 8
const JOURNAL_TO_LARGE_SNAPSHOT = 4
/** So much a journal may have beyond what it would in a large store. */
const JOURNAL_BEYOND_BYTES = 64 * 2 ** 20

/** How long the journal of a store becomes before it is folded. */
function journalLimit(snapshotBytes: number): number {
  return Math.min(JOURNAL_TO_SNAPSHOT * snapshotBytes, JOURNAL_TO_LARGE_SNAPSHOT * snapshotBytes + JOURNAL_BEYOND_BYTES)
}

/** Before each new try after a failure of the medium. After the last one the store is written anew. */
const RETRY_PAUSES_MS: readonly number[] = [100, 400, 1600]
/** Before the next try when there was no help. */
const LATER_MS = 30_000

interface Refusal {
  readonly error: NookError
  /** How long the journal was. */
  readonly journalBytes: number
}

export class Durability {
  readonly #storage: Storage
  readonly #engine: Journaled
  readonly #committer: Committer
  readonly #losses: Losses
  readonly #options: DurabilityOptions
  readonly #mode: Mode
  readonly #stopWatching: () => void
  #lock: Lock | null
  #state: State = 'ok'
  #error: NookError | null = null
  #running: Promise<void> | null = null
  /** Engines walk once at a time. */
  readonly #walks = new Line()
  #walking = 0
  /** Of the last checkpoint, where the storage did not take it. */
  #refusal: Refusal | null = null
  #isPoked = false
  /** The store was to be deleted, to be written anew, and is not there again yet. */
  #isOwnDeletion = false
  /** Set while a commit is to come by itself. */
  #timer: ReturnType<typeof setTimeout> | undefined

  private constructor(
    storage: Storage, engine: Journaled, committer: Committer, losses: Losses, options: DurabilityOptions,
  ) {
    this.#storage = storage
    this.#engine = engine
    this.#committer = committer
    this.#losses = losses
    this.#options = options
    this.#mode = options.mode ?? 'everysec'
    this.#lock = options.lock?.held ?? null
    this.#stopWatching = this.#watchPage()
  }

  /** Opens the storage, and restores what it keeps into an empty engine.
   *  @throws what `Storage.open` throws; DAMAGED too when steps are missing that were kept */
  static async open(storage: Storage, engine: Journaled, options: DurabilityOptions = {}): Promise<Durability> {
    const { committer, losses } = await Committer.open(storage, engine, options.last)
    return new Durability(storage, engine, committer, losses, options)
  }

  /** The host says this when a call has left steps behind. It costs next to nothing, and may be said after every call.
   *  @param areDue  whether they are so many that they are taken over now, and not when the turn is over */
  poke(areDue = false): void {
    if (areDue) this.#gather()
    if (this.#isPoked) return
    this.#isPoked = true
    queueMicrotask(() => this.#endTurn())
  }

  /** Resolves when every step so far is kept.
   *  @throws FENCED, WIPED, CLOSED; QUOTA, TOOBIG, IO, after which it will be tried again without asking; DEAD where the engine
   *  stopped before they were taken from it */
  async flush(): Promise<void> {
    const seq = this.#engine.seq()
    while (this.#committer.committedSeq < seq) {
      await this.#run()
      if (this.#engine.seq() < seq) throw new NookError('DEAD', 'the engine stopped, and steps that were to be kept are lost with it')
    }
  }

  /** Writes a snapshot of now in place of the last one and of the journal. Resolves when it is kept.
   *  @throws what `flush` throws */
  async checkpoint(): Promise<void> {
    this.#requireGoing()
    this.#refusal = null
    let offer = await this.#makeSnapshot()
    // The commit that is joined may have looked for snapshots before this one was there.
    for (let fate = this.#committer.fateOf(offer); fate !== 'kept'; fate = this.#committer.fateOf(offer)) {
      if (fate === 'given up') {
        // Set meanwhile, though the compiler takes it for the null of above.
        const refusal = this.#refusal as Refusal | null
        if (refusal !== null) throw refusal.error
        offer = await this.#makeSnapshot()
      }
      await this.#run()
    }
  }

  /** To be called when the lock was stolen. */
  stolen(): void {
    this.#become('fenced', takenOver())
  }

  health(): Health {
    return {
      state: this.#state,
      error: this.#error,
      mode: this.#mode,
      committedSeq: this.#committer.committedSeq,
      lastSeq: this.#engine.seq(),
      pendingBytes: this.#committer.pendingBytes,
      losses: this.#losses,
    }
  }

  estimate(): Promise<Estimate> {
    return this.#storage.estimate()
  }

  persist(): Promise<boolean> {
    return this.#storage.persist()
  }

  /** Keeps what is not kept yet, and lets go of storage and lock; of these even when the first fails.
   *  @throws what `flush` throws */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#stopWatching()
    try {
      if (!this.#isOver()) await this.flush()
    } finally {
      this.#stopTimer()
      this.#become('closed', null)
      // A walk sees that at its next turn, and must not find the engine gone.
      await this.#walks.run(async () => undefined)
      await this.#storage.close()
      await this.#letGo()
    }
  }

  /** Keeps what was taken from an engine that has stopped, as far as that is possible, and ends without letting go of storage and lock:
   *  another Durability goes on with them and a new engine. Gives who it was. */
  async retire(): Promise<Identity> {
    this.#stopWatching()
    await this.flush().catch(() => undefined)
    this.#stopTimer()
    this.#state = 'closed'
    return this.#committer.identity
  }

  /** Commits all there is; joins the commit that is under way. */
  #run(): Promise<void> {
    this.#running ??= this.#commit().finally(() => {
      this.#running = null
      // Steps that came when this commit had already looked for the last time.
      if (this.#engine.seq() > this.#committer.committedSeq) this.poke()
    })
    return this.#running
  }

  /** For commits that nobody waits for: how they end is told by `onHealth`. */
  #runUnasked(): void {
    this.#run().catch(() => undefined)
  }

  #runIn(pauseMs: number): void {
    this.#stopTimer()
    this.#timer = setTimeout(() => {
      // The commit that is joined may be past what came since: that has to find no timer.
      this.#timer = undefined
      this.#runUnasked()
    }, pauseMs)
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #commit(): Promise<void> {
    this.#requireGoing()
    this.#stopTimer()
    for (let failures = 0; ; failures++) {
      try {
        do {
          if (this.#committer.owesCheckpoint) await this.#makeSnapshot()
          await this.#committer.commit()
        } while (this.#committer.owesCheckpoint)
        // So the store is there: who deletes it from now on is somebody else.
        this.#isOwnDeletion = false
        if (!this.#isOver() && this.#state !== 'away') this.#become('ok', null)
        return this.#checkpointIfDue(this.#committer.journalBytes)
      } catch (error) {
        const known = error instanceof NookError ? error : storageError('IO', `the storage failed: ${String(error)}`, error)
        if (!(await this.#recover(known, failures))) throw (this.#isOver() ? this.#error : null) ?? known
      }
    }
  }

  /** Does about a failure what can be done, and gives whether to try again. */
  async #recover(error: NookError, failures: number): Promise<boolean> {
    if (this.#isOver() || this.#state === 'away') return false
    switch (error.code) {
      case 'FENCED':
        this.#become('fenced', takenOver(error))
        return false
      case 'CONFLICT':
      // A newer version of the package has opened the store meanwhile.
      case 'UNSUPPORTED':
        this.#become('fenced', error)
        return false
      case 'WIPED':
        if (this.#isOwnDeletion) return failures > RETRY_PAUSES_MS.length ? this.#giveUp(error) : this.#rewrite(error, async () => undefined)
        if (this.#options.onWipe !== 'rewrite' || failures >= RETRY_PAUSES_MS.length) {
          this.#become('wiped', error)
          return false
        }
        return this.#rewrite(error, async () => undefined)
      case 'QUOTA':
        // A checkpoint takes more room than what it replaces, until it has replaced it. The journal may still have some.
        if (!this.#committer.withdraw()) return this.#giveUp(error)
        this.#noteRefusal(error)
        return true
      case 'TOOBIG':
        // One step alone is more than an append takes: its values may still fit into chunks.
        if (this.#committer.isOffered) this.#noteRefusal(error)
        this.#committer.forgetPending()
        return failures === 0 || this.#giveUp(error)
      default:
        return this.#retry(error, failures)
    }
  }

  #noteRefusal(error: NookError): void {
    this.#refusal = { error, journalBytes: this.#committer.journalBytes }
  }

  async #retry(error: NookError, failures: number): Promise<boolean> {
    const pauseMs = RETRY_PAUSES_MS[failures]
    if (pauseMs !== undefined) {
      this.#become('retrying', error)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      return !this.#isOver()
    }
    const { destroy, isOfStore = () => true } = this.#options
    const isHelp = destroy !== undefined && isOfStore(error) && this.#engine.isRunning
    if (failures > RETRY_PAUSES_MS.length || !isHelp) return this.#giveUp(error)
    return this.#rewrite(error, async () => {
      this.#isOwnDeletion = true
      await destroy()
    })
  }

  /** Has everything written again, from memory. Gives whether there is a store to write it to. */
  async #rewrite(error: NookError, destroy: () => Promise<void>): Promise<boolean> {
    try {
      await destroy()
      await this.#committer.startAfresh()
      this.#isOwnDeletion = false
      return true
    } catch {
      return this.#giveUp(error)
    }
  }

  /** Until later: nothing is forgotten, and all is served from memory. */
  #giveUp(error: NookError): false {
    this.#become(error.code === 'QUOTA' ? 'full' : 'failed', error)
    this.#runIn(LATER_MS)
    this.#timer?.unref?.()
    return false
  }

  /** Takes the steps over, so that the engine need not hold them, nor takes them along if it stops. Gives whether it could. */
  #gather(): boolean {
    try {
      if (this.#isOver()) this.#committer.forgetPending()
      else this.#committer.gather()
      return true
    } catch {
      // The engine has stopped. A commit meets that too, and there it is a failure like others, and not nobody's.
      return false
    }
  }

  /** Takes the steps over, and has them kept in their time. */
  #endTurn(): void {
    this.#isPoked = false
    if (!this.#gather()) return this.#runUnasked()
    if (this.#state !== 'ok' && this.#state !== 'retrying') return
    if (this.#mode === 'no') this.#checkpointIfDue(this.#committer.journalBytes + this.#committer.pendingBytes)
    else if (this.#mode === 'always' || isHidden() || this.#committer.pendingBytes >= COMMIT_BYTES) this.#runUnasked()
    else if (this.#timer === undefined) this.#runIn(COMMIT_EVERY_MS)
  }

  #checkpointIfDue(journalBytes: number): void {
    const { snapshotBytes, isOffered, owesCheckpoint } = this.#committer
    // One is being made, or written.
    if (this.#walking > 0 || isOffered) return
    // One that there was no room for is not made again before the journal has doubled.
    const refusedBytes = 2 * (this.#refusal?.journalBytes ?? 0)
    const dueBytes = Math.max(this.#options.checkpointBytes ?? DEFAULT_CHECKPOINT_BYTES, journalLimit(snapshotBytes))
    const limitBytes = Math.max(dueBytes, refusedBytes)
    // Steps that were too many to hold back are in no journal.
    if (owesCheckpoint || journalBytes >= limitBytes) this.checkpoint().catch(() => undefined)
  }

  /** Walks the keys slice by slice, with other work in between, and has the snapshot written by the next commit. Gives the number
   *  under which it was offered. */
  #makeSnapshot(): Promise<number> {
    this.#walking++
    const made = this.#walks.run(async () => {
      for (;;) {
        const offer = await this.#walk()
        // Null where the store was written anew meanwhile: what was walked would name the store of before.
        if (offer !== null) return offer
      }
    })
    return made.finally(() => this.#walking--)
  }

  async #walk(): Promise<number | null> {
    const begun = this.#committer.beginWalk()
    const { walk } = begun
    try {
      const chunks: Chunk[] = []
      for (let chunk = walk.next(); chunk !== null; chunk = walk.next()) {
        if (chunk !== undefined) chunks.push(chunk)
        await nextTurn()
        this.#requireGoing()
      }
      return this.#committer.offer(begun, chunks)
    } catch (error) {
      walk.abandon()
      throw error
    }
  }

  /** Commits when the page is hidden, which may be the last that is heard of it; lets go of the lock when it is put away. */
  #watchPage(): () => void {
    const { document } = globalThis
    if (document === undefined) return () => undefined
    const hide = (): void => {
      if (isHidden() && !this.#isOver()) this.#runUnasked()
    }
    document.addEventListener('visibilitychange', hide)
    const stop = watchPage({ leave: () => this.#leave(), comeBack: () => void this.#comeBack() })
    return () => {
      document.removeEventListener('visibilitychange', hide)
      stop()
    }
  }

  /** The commit is on its way before the lock is let go, so that whoever takes it opens the store after that. */
  #leave(): void {
    if (this.#options.lock === undefined || this.#isOver() || this.#state === 'away') return
    this.#runUnasked()
    this.#become('away', null)
    void this.#letGo()
  }

  async #comeBack(): Promise<void> {
    if (this.#options.lock === undefined || this.#state !== 'away') return
    try {
      this.#lock = await this.#options.lock.takeAgain()
      await this.#running?.catch(() => undefined)
      await this.#committer.requireWriter()
    } catch (error) {
      const code = error instanceof NookError ? error.code : 'IO'
      if (code === 'FENCED' || code === 'INUSE') {
        return this.#become('fenced', takenOver(error))
      }
      // Anything else is met again by the commit that follows, and dealt with there.
    }
    this.#become('ok', null)
    this.#runUnasked()
  }

  #become(state: State, error: NookError | null): void {
    if (this.#state === 'closed' || (this.#state === state && this.#error?.code === error?.code)) return
    this.#state = state
    this.#error = error
    this.#options.onHealth?.(this.health())
  }

  /** Nothing more is written, ever. */
  #isOver(): boolean {
    return this.#state === 'fenced' || this.#state === 'wiped' || this.#state === 'closed'
  }

  #requireGoing(): void {
    if (this.#isOver()) throw this.#error ?? storageError('CLOSED', 'the store is closed')
    if (this.#state === 'away') throw storageError('INUSE', 'the page was put away, and has let go of the store')
  }

  async #letGo(): Promise<void> {
    const lock = this.#lock
    this.#lock = null
    await lock?.release()
  }
}

function isHidden(): boolean {
  return globalThis.document?.visibilityState === 'hidden'
}

/** Lets everything else have its turn. Not by setTimeout where there is something else: hidden pages call it once a second. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') return void setImmediate(resolve)
    // workerd, before the compatibility date 2025-08-15.
    if (typeof MessageChannel === 'undefined') return void setTimeout(resolve)
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
