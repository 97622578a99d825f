// That the benchmarks work, not how fast anything is: they run small, and what they write is checked on made-up figures.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { GROUPS } from '../../benches/groups/index.mjs'
import { interleave } from '../../benches/harness/rounds.mjs'
import { ratio } from '../../benches/harness/statistics.mjs'
import { chart } from '../../benches/report/chart.mjs'
import { filled, roundsOf } from '../../benches/report/report.mjs'
import { judgements, table } from '../../benches/report/table.mjs'

/** Those that need neither a browser nor a server nor ten seconds. */
const SMALL = ['sorted-sets', 'pauses', 'persistence', 'startup', 'growth'] as const

const quietly = { say: () => undefined }

test('groups run small, and print a line for each of their rows', async () => {
  const args = ['--import', 'tsx', 'benches/run.mjs', '--quick', ...SMALL]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 })
  for (const name of SMALL) {
    for (const { work } of GROUPS[name].rows) assert.ok(stdout.includes(`| ${work} |`), `${name}: ${work}`)
  }
})

test('every variant is measured once a round, and none is always first', async () => {
  const order: string[] = []
  const take = async (variant: string) => (order.push(variant), { figures: { GET: order.length } })
  const figures = await interleave({ variants: ['a', 'b', 'c'], rounds: 3, take, ...quietly })
  assert.equal(order.join(''), 'abcbcacab')
  assert.deepEqual(figures, { GET: { a: [1, 6, 8], b: [2, 4, 9], c: [3, 5, 7] } })
})

test('a run ends where a store has read other values than its peers', async () => {
  const take = async (variant: string) => ({ figures: { GET: 1 }, checksums: { GET: variant === 'broken' ? 2 : 1 } })
  const run = interleave({ variants: ['map', 'broken'], rounds: 1, take, ...quietly })
  await assert.rejects(run, /GET: broken read other values than map/)
})

test('a ratio is that of the medians, beside where half of the rounds lie', () => {
  assert.deepEqual(ratio([1, 2, 30, 4, 5], [2, 2, 3, 2, 2]), { median: 2, low: 1, high: 2.5 })
})

test('a row is judged by what it asks: a ratio, a factor, a bound', () => {
  const rows = [
    { work: 'ratio', measure: 'GET', unit: 'ns', atMost: { map: 0.5, 'lru-cache': 0.25 } },
    { work: 'factor', measure: 'GET', unit: 'ns', fasterBy: { map: 4 } },
    { work: 'bound', measure: 'GET', unit: 'ns', limit: 30 },
    { work: 'bound', measure: 'INCR', unit: 'ms', limit: 10 },
    { work: 'not measured', measure: 'SET', unit: 'ns', limit: 1 },
  ]
  const figures = { GET: { nookdb: [20], uncached: [30], map: [60], 'lru-cache': [50] }, INCR: { nookdb: [10.0049] } }
  assert.equal(
    table({ rows }, figures),
    [
      '| work | ours | peer | theirs | ratio (half of the rounds) | without read cache | target | reached |',
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
      '| ratio | 20 ns | Map | 60 | 0.33 (0.33–0.33) | 0.5 | ≤ 0.5 | yes |',
      '| ratio | 20 ns | lru-cache | 50 | 0.4 (0.4–0.4) | 0.6 | ≤ 0.25 | **no** |',
      '| factor | 20 ns | Map | 60 | 3 (3–3) × | 2 × | ≥ 4 × | **no** |',
      '| bound | 20 ns |  |  |  | 30 | ≤ 30 ns | yes |',
      '| bound | 10.0049 ms |  |  |  |  | ≤ 10 ms | **no** |',
    ].join('\n'),
  )
  assert.deepEqual(judgements(rows, figures).map((line: { found: { reached: boolean | null } }) => line.found.reached), [true, false, false, true, false])
})

test('what was measured goes between the markers of the README, and its prose stays', () => {
  const text = 'before\n<!-- measured: a -->\nold\n<!-- end -->\nafter\n<!-- measured: b -->\n<!-- end -->\n'
  assert.equal(filled(text, { a: 'new' }), text.replace('old', 'new'))
  assert.equal(filled(filled(text, { b: 'x' }), { b: 'y' }), filled(text, { b: 'y' }))
  assert.throws(() => filled(text, { c: 'new' }), /no place for c/)
})

test('what is said of rounds is what was measured', () => {
  assert.equal(roundsOf({ GET: { nookdb: [1, 2, 3], map: [1, 2, 3] }, SET: { nookdb: [1, 2, 3] } }), '3 rounds')
  assert.equal(roundsOf({ lines: ['as printed'], bytes: { nookdb: [1] } }), '1 round')
})

test('a plot has a line and a name for each series, within its frame', () => {
  const series = ['ours', 'theirs'].map((name, at) => ({ name, points: [1e3, 1e5, 1e7].map((x) => ({ x, y: 40 * (at + 1) + x / 1e6 })) }))
  const svg = chart({ title: 'GET', xTitle: 'keys', series })
  const lines = [...svg.matchAll(/points="([^"]+)"/g)].map(([, points]) => points!.split(/[ ,]/).map(Number))
  assert.equal(lines.length, 2)
  for (const at of lines.flat()) assert.ok(at >= 0 && at <= 720, String(at))
  for (const { name } of series) assert.ok(svg.includes(`>${name}</text>`))
})
