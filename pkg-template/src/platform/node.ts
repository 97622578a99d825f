// Node, and Bun and Deno, which read files as Node does.

import { readFile } from 'node:fs/promises'
import { once } from './platform.js'

export const loadModule = once(async () =>
  WebAssembly.compile(await readFile(new URL('../../wasm/nookdb_bg.wasm', import.meta.url))),
)
