// The entry for Node, Deno and Bun.

import { Nook } from './nook.js'
import { openStore, type OpenOptions } from './open.js'
import { loadModule } from './platform/node.js'
import type { Platform } from './platform/platform.js'

export * from './exports.js'

const platform = { loadModule, maxMemory: 0, timers: true } as Platform<object>

export function open(name: string, options: OpenOptions = {}): Promise<Nook> {
  return openStore(platform, name, options)
}
