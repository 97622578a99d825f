import { DurableObject } from 'cloudflare:workers'
import { open, type Nook, type Reply } from 'nookdb'

/** What an object is asked to do in one request, in this order. */
export interface Task {
  readonly calls?: readonly (readonly string[])[]
  /** Sets a key to so many characters. */
  readonly fill?: { readonly key: string; readonly characters: number }
  /** Waits for an element. */
  readonly pop?: { readonly key: string; readonly seconds: number }
  readonly flush?: boolean
  /** Ends the object at once: what it had not committed is lost. */
  readonly abort?: boolean
}

export class Store extends DurableObject {
  readonly #opened: Promise<Nook>

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    this.#opened = ctx.blockConcurrencyWhile(() => open('probe', { storage: ctx.storage }))
  }

  async run({ calls = [], fill, pop, flush, abort }: Task): Promise<Reply[]> {
    const db = await this.#opened
    const replies = calls.map((argv) => db.call(...argv))
    if (fill !== undefined) db.set(fill.key, 'x'.repeat(fill.characters))
    if (pop !== undefined) replies.push((await db.blPop(pop.key, pop.seconds))?.element ?? null)
    if (flush === true) await db.flush()
    if (abort === true) this.ctx.abort('asked to')
    return replies
  }

  /** The keys of the object's storage, and the bytes of the largest value. */
  async kept(): Promise<{ readonly keys: string[]; readonly largestBytes: number }> {
    const values = await this.ctx.storage.list<Uint8Array>()
    return { keys: [...values.keys()], largestBytes: Math.max(...[...values.values()].map(({ length }) => length ?? 0)) }
  }
}

export class KeyValueStore extends Store {}
export class SqliteStore extends Store {}
