// nookdb-server beside redis-server, by redis-benchmark: the CPU time of the server for each request, and requests a second.

import { interleave, merged } from '../harness/rounds.mjs'
import { cpuNs, releasedServer, serve } from '../harness/servers.mjs'
import { output } from '../../pkg-template/steps.mjs'

export const about = 'nookdb-server beside redis-server, by redis-benchmark'

const TESTS = ['set', 'get', 'incr', 'lpush', 'rpop', 'sadd', 'hset', 'zadd', 'lrange_100']
const PIPELINES = [16, 1]
const TARGETS = { get: 0.6, set: 0.6, zadd: 0.4 }

export const rows = PIPELINES.flatMap((pipeline) =>
  ['CPU', 'wall'].flatMap((what) =>
    TESTS.map((test) => {
      const measure = `${test} -P ${pipeline}, ${what}`
      const work = `${test.toUpperCase()} -P ${pipeline}, ${what} a request`
      const target = what === 'CPU' && pipeline === 16 ? TARGETS[test] : undefined
      return { work, measure, unit: 'ns', ...(target === undefined ? { beside: ['redis-server'] } : { atMost: { 'redis-server': target } }) }
    }),
  ),
)

/** LRANGE by its words: `-t lrange_100` would fill the list first, and that would be measured too. */
const command = (test) => (test === 'lrange_100' ? ['lrange', 'mylist', '0', '99'] : ['-t', test])

async function benchmark(port, pipeline, requests, more) {
  const options = ['-p', port, '-n', requests, '-P', pipeline, '-r', 100_000, '-d', 64, '-c', 50, '--csv'].map(String)
  const csv = await output('redis-benchmark', [...options, ...more])
  const found = csv?.trim().split('\n').at(-1).match(/^".*?","([\d.]+)"/)
  if (!found) throw new Error(`redis-benchmark ${more.join(' ')} failed: ${csv}`)
  return Number(found[1])
}

export async function measure({ rounds, quick, say }) {
  say('the server, as it is released')
  const programs = { nookdb: await releasedServer(), 'redis-server': 'redis-server' }
  const requests = quick ? { 16: 2000, 1: 1000 } : { 16: 320_000, 1: 50_000 }
  const take = (pipeline) => async (variant) => {
    const server = await serve(programs[variant])
    try {
      const figures = {}
      for (const test of TESTS) {
        // RPOP has taken all that LPUSH had put there.
        if (test === 'lrange_100') await benchmark(server.port, 16, 1000, command('lpush'))
        const count = test === 'lrange_100' ? requests[pipeline] / 4 : requests[pipeline]
        const begin = cpuNs(server.pid)
        const perSecond = await benchmark(server.port, pipeline, count, command(test))
        figures[`${test} -P ${pipeline}, CPU`] = (cpuNs(server.pid) - begin) / count
        figures[`${test} -P ${pipeline}, wall`] = 1e9 / perSecond
      }
      return { figures }
    } finally {
      await server.stop()
    }
  }
  const found = []
  for (const pipeline of PIPELINES) {
    const sayMore = (text) => say(`-P ${pipeline}, ${text}`)
    found.push(await interleave({ variants: Object.keys(programs), rounds, take: take(pipeline), say: sayMore }))
  }
  return merged(...found)
}
