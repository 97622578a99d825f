// Pages, workers, service workers.

import type { Platform } from './platform.js'

/** @param loadModule how the script comes by the wasm
 *  @param keeping how it comes by what keeps stores */
export function browser(loadModule: Platform['loadModule'], keeping: Platform['keeping']): Platform {
  return {
    loadModule,
    keeping,
    maxMemory: 256 * 2 ** 20,
    durability: 'everysec',
    randomize: (words) => crypto.getRandomValues(words),
    timers: () => 'always',
  }
}
