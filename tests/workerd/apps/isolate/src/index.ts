import { open, type Nook } from 'nookdb'

const REQUESTS = 5
const WINDOW_SECONDS = 2
const FRESH_SECONDS = 2

// Opened by the first request: a Worker may do nothing before. All requests that this isolate serves share it.
let opened: Promise<Nook> | undefined
const store = () => (opened ??= open('memory:', { config: { 'maxmemory-policy': 'allkeys-lru' } }))

export default {
  async fetch(request: Request): Promise<Response> {
    const db = await store()

    const counter = `requests:${request.headers.get('cf-connecting-ip')}`
    const { count, resetSeconds } = db.atomic((tx) => {
      const count = tx.incr(counter)
      if (count === 1) tx.expire(counter, WINDOW_SECONDS)
      return { count, resetSeconds: tx.ttl(counter) }
    })
    if (count > REQUESTS) {
      return new Response('slow down\n', { status: 429, headers: { 'retry-after': String(resetSeconds) } })
    }

    const { pathname } = new URL(request.url)
    const kept = db.get(`page:${pathname}`)
    const page = kept ?? (await render(pathname))
    if (kept === null) db.set(`page:${pathname}`, page, { EX: FRESH_SECONDS })
    return new Response(page, { headers: { 'x-cache': kept === null ? 'MISS' : 'HIT' } })
  },
}

/** Stands for what is slow: an origin, a database, a template. */
async function render(path: string): Promise<string> {
  return `${path} as of ${new Date().toISOString()}\n`
}
