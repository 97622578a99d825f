// As fetched.ts, for the slim engine: bundlers want the name of the file in the source.

import { loadLate } from '../late.js'
import { fetchOr } from './fetch-or.js'

export const loadModule = () =>
  fetchOr(
    () => new URL('../wasm/slim_bg.wasm', import.meta.url),
    async () => (await loadLate('the engine', () => import('./inlined-slim.js'))).loadModule(),
  )
