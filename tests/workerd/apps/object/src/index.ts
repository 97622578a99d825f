import { DurableObject } from 'cloudflare:workers'
import { open, type Nook } from 'nookdb'

interface Env {
  readonly BOARD: DurableObjectNamespace<Board>
}

export class Board extends DurableObject<Env> {
  readonly #opened: Promise<Nook>

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    // Requests wait until the store is there. Where opening fails, the object is reset, and the next request tries again.
    this.#opened = ctx.blockConcurrencyWhile(() => open('board', { storage: ctx.storage }))
  }

  async add(player: string, points: number): Promise<number> {
    const db = await this.#opened
    const total = db.zIncrBy('scores', points, player)
    // Whoever is told the total may rely on it: from here on it outlives the object.
    await db.flush()
    return total
  }

  async top(count: number) {
    const db = await this.#opened
    return db.zRangeWithScores('scores', 0, count - 1, { REV: true })
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const board = env.BOARD.getByName(pathname)
    if (request.method === 'GET') return Response.json(await board.top(10))
    const total = await board.add(searchParams.get('player') ?? 'anonymous', Number(searchParams.get('points') ?? 1))
    return Response.json({ total })
  },
}
