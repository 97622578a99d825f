// GET in the process beside GET from a redis-server on loopback, by node-redis.

import { inFreshProcess } from '../harness/processes.mjs'
import { interleave, merged } from '../harness/rounds.mjs'
import { serve } from '../harness/servers.mjs'

export const about = 'awaited, beside redis-server on loopback by node-redis'

export const rows = [
  { work: 'GET, each awaited', measure: 'GET awaited', unit: 'ns', fasterBy: { 'redis-server': 100 } },
  { work: 'GET, a thousand awaited together (auto-pipelined)', measure: 'GET together', unit: 'ns', fasterBy: { 'redis-server': 20 } },
]

const OURS = { nookdb: {}, uncached: { readCache: false } }

export async function measure({ rounds, quick, say }) {
  const keys = quick ? 200 : 20_000
  const calls = quick ? { ours: 1000, awaited: 200, together: 1000 } : { ours: 500_000, awaited: 20_000, together: 100_000 }
  const take = (calling) => async (variant) => {
    const workload = 'awaited.mjs#keyed'
    if (variant in OURS) return inFreshProcess({ workload, peer: 'nookdb', open: OURS[variant], params: { keys, calls: { GET: calls.ours }, calling } })
    const server = await serve('redis-server')
    try {
      return await inFreshProcess({ workload, peer: 'redis', open: { port: server.port }, params: { keys, calls: { GET: calls[calling] }, calling } })
    } finally {
      await server.stop()
    }
  }
  const found = []
  for (const calling of ['awaited', 'together']) {
    const { GET } = await interleave({ variants: [...Object.keys(OURS), 'redis-server'], rounds, take: take(calling), say })
    found.push({ [`GET ${calling}`]: GET })
  }
  return merged(...found)
}
