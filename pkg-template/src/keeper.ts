// Keeps one store in one place: the lock, the storage, and how an engine comes back from it.

import { Durability, type DurabilityOptions, type Health } from './durability.js'
import type { LiveEngine } from './engine/live.js'
import { EngineJournal } from './engine/journal.js'
import type { NookError } from './errors.js'
import type { Lock, LockRequest } from './storage/lock.js'
import type { Estimate, Identity, Storage } from './storage/storage.js'

export interface Keep {
  readonly storage: Storage
  readonly takeLock: (request: Pick<LockRequest, 'ifBusy' | 'onStolen'>) => Promise<Lock>
  readonly ifBusy: LockRequest['ifBusy']
  readonly options: Pick<DurabilityOptions, 'mode' | 'onWipe' | 'destroy' | 'isOfStore'>
  readonly onNews: (news: News) => void
}

/** What the app is told of. */
export interface News {
  readonly name: 'fenced' | 'wiped' | 'error'
  readonly error: NookError
}

export class Keeper {
  readonly #keep: Keep
  #lock: Lock | null = null
  #durability: Durability | null = null
  /** Who had the store open for the engine before. */
  #last: Identity | undefined
  /** Steps that were taken from the engine before and that the storage refused: they are lost. */
  #refusedSteps = 0

  constructor(keep: Keep) {
    this.#keep = keep
  }

  /** Takes the lock. @throws INUSE */
  async lock(): Promise<void> {
    this.#lock = await this.#takeLock(this.#keep.ifBusy)
  }

  /** Brings an empty engine to what is kept, and keeps from here on what it does. */
  async restore(engine: LiveEngine): Promise<void> {
    const { storage, options, onNews } = this.#keep
    if (this.#durability !== null) await this.#retire(this.#durability)
    this.#durability = await Durability.open(storage, new EngineJournal(engine, storage.maxValueBytes), {
      ...options,
      lock: { held: { release: () => this.#letGo() }, takeAgain: () => this.#takeAgain() },
      onHealth: (health) => {
        const news = newsOf(health)
        if (news !== null) onNews(news)
      },
      ...(this.#last === undefined ? {} : { last: this.#last }),
    })
  }

  get refusedSteps(): number {
    return this.#refusedSteps
  }

  /** Steps wait in the engine to be taken. */
  steps(areDue: boolean): void {
    this.#durability?.poke(areDue)
  }

  health(): Health | null {
    return this.#durability?.health() ?? null
  }

  async flush(): Promise<void> {
    await this.#durability?.flush()
  }

  async checkpoint(): Promise<void> {
    await this.#durability?.checkpoint()
  }

  estimate(): Promise<Estimate> {
    return this.#keep.storage.estimate()
  }

  persist(): Promise<boolean> {
    return this.#keep.storage.persist()
  }

  async close(): Promise<void> {
    try {
      if (this.#durability !== null) await this.#durability.close()
      else await this.#keep.storage.close()
    } finally {
      await this.#letGo()
    }
  }

  async #retire(durability: Durability): Promise<void> {
    this.#last = await durability.retire()
    const { lastSeq, committedSeq } = durability.health()
    this.#refusedSteps = lastSeq - committedSeq
    this.#durability = null
  }

  async #takeAgain(): Promise<Lock> {
    this.#lock = await this.#takeLock('error')
    return { release: () => this.#letGo() }
  }

  #takeLock(ifBusy: LockRequest['ifBusy']): Promise<Lock> {
    return this.#keep.takeLock({ ifBusy, onStolen: () => this.#durability?.stolen() })
  }

  async #letGo(): Promise<void> {
    const lock = this.#lock
    this.#lock = null
    await lock?.release()
  }
}

function newsOf({ state, error }: Health): News | null {
  if (error === null) return null
  if (state === 'fenced' || state === 'wiped') return { name: state, error }
  return state === 'failed' || state === 'full' ? { name: 'error', error } : null
}
