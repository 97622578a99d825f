// A store of words in memory, that a Durability keeps.

import { Durability, type DurabilityOptions, type State } from '../../../pkg-template/src/durability.js'
import { MemoryDisk, MemoryStorage } from '../../../pkg-template/src/storage/memory.js'
import { WordEngine } from './word-engine.js'

/** A store on a disk that outlives it, with what was seen of it. */
export interface Shop {
  readonly disk: MemoryDisk
  readonly storage: MemoryStorage
  readonly engine: WordEngine
  readonly durability: Durability
  readonly states: State[]
  say(...words: string[]): void
}

export async function openShop(options: DurabilityOptions = {}, disk = new MemoryDisk(), storage = new MemoryStorage(disk)): Promise<Shop> {
  const engine = new WordEngine()
  const states: State[] = []
  const onHealth = ({ state }: { state: State }): void => void states.push(state)
  const durability = await Durability.open(storage, engine, { onHealth, ...options })
  const say = (...words: string[]): void => {
    for (const word of words) {
      engine.say(word)
      durability.poke()
    }
  }
  return { disk, storage, engine, durability, states, say }
}

/** A call, because the compiler would take what is assigned here for what is found later. */
export function wipe(disk: MemoryDisk): void {
  disk.kept = null
}

/** What a crash at this moment would leave. */
export async function kept(disk: MemoryDisk): Promise<string[]> {
  const survivor = new MemoryDisk()
  survivor.kept = structuredClone(disk.kept)
  return (await openShop({}, survivor)).engine.words
}

export const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
