// The names of the keys that match a pattern, in order, kept up to date by the events of the store.

import type { Nook } from 'nookdb'

/** Keys that one slice of a scan looks at: a few milliseconds, so that typing goes on beside it. */
const SLICE_KEYS = 5000
/** Above this many changes at once, all is read again: that costs less than to look for the place of each. */
const SINGLE_CHANGES = 300
/** A list this long is nearly as high as browsers let an element be (48 pixels a row, 2^24 pixels in Firefox). */
const MOST_KEYS = 340_000

/** What changed: some keys, or so much that all is to be looked at again. */
export type Changed = ReadonlySet<string> | 'all'

export class KeyNames {
  readonly #db: Nook
  readonly #onChange: (changed: Changed) => void
  #names: string[] = []
  #pattern = '*'
  #unwatch: () => void = () => undefined
  #changed = new Set<string>()
  /** Counts scans: one that is no longer the last gives up. */
  #scan = 0
  #isScanning = false
  /** What DBSIZE said when the names were last brought up to date: FLUSHALL and an import tell of no single key. */
  #size = -1

  /** @param onChange called at most once a frame */
  constructor(db: Nook, onChange: (changed: Changed) => void) {
    this.#db = db
    this.#onChange = onChange
  }

  get names(): readonly string[] {
    return this.#names
  }

  /** Keys in the database, whether they match or not. */
  get size(): number {
    return this.#db.dbSize()
  }

  /** Whether there are more keys that match than are listed. */
  get isCut(): boolean {
    return this.#names.length >= MOST_KEYS
  }

  /** Lists the keys that match, as KEYS would. */
  show(pattern: string): void {
    this.#pattern = pattern === '' ? '*' : pattern
    this.#unwatch()
    this.#unwatch = this.#db.watchKey(this.#pattern, (key) => this.#note(key))
    void this.reload()
  }

  /** Reads all names again where the number of keys is not what the events have led to. */
  check(): void {
    if (this.#changed.size === 0 && !this.#isScanning && this.size !== this.#size) void this.reload()
  }

  async reload(): Promise<void> {
    const scan = ++this.#scan
    this.#isScanning = true
    const names = new Set<string>()
    let cursor = '0'
    do {
      const page = this.#db.scan(cursor, { MATCH: this.#pattern, COUNT: SLICE_KEYS })
      for (const key of page.keys) names.add(key)
      cursor = page.cursor
      if (cursor !== '0') await nextTask()
      if (scan !== this.#scan) return
    } while (cursor !== '0' && names.size < MOST_KEYS)
    this.#names = [...names].sort()
    this.#isScanning = false
    // What changed meanwhile may have been read before it did.
    this.#placeChanged()
    this.#onChange('all')
  }

  #note(key: string): void {
    if (this.#changed.size === 0) requestAnimationFrame(() => this.#apply())
    this.#changed.add(key)
  }

  #apply(): void {
    if (this.#isScanning) return
    if (this.#changed.size > SINGLE_CHANGES) return void this.reload()
    const changed = this.#placeChanged()
    if (changed.size > 0) this.#onChange(changed)
  }

  #placeChanged(): ReadonlySet<string> {
    const changed = this.#changed
    this.#changed = new Set()
    for (const key of changed) this.#place(key)
    this.#size = this.size
    return changed
  }

  /** Puts a key where it belongs, or takes it away if it is gone. */
  #place(key: string): void {
    const at = this.#lowerBound(key)
    const isListed = this.#names[at] === key
    const exists = this.#db.exists(key) === 1
    if (isListed && !exists) this.#names.splice(at, 1)
    else if (!isListed && exists) this.#names.splice(at, 0, key)
  }

  /** The first place whose name is not before this one. */
  #lowerBound(key: string): number {
    let low = 0
    let high = this.#names.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#names[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Lets input and drawing have their turn; timers would wait four milliseconds each. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
