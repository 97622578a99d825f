// Two tabs with a cache each, and a server that knows better: who changes a value says so, and every tab forgets it.

import type { Nook, Remote } from 'nookdb'

const CHANGED = 'changed'

/** A cache in this tab before a store on a server. */
export class TabCache {
  readonly #local: Nook
  readonly #server: Remote
  /** How often something was forgotten. */
  #forgotten = 0

  private constructor(local: Nook, server: Remote) {
    this.#local = local
    this.#server = server
  }

  static async start(local: Nook, server: Remote): Promise<TabCache> {
    const cache = new TabCache(local, server)
    await server.subscribe(CHANGED, (key) => cache.#forget(() => local.del(key)))
    // Messages are sent at most once: what was said while there was no connection is not known, so nothing is relied on.
    server.on('connected', () => cache.#forget(() => local.flushAll()))
    return cache
  }

  async get(key: string): Promise<string | null> {
    const hit = this.#local.get(key)
    if (hit !== null) return hit
    const before = this.#forgotten
    const value = await this.#server.get(key)
    // What was forgotten while the value was on its way may be this very key. For a minute at most: a message that was lost
    // does no harm for longer.
    if (value !== null && before === this.#forgotten) this.#local.set(key, value, { EX: 60 })
    return value
  }

  async set(key: string, value: string): Promise<void> {
    await this.#server.multi().set(key, value).publish(CHANGED, key).exec()
  }

  #forget(work: () => unknown): void {
    this.#forgotten += 1
    work()
  }
}
