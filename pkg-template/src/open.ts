import { Core } from './core.js'
import { NookError } from './errors.js'
import { Nook } from './nook.js'
import type { Platform } from './platform/platform.js'

/** A name that begins like this is of a store that is kept nowhere, and shared with nobody. */
export const MEMORY = 'memory:'

export interface OpenOptions {
  /** What keys and values may weigh, in bytes; commands that would go beyond it fail with OOM, or evict. 0 is without bound.
   *  @default 256 MB in a page, 64 MB in workerd, none in Node */
  readonly maxMemory?: number
  /** Settings by the names of `CONFIG SET`: `{ 'maxmemory-policy': 'allkeys-lru' }`. */
  readonly config?: Readonly<Record<string, string>>
}

export async function openStore<Place>(
  platform: Platform<Place>,
  name: string,
  options: OpenOptions & Place,
): Promise<Nook> {
  if (name === '') throw new NookError('ERR', 'ERR a store needs a name')
  const core = new Core({
    module: await platform.loadModule(),
    maxMemory: options.maxMemory ?? platform.maxMemory,
    journaling: false,
    timers: platform.timers,
    config: options.config ?? {},
    keeper: null,
  })
  await core.start()
  return new Nook(name, core)
}
