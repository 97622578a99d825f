// What is downloaded, as benches/sizes.mjs prints it.

import { join } from 'node:path'
import { giveUp, output, root } from '../../pkg-template/steps.mjs'
import { table } from '../report/table.mjs'

export const about = 'what is downloaded'

/** By the names of the files; a kB is 1,000 bytes, the smaller of the two that are called so. */
export const rows = [
  { work: 'wasm with every core family, raw', measure: 'nookdb_bg.wasm, raw', unit: 'kB', limit: 450 },
  { work: 'wasm with every core family, brotli', measure: 'nookdb_bg.wasm, brotli', unit: 'kB', limit: 150 },
  { work: 'JavaScript of the entry for pages, gzip', measure: 'entry browser, bundled, gzip', unit: 'kB', limit: 14 },
  { work: 'wasm of the slim entry, brotli', measure: 'slim_bg.wasm, brotli', unit: 'kB', limit: 60 },
]

/** A file or an entry, and its size raw, with gzip and with brotli. */
const LINE = /^(\S.*?)\s+(\d+)\s+(\d+)\s+(\d+)$/

export async function measure({ say }) {
  say('raw, gzip, brotli')
  const text = await output(process.execPath, [join(root, 'benches/sizes.mjs')])
  if (text === null) giveUp('there is no pkg/ to measure: run make build')
  const lines = text.trimEnd().split('\n')
  const figures = { lines }
  for (const line of lines) {
    const [, file, ...sizes] = LINE.exec(line) ?? []
    if (file === undefined) continue
    for (const [at, how] of ['raw', 'gzip', 'brotli'].entries()) figures[`${file}, ${how}`] = { nookdb: [Number(sizes[at]) / 1000] }
  }
  return figures
}

export const report = (figures) => [table({ rows }, figures), '', '```text', ...figures.lines, '```'].join('\n')
