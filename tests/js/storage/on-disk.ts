// Files on a disk that does nothing wrong until it is told to.

import type { FileSystem } from '../../../pkg-template/src/storage/file-system.js'
import { FileStorage } from '../../../pkg-template/src/storage/files.js'
import type { Storage } from '../../../pkg-template/src/storage/storage.js'
import { ForgetfulDisk } from './forgetful-disk.js'

export async function steps(storage: Storage, seq = 0): Promise<string[]> {
  const all: string[] = []
  for await (const step of storage.readAfter(seq)) all.push(Buffer.from(step).toString())
  return all
}

export const step = (text: string): Uint8Array => Buffer.from(text)

/** A store on such a disk. */
export async function onDisk(): Promise<{ disk: ForgetfulDisk; storage: FileStorage; epoch: number; reopened: () => Promise<string[]> }> {
  const disk = new ForgetfulDisk({ pass: () => Promise.resolve(), random: () => 0 })
  const storage = new FileStorage('/shop', disk)
  const { epoch } = await storage.open()
  const reopened = async (): Promise<string[]> => {
    const next = new FileStorage('/shop', disk)
    await next.open()
    return steps(next)
  }
  return { disk, storage, epoch, reopened }
}

export type Interruptible = 'list' | 'read' | 'write' | 'rename' | 'truncate' | 'remove'

/** A disk as one storage sees it, where something comes in between at the `at`-th call of `method` for what begins with `path`: before
 *  what changes something is done, and after what is read was read. */
export function interrupted(disk: ForgetfulDisk, method: Interruptible, path: string, between: () => Promise<unknown>, at = 1): FileSystem {
  let calls = 0
  return new Proxy(disk, {
    get: (target, key: keyof FileSystem) => async (...call: string[]) => {
      const isMeant = key === method && call[0]?.startsWith(path) === true && ++calls === at
      const isChange = method !== 'list' && method !== 'read'
      if (isMeant && isChange) await between()
      const answer = await (target[key] as (...call: string[]) => unknown).apply(target, call)
      if (isMeant && !isChange) await between()
      return answer
    },
  })
}
