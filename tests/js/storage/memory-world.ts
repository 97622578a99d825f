import { MemoryDisk, MemoryStorage } from '../../../pkg-template/src/storage/memory.js'
import type { Storage } from '../../../pkg-template/src/storage/storage.js'
import type { World } from './conformance.js'
import { crashPoints } from './crash-points.js'

/** A memory disk whose commits take a moment, so that what resolves too early is caught by the crash that comes first. */
export async function memoryWorld(wrap: (storage: Storage) => Storage = (storage) => storage): Promise<World> {
  const points = crashPoints()
  const sync = async (): Promise<void> => {
    await points.pass()
    await new Promise((resolve) => setTimeout(resolve, 1))
    await points.pass()
  }
  let disk = new MemoryDisk(sync)
  const crash = async (): Promise<void> => {
    const survivor = new MemoryDisk(sync)
    survivor.kept = structuredClone(disk.kept)
    disk = survivor
  }
  return {
    notifies: true,
    connect: () => wrap(new MemoryStorage(disk)),
    crash,
    crashDuring: (moment, work) => points.during(moment, work, crash),
    wipe: async () => {
      disk.kept = null
    },
    async setFormat(format) {
      if (disk.kept !== null) disk.kept.head = { ...disk.kept.head, format }
    },
    dispose: async () => undefined,
  }
}
