// The table of a group: a line for each row and peer.
//
// A row names a measure and what is asked of it:
//
//     work      what is done, in words
//     measure   the name in the figures
//     unit      ns, us, ms, s, bytes, MB
//     variant   whose figure is ours, `nookdb` unless said
//     atMost    { peer: ratio }: ours / theirs
//     fasterBy  { peer: times }: theirs / ours
//     limit     ours alone, in the unit
//     beside    [peer]: printed, nothing asked
//
// A peer's figure may be under another measure: `theirs: { peer: measure }`.

import { median, ratio } from '../harness/statistics.mjs'

/** How those are written whose names are not words of their own. */
export const PEERS = { map: 'Map', 'b-tree': 'Map and B-tree', pglite: 'PGlite' }

const UNCACHED = 'uncached'

/** Three figures that count; none behind the point from 100 on. */
export function number(value) {
  if (value === 0) return '0'
  return value >= 99.5 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(value < 1 ? 2 : 3)))
}

/** What a row asks: one line for each peer, or one for itself alone. */
function asked(row) {
  const lines = []
  for (const [peer, most] of Object.entries(row.atMost ?? {})) lines.push({ peer, target: most, kind: 'atMost' })
  for (const [peer, times] of Object.entries(row.fasterBy ?? {})) lines.push({ peer, target: times, kind: 'fasterBy' })
  if (row.limit !== undefined) lines.push({ peer: null, target: row.limit, kind: 'limit' })
  for (const peer of row.beside ?? []) lines.push({ peer, target: null, kind: 'beside' })
  return lines.length > 0 ? lines : [{ peer: null, target: null, kind: 'alone' }]
}

/** What came of a line, as `{ ours, theirs, ratio, reached }` with numbers; null where there is no figure of it. */
export function judge(row, line, byVariant, ofPeer = byVariant) {
  const ours = byVariant?.[row.variant ?? 'nookdb']
  if (ours === undefined) return null
  if (line.peer === null) return { ours: median(ours), reached: line.target === null ? null : median(ours) <= line.target }
  const theirs = ofPeer?.[line.peer]
  if (theirs === undefined) return null
  const compared = line.kind === 'fasterBy' ? ratio(theirs, ours) : ratio(ours, theirs)
  const reached = { atMost: () => compared.median <= line.target, fasterBy: () => compared.median >= line.target, beside: () => null }[line.kind]()
  return { ours: median(ours), theirs: median(theirs), ratio: compared, reached }
}

const spread = ({ median: middle, low, high }) => `${number(middle)} (${number(low)}–${number(high)})`
const target = { atMost: (most) => `≤ ${most}`, fasterBy: (times) => `≥ ${times} ×`, limit: (most, unit) => `≤ ${most} ${unit}`, beside: () => '', alone: () => '' }
const mark = { true: 'yes', false: '**no**', null: '' }

/** In Markdown. */
export function table({ rows }, figures) {
  const hasUncached = Object.values(figures).some((byVariant) => UNCACHED in byVariant)
  const head = ['work', 'ours', 'peer', 'theirs', 'ratio (half of the rounds)', ...(hasUncached ? ['without read cache'] : []), 'target', 'reached']
  const lines = []
  for (const row of rows) {
    for (const line of asked(row)) {
      const byVariant = figures[row.measure]
      const ofPeer = figures[row.theirs?.[line.peer] ?? row.measure]
      const found = judge(row, line, byVariant, ofPeer)
      if (found === null) continue
      const uncached = hasUncached && row.variant === undefined ? judge({ ...row, variant: UNCACHED }, line, byVariant, ofPeer) : null
      const times = line.kind === 'fasterBy' ? ' ×' : ''
      lines.push([
        row.work,
        `${number(found.ours)} ${row.unit}`,
        line.peer === null ? '' : (PEERS[line.peer] ?? line.peer),
        line.peer === null ? '' : number(found.theirs),
        line.peer === null ? '' : `${spread(found.ratio)}${times}`,
        ...(hasUncached ? [uncached === null ? '' : line.peer === null ? number(uncached.ours) : `${number(uncached.ratio.median)}${times}`] : []),
        line.target === null ? '' : target[line.kind](line.target, row.unit),
        mark[found.reached],
      ])
    }
  }
  return markdown(head, lines)
}

export function markdown(head, lines) {
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'))
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
