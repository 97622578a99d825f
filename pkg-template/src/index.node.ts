// The entry for Node, Deno and Bun: stores are directories.

import type { Nook } from './nook.js'
import { openStore, requireName, type OpenOptions } from './open.js'
import { node, type NodePlace } from './platform/node.js'

export * from './exports.js'

/** Opens a store, made if there is none, with what was kept of it. `memory:` is kept nowhere.
 *  @throws NookError INUSE where another process has it open, DAMAGED, IO */
export function open(name: string, options: OpenOptions & NodePlace = {}): Promise<Nook> {
  return openStore(node, name, options)
}

/** The names of the stores that are kept. */
export function list(place: NodePlace = {}): Promise<string[]> {
  return node.list(place)
}

/** Deletes what is kept of a store. Whoever has it open is told by `wiped`. */
export async function destroy(name: string, place: NodePlace = {}): Promise<void> {
  await node.destroy(requireName(name), place)
}
