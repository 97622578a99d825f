// The table of a group: a line for each row and peer.
//
// A row names a measure and what is asked of it:
//
//     work      what is done, in words
//     measure   the name in the figures
//     unit      ns, ms, B
//     variant   whose figure is ours, `nookdb` unless said
//     atMost    { peer: ratio }: ours / theirs
//     fasterBy  { peer: times }: theirs / ours
//     limit     ours alone, in the unit
//     beside    [peer]: printed, nothing asked
//
// A peer's figure may be under another measure: `theirs: { peer: measure }`.

import { median, ratio } from '../harness/statistics.mjs'

/** How those are written whose names are not words of their own. */
const PEERS = { map: 'Map', 'b-tree': 'Map and B-tree', pglite: 'PGlite' }

const UNCACHED = 'uncached'

/** Three figures that count; none behind the point from 100 on. */
export function number(value) {
  if (value === 0) return '0'
  return value >= 99.5 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(value < 1 ? 2 : 3)))
}

/** The same, with as many figures more as it takes to be told from a target that it misses. */
function toldApart(value, target) {
  const short = number(value)
  return target === null || short !== number(target) || value === target ? short : String(Number(value.toPrecision(6)))
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

/** What came of a line: `{ ours, theirs, ratio, reached }`, null where there are no figures. */
function judged(line, ours, theirs) {
  if (ours === undefined) return null
  if (line.peer === null) return { ours: median(ours), reached: line.target === null ? null : median(ours) <= line.target }
  if (theirs === undefined) return null
  const compared = line.kind === 'fasterBy' ? ratio(theirs, ours) : ratio(ours, theirs)
  const reached = { atMost: compared.median <= line.target, fasterBy: compared.median >= line.target, beside: null }[line.kind]
  return { ours: median(ours), theirs: median(theirs), ratio: compared, reached }
}

/** `{ row, peer, kind, target, found, uncached }` for each line of which there are figures: `found` is what is judged, `uncached`
 *  what came of the same without the read cache, where that was measured. */
export function judgements(rows, figures) {
  return rows.flatMap((row) =>
    asked(row).flatMap((line) => {
      const ours = figures[row.measure] ?? {}
      const theirs = figures[row.theirs?.[line.peer] ?? row.measure]?.[line.peer]
      const found = judged(line, ours[row.variant ?? 'nookdb'], theirs)
      const uncached = row.variant === undefined ? judged(line, ours[UNCACHED], theirs) : null
      return found === null ? [] : [{ row, ...line, found, uncached }]
    }),
  )
}

const spread = ({ median: middle, low, high }, target) => `${toldApart(middle, target)} (${number(low)}–${number(high)})`
const BOUNDS = { atMost: (most) => `≤ ${most}`, fasterBy: (times) => `≥ ${times} ×`, limit: (most, unit) => `≤ ${most} ${unit}` }
const REACHED = { true: 'yes', false: '**no**', null: '' }

/** The same rows with nothing asked of them: what a smoke run measures is not to be judged. */
export function unjudged(rows) {
  return rows.map(({ atMost = {}, fasterBy = {}, beside = [], limit: _, ...row }) => ({
    ...row,
    beside: [...Object.keys(atMost), ...Object.keys(fasterBy), ...beside],
  }))
}

export const peerName = (peer) => PEERS[peer] ?? peer

/** In Markdown. */
export function table({ rows }, figures) {
  const lines = judgements(rows, figures)
  const hasUncached = lines.some(({ uncached }) => uncached !== null)
  const head = ['work', 'ours', 'peer', 'theirs', 'ratio (half of the rounds)', ...(hasUncached ? ['without read cache'] : []), 'target', 'reached']
  const cells = lines.map(({ row, peer, kind, target, found, uncached }) => {
    const times = kind === 'fasterBy' ? ' ×' : ''
    const ours = peer === null ? toldApart(found.ours, target) : number(found.ours)
    const theirs = peer === null ? ['', '', ''] : [peerName(peer), number(found.theirs), `${spread(found.ratio, target)}${times}`]
    const without = uncached === null ? '' : peer === null ? number(uncached.ours) : `${number(uncached.ratio.median)}${times}`
    const bound = target === null ? '' : BOUNDS[kind](target, row.unit)
    return [row.work, `${ours} ${row.unit}`, ...theirs, ...(hasUncached ? [without] : []), bound, REACHED[found.reached]]
  })
  return markdown(head, cells)
}

export function markdown(head, lines) {
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'))
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
