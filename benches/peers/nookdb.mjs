// Ours, from pkg/, as a user has it: deadlines, events, undo and eviction's bookkeeping are on.

const TTL = { expiration: { type: 'EX', value: 3600 } }

/** @param readCache  whether values that are read again and again are kept as JavaScript strings
 *  @param ttl  whether every key has a deadline, as every entry of lru-cache has */
export async function open({ readCache = true, ttl = false, name = 'memory:', options = {} } = {}) {
  const entry = typeof process === 'undefined' ? '../../pkg/dist/index.browser.js' : '../../pkg/dist/index.node.js'
  const nookdb = await import(entry)
  const db = await nookdb.open(name, { readCache, ...options })
  return {
    db,
    get: (key) => db.get(key),
    set: ttl ? (key, value) => void db.set(key, value, TTL) : (key, value) => void db.set(key, value),
    incr: (key) => db.incr(key),
    mGet: (keys) => db.mGet(keys),
    zAdd: (key, score, value) => void db.zAdd(key, { score, value }),
    top: (key, count) => db.zRange(key, 0, count - 1, { REV: true }),
    rank: (key, member) => db.zRank(key, member),
    clear: () => void db.flushAll(),
    close: () => db.close(),
  }
}
