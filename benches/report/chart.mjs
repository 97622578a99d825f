// A plot of lines over two logarithmic axes, as SVG that can be read on light and on dark ground.

const WIDTH = 720
const HEIGHT = 400
const PLOT = { left: 64, right: 600, top: 48, bottom: 344 }

/** Told apart also by who cannot tell colours: Okabe and Ito's, and a dash of its own each. */
const LINES = [
  { light: '#0072b2', dark: '#56b4e9', dash: '' },
  { light: '#b34700', dark: '#e69f00', dash: '6 4' },
  { light: '#6b6b6b', dark: '#a8a8a8', dash: '2 3' },
]

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .grid { stroke: #1f2328; stroke-opacity: .15 }
  .line { fill: none; stroke-width: 2.5 }
${LINES.map(({ light }, at) => `  .s${at} { stroke: ${light} } .n${at} { fill: ${light} }`).join('\n')}
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .grid { stroke: #e6edf3 }
${LINES.map(({ dark }, at) => `    .s${at} { stroke: ${dark} } .n${at} { fill: ${dark} }`).join('\n')}
  }`

const short = (value) => (value >= 1e6 ? `${value / 1e6}M` : value >= 1000 ? `${value / 1000}k` : String(value))

/** 1, 2 and 5 of each decade between two numbers, those around them included: what a reader multiplies by with ease. */
function ticks(low, high, steps) {
  const found = []
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high * 10; decade *= 10) {
    for (const step of steps) found.push(step * decade)
  }
  const first = found.findLastIndex((tick) => tick <= low)
  const last = found.findIndex((tick) => tick >= high)
  return found.slice(Math.max(first, 0), last + 1)
}

/** Where on an axis from `from` to `to`, in pixels, a number lies. */
function scale(ticks, from, to) {
  const [low, high] = [Math.log(ticks[0]), Math.log(ticks.at(-1))]
  return (value) => from + ((Math.log(value) - low) / (high - low)) * (to - from)
}

/** Moves labels apart that would lie on one another; they stay in their order. */
function apart(places, distance) {
  const order = places.map((_, at) => at).sort((a, b) => places[a] - places[b])
  const moved = [...places]
  for (let at = 1; at < order.length; at++) moved[order[at]] = Math.max(moved[order[at]], moved[order[at - 1]] + distance)
  return moved
}

/** @param {{ title: string, xTitle: string, series: { name: string, points: { x: number, y: number }[] }[] }} what */
export function chart({ title, xTitle, series }) {
  if (series.length > LINES.length) throw new Error(`${series.length} lines, and ${LINES.length} ways to draw one`)
  const all = series.flatMap(({ points }) => points)
  const xs = ticks(Math.min(...all.map(({ x }) => x)), Math.max(...all.map(({ x }) => x)), [1])
  const ys = ticks(Math.min(...all.map(({ y }) => y)), Math.max(...all.map(({ y }) => y)), [1, 2, 5])
  const x = scale(xs, PLOT.left, PLOT.right)
  const y = scale(ys, PLOT.bottom, PLOT.top)
  const at = (value) => value.toFixed(1)
  const grid = [
    ...xs.map((tick) => `<line class="grid" x1="${at(x(tick))}" x2="${at(x(tick))}" y1="${PLOT.top}" y2="${PLOT.bottom}"/><text x="${at(x(tick))}" y="${PLOT.bottom + 20}" text-anchor="middle">${short(tick)}</text>`),
    ...ys.map((tick) => `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y(tick))}" y2="${at(y(tick))}"/><text x="${PLOT.left - 8}" y="${at(y(tick) + 4)}" text-anchor="end">${short(tick)}</text>`),
  ]
  const names = apart(series.map(({ points }) => y(points.at(-1).y)), 18)
  const lines = series.map(({ name, points }, n) => {
    const path = points.map((point) => `${at(x(point.x))},${at(y(point.y))}`).join(' ')
    const dash = LINES[n].dash === '' ? '' : ` stroke-dasharray="${LINES[n].dash}"`
    return `<polyline class="line s${n}"${dash} points="${path}"/><text class="n${n}" x="${PLOT.right + 10}" y="${at(names[n] + 4)}">${name}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>${title}</title>
<style>${STYLE}
</style>
<text class="title" x="${PLOT.left}" y="24">${title}</text>
<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${xTitle}</text>
${[...grid, ...lines].join('\n')}
</svg>
`
}
