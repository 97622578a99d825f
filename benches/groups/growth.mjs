// The cost of a GET and a SET from a thousand keys to ten million, as plots.

import { inFreshProcess } from '../harness/processes.mjs'
import { interleave } from '../harness/rounds.mjs'
import { median } from '../harness/statistics.mjs'
import { chart } from '../report/chart.mjs'
import { markdown, number, peerName } from '../report/table.mjs'

export const about = 'GET and SET from a thousand keys to ten million, in Node'

/** Nothing is asked of it, and it is long: fewer rounds than others have. */
const MOST_ROUNDS = 3

const SIZES = [1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]
const QUICK_SIZES = [100, 300, 1000]

const VARIANTS = {
  nookdb: { peer: 'nookdb' },
  map: { peer: 'map' },
  'lru-cache': { peer: 'lru-cache' },
}

/** Ten million entries of a Map do not fit into what Node allows itself. */
const ROOM = ['--max-old-space-size=12288']

export const rows = []

export async function measure({ rounds, quick, say }) {
  const params = { sizes: quick ? QUICK_SIZES : SIZES }
  const take = (variant) => inFreshProcess({ workload: 'growth.mjs#growth', ...VARIANTS[variant], params, flags: ROOM })
  return interleave({ variants: Object.keys(VARIANTS), rounds: Math.min(rounds, MOST_ROUNDS), take, say })
}

const COMMANDS = { GET: 'GET of a key that is there, fresh key', SET: 'SET of a new key' }

/** `[{ name, points: [{ x: keys, y: ns }] }]` for one command. */
function series(figures, command) {
  const measures = Object.keys(figures).filter((measure) => measure.startsWith(`${command} `))
  return Object.keys(VARIANTS).map((variant) => ({
    name: peerName(variant),
    points: measures.map((measure) => ({ x: Number(measure.split(' ')[1]), y: median(figures[measure][variant]) })).sort((a, b) => a.x - b.x),
  }))
}

/** The plots, by the name of their file. */
export function plots(figures) {
  return Object.fromEntries(
    Object.entries(COMMANDS).map(([command, title]) => [
      `growth-${command.toLowerCase()}.svg`,
      chart({ title: `${title}: ns a call`, xTitle: 'keys (both axes are logarithmic)', series: series(figures, command) }),
    ]),
  )
}

/** In the README: the plots, and the figures behind them. */
export function report(figures) {
  const parts = Object.entries(COMMANDS).map(([command, title]) => {
    const lines = series(figures, command)
    const head = [`${command}, ns`, ...lines.map(({ name }) => name)]
    const rows = lines[0].points.map(({ x }, at) => [x.toLocaleString('en'), ...lines.map(({ points }) => number(points[at].y))])
    return `![${title}, from a thousand keys to ten million](growth-${command.toLowerCase()}.svg)\n\n${markdown(head, rows)}`
  })
  return parts.join('\n\n')
}
