// What Node's entries load when the first store is opened that is kept.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { takeFileLock } from './file-lock.js'
import type { Lock, LockRequest } from './lock.js'

export { destroyFiles, FileStorage, listFiles } from './files.js'

/** Takes the lock of a store in a folder of stores, made if it is not there. @throws INUSE */
export async function takeLockIn(folder: string, request: LockRequest): Promise<Lock> {
  await mkdir(folder, { recursive: true })
  return takeFileLock(join(folder, `${request.name}~lock`), request)
}
