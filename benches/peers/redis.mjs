// A redis-server on loopback, by node-redis. Calls that are made without waiting for one another go out together.

import { createClient } from '@redis/client'

const AT_ONCE = 10_000

/** @param port  where it listens */
export async function open({ port }) {
  const client = createClient({ socket: { host: '127.0.0.1', port } })
  await client.connect()
  return {
    client,
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    load: async (keys, values) => {
      for (let from = 0; from < keys.length; from += AT_ONCE) {
        await Promise.all(keys.slice(from, from + AT_ONCE).map((key, at) => client.set(key, values[from + at])))
      }
    },
  }
}
