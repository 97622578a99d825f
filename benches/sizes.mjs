// Prints what a page downloads: each file of pkg/ raw, with gzip and with brotli, at the levels that web servers keep on disk.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { root } from '../pkg-template/steps.mjs'

const FOLDERS = ['pkg/wasm', 'pkg/dist']
const DOWNLOADED = /\.(wasm|js)$/

function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  })
}

const row = (name, ...sizes) => console.log(`${name.padEnd(40)}${sizes.map((size) => String(size).padStart(10)).join('')}`)

row('bytes', 'raw', 'gzip -9', 'brotli 11')
for (const folder of FOLDERS) {
  for (const name of readdirSync(join(root, folder), { recursive: true }).filter((name) => DOWNLOADED.test(name)).sort()) {
    const bytes = readFileSync(join(root, folder, name))
    row(join(folder, name), bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes).length)
  }
}
