// Appends to the store in the folder given until it is killed, and tells its parent each seq once it is kept.

import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import { batchOf } from './batch-of.js'

const [, , directory = ''] = process.argv
const storage = new FileStorage(directory)
const { epoch, lastSeq } = await storage.open()
for (let seq = lastSeq + 1; ; seq++) {
  await storage.append(epoch, seq, batchOf([Buffer.from(`step ${seq}`)]))
  process.send?.(seq)
}
