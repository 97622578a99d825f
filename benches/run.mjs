// Measures ours and the peers in turn and writes benches/: `make bench`, or `make bench-strings` for one group.
//
// What was measured goes into results.json, group by group; README.md and the plots are made from that. Otherwise:
//
//     --print      prints what was measured, and writes nothing: for a look while working on something
//     --rounds 3   measures less often
//     --quick      everything is small, measured once and printed: it shows that the benchmarks work, not how fast anything is

import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { giveUp } from '../pkg-template/steps.mjs'
import { GROUPS } from './groups/index.mjs'
import { machine } from './harness/machine.mjs'
import { readResults, shown, writeReport, writeResults } from './report/report.mjs'
import { unjudged } from './report/table.mjs'

/** An odd number, as medians like it; the issue of speed asks for at least nine. */
const ROUNDS = 9
const QUICK_ROUNDS = 1

const { values: flags, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, print: { type: 'boolean', default: false }, rounds: { type: 'string' } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !(name in GROUPS))
if (unknown.length > 0) giveUp(`no such group: ${unknown.join(', ')}; there are ${Object.keys(GROUPS).join(', ')}`)
const rounds = Number(flags.rounds ?? (flags.quick ? QUICK_ROUNDS : ROUNDS))
if (!Number.isInteger(rounds) || rounds < 1) giveUp('--rounds is a number of rounds')

const keeps = !flags.quick && !flags.print

const began = Date.now()
/** To stderr: stdout has the tables. */
const say = (text) => process.stderr.write(`[${String(Math.round((Date.now() - began) / 1000)).padStart(4)}s] ${text}\n`)

/** Measures one group, prints it, and keeps what was measured. */
async function run(name) {
  const group = GROUPS[name]
  say(`${name}: ${group.about}`)
  const begin = Date.now()
  // How much else the machine had to do: two busy cores are not what is meant to be measured on.
  const [load] = loadavg()
  const figures = await group.measure({ rounds, quick: flags.quick, say: (text) => say(`${name}: ${text}`) })
  const seconds = Math.round((Date.now() - begin) / 1000)
  const judged = flags.quick ? { ...group, rows: unjudged(group.rows) } : group
  console.log(`\n${name}: ${group.about}\n\n${shown(judged, figures)}\n`)
  if (!keeps) return
  writeResults({ ...readResults(), [name]: { ...on, load, seconds, figures } })
  writeReport(GROUPS, readResults())
}

const on = await machine()
const failed = []
for (const name of positionals.length > 0 ? positionals : Object.keys(GROUPS)) {
  // The groups after one that fails are worth as much as those before it.
  await run(name).catch((error) => {
    failed.push(name)
    console.error(error)
  })
}
if (keeps) say('written: benches/results.json, benches/README.md and the plots')
if (flags.quick) say('a smoke run: the figures above say nothing about speed')
if (failed.length > 0) giveUp(`not measured: ${failed.join(', ')}`)
// Stores and servers of ours may still have timers.
process.exit(0)
