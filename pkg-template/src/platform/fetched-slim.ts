// As fetched.ts, for the slim engine: bundlers want the name of the file in the source.

import { fetchOr } from './fetch-or.js'

export const loadModule = () =>
  fetchOr(
    () => new URL('../wasm/slim_bg.wasm', import.meta.url),
    async () => (await import('./inlined-slim.js')).loadModule(),
  )
