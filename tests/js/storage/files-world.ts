import { join } from 'node:path'
import type { FileSystem } from '../../../pkg-template/src/storage/file-system.js'
import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import { crashPoints } from './crash-points.js'
import { randomFrom, type World } from './conformance.js'
import { ForgetfulDisk, type Faults } from './forgetful-disk.js'

const DIRECTORY = '/stores/shop'

/** Has a store's table of writers say another format. */
export async function setWriterFormat(files: FileSystem, directory: string, format: number): Promise<void> {
  const path = join(directory, 'writer')
  const writer = JSON.parse(Buffer.from((await files.read(path)) ?? []).toString()) as object
  await files.write(path, [Buffer.from(JSON.stringify({ ...writer, format }))])
  await files.syncDirectory(directory)
}

/** Files on a disk that forgets. Each world crashes in its own way, drawn from `seed`. */
export async function filesWorld(seed: number, ignoresSync?: 'bytes' | 'names'): Promise<World> {
  const points = crashPoints()
  const faults: Faults = {
    pass: () => points.pass(),
    random: randomFrom(seed),
    ...(ignoresSync === undefined ? {} : { ignoresSync }),
  }
  let disk = new ForgetfulDisk(faults)
  const crash = async (): Promise<void> => {
    disk = disk.afterCrash()
  }
  return {
    notifies: true,
    connect: () => new FileStorage(DIRECTORY, disk),
    crash,
    crashDuring: (moment, work) => points.during(moment, work, crash),
    wipe: async () => disk.wipe(),
    setFormat: (format) => setWriterFormat(disk, DIRECTORY, format),
    dispose: async () => undefined,
  }
}
