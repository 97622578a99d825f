// ioredis-mock: what tests use in the place of a Redis. Every command is a promise.

import { createRequire } from 'node:module'

const Redis = createRequire(import.meta.url)('ioredis-mock')

export async function open() {
  const redis = new Redis()
  await redis.flushall()
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    incr: (key) => redis.incr(key),
    zAdd: (key, score, member) => redis.zadd(key, score, member),
  }
}
