// Makes benches/README.md from what was measured. The prose there is written by hand and stays; what lies between
// `<!-- measured: NAME -->` and `<!-- end -->` is written anew each time.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { judgements, markdown, peerName, table } from './table.mjs'

const here = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const RESULTS = here('results.json')
const README = here('README.md')

export function readResults() {
  return existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {}
}

/** Five digits say more than any clock here knows. */
const rounded = (_, value) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value)

export function writeResults(results) {
  // A list of figures is one line: a difference between two runs can be read.
  const json = JSON.stringify(results, rounded, 1).replace(/\[[^\[\]{}]*\]/g, (list) => list.replace(/\s+/g, ' '))
  writeFileSync(RESULTS, `${json}\n`)
}

/** What was measured, in Markdown: the table of its rows, unless the group shows it in its own way. */
export const shown = (group, figures) => group.report?.(figures) ?? table(group, figures)

/** How often everything was measured: a group that takes long, or whose figures never change, does so less often than it is told. */
export function roundsOf(figures) {
  // A group may keep lines of text beside its measures.
  const measures = Object.values(figures).filter((measure) => !Array.isArray(measure))
  const counts = measures.flatMap((byVariant) => Object.values(byVariant).map((rounds) => rounds.length))
  const fewest = Math.min(...counts)
  return fewest === 1 ? '1 round' : `${fewest} rounds`
}

/** The part of a group: where and when it was measured, and what came of it. */
function part(group, { date, commit, machine, load, seconds, figures }) {
  return `Measured on ${date} at ${commit}: ${machine}; load ${load.toFixed(1)} before. ${roundsOf(figures)}, ${seconds} s.\n\n${shown(group, figures)}`
}

/** What is asked and what was reached, group by group, and what was not, by name. */
function summary(groups, results) {
  const lines = []
  for (const [name, group] of Object.entries(groups)) {
    const asked = judgements(group.rows, results[name]?.figures ?? {}).filter(({ target }) => target !== null)
    if (asked.length === 0) continue
    const missed = asked.filter(({ found }) => !found.reached).map(({ row, peer }) => (peer === null ? row.work : `${row.work} (${peerName(peer)})`))
    lines.push([group.about, asked.length, asked.length - missed.length, missed.join('; ')])
  }
  return markdown(['group', 'asked', 'reached', 'not reached'], lines)
}

/** Puts the parts into their places in a text. @throws where a part has no place, or a place no end */
export function filled(text, parts) {
  let result = text
  for (const [name, body] of Object.entries(parts)) {
    const begin = `<!-- measured: ${name} -->`
    const from = result.indexOf(begin)
    const to = result.indexOf('<!-- end -->', from)
    if (from < 0 || to < 0) throw new Error(`benches/README.md has no place for ${name}: "${begin}" and "<!-- end -->"`)
    result = `${result.slice(0, from + begin.length)}\n${body}\n${result.slice(to)}`
  }
  return result
}

export function writeReport(groups, results) {
  const parts = { summary: summary(groups, results) }
  for (const [name, group] of Object.entries(groups)) {
    if (!(name in results)) continue
    parts[name] = part(group, results[name])
    for (const [file, svg] of Object.entries(group.plots?.(results[name].figures) ?? {})) writeFileSync(here(file), svg)
  }
  writeFileSync(README, filled(readFileSync(README, 'utf8'), parts))
}
