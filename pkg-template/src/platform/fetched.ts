// Pages and workers: the wasm is a file beside the script. The form of the URL is what Vite, webpack, Rspack and esbuild look for.

import { loadLate } from '../late.js'
import { fetchOr } from './fetch-or.js'

export const loadModule = () =>
  fetchOr(
    () => new URL('../wasm/nookdb_bg.wasm', import.meta.url),
    async () => (await loadLate('the engine', () => import('./inlined.js'))).loadModule(),
  )
