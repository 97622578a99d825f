// What the file backend asks of a file system, and Node's answer. Each call is one thing that may fail or be cut by a crash;
// the tests put a disk here that forgets whatever was not synced.

import { constants, watch } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, rm, stat, statfs, truncate, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { joined, lengthOf } from './batch.js'

export interface FileSystem {
  /** Makes a directory in one that is there, and gives whether it did: false where there is something of that name. */
  makeDirectory(path: string): Promise<boolean>
  /** The names in a directory, none where there is no directory. */
  list(path: string): Promise<string[]>
  /** A whole file, null where there is none. */
  read(path: string): Promise<Uint8Array | null>
  /** Makes an empty file, and gives whether it did: false where there is one. Of several callers one alone is told true. */
  create(path: string): Promise<boolean>
  /** Gives a file another name, and gives whether it did: false where there is something of that name. Of several callers one alone is
   *  told true. */
  link(from: string, to: string): Promise<boolean>
  /** Makes or replaces a file, of parts that follow each other, and syncs its bytes, not its name. Where that is what fails, the error
   *  says 'fsync' as its `syscall`, and all of the parts may be there. */
  write(path: string, parts: readonly Uint8Array[]): Promise<void>
  /** Puts parts at the end of a file, which must be there, and syncs them; fails as `write` does. */
  append(path: string, parts: readonly Uint8Array[]): Promise<void>
  /** Cuts a file off, and syncs that. */
  truncate(path: string, lengthBytes: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Removes a file, or a directory with all it holds. One that is not there is no error. */
  remove(path: string): Promise<void>
  /** Makes what was done to the names in a directory durable. */
  syncDirectory(path: string): Promise<void>
  usage(path: string): Promise<{ usedBytes: number; freeBytes: number }>
  /** Calls back with the name of a file in a directory that changed; gives the function that ends this. */
  watch(path: string, onChange: (name: string) => void): () => void
}

export const nodeFileSystem: FileSystem = {
  makeDirectory: (path) => mkdir(path).then(() => true, unlessCode(['EEXIST'], false)),
  list: (path) => readdir(path).catch(unlessMissing([])),
  // Not as a Buffer, whose slice() shares what that of a Uint8Array copies.
  read: (path) => readFile(path).then(({ buffer, byteOffset, length }) => new Uint8Array(buffer, byteOffset, length), unlessMissing(null)),
  create: (path) => open(path, 'wx').then((file) => file.close()).then(() => true, unlessCode(['EEXIST'], false)),
  link: (from, to) => link(from, to).then(() => true, unlessCode(['EEXIST'], false)),
  write: (path, parts) => writeAndSync(path, 'w', parts),
  append: (path, parts) => writeAndSync(path, AT_THE_END, parts),
  async truncate(path, lengthBytes) {
    await truncate(path, lengthBytes)
    await writeAndSync(path, AT_THE_END, [])
  },
  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
  async syncDirectory(path) {
    // Windows opens no directories, and its renames need no such thing.
    if (process.platform === 'win32') return
    await closedAfter(await open(path, 'r'), (directory) => directory.sync())
  },
  async usage(path) {
    const sizeOf = (name: string): Promise<number> => stat(join(path, name)).then(({ size }) => size, unlessMissing(0))
    const sizes = await Promise.all((await readdir(path)).map(sizeOf))
    const { bavail, bsize } = await statfs(path)
    return { usedBytes: sizes.reduce((sum, size) => sum + size, 0), freeBytes: bavail * bsize }
  },
  watch(path, onChange) {
    const watcher = watch(path, { persistent: false }, (_event, name) => onChange(name ?? ''))
    // The directory was deleted: the next write says so.
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  },
}

/** Without O_CREAT, as which Node takes 'a': a file that is gone is not to be made again. */
const AT_THE_END = constants.O_WRONLY | constants.O_APPEND

/** Up to here parts are joined and go in one write: another trip to the file system costs more than the copy. */
const JOINED_BYTES = 64 * 1024

async function writeAndSync(path: string, flags: 'w' | number, parts: readonly Uint8Array[]): Promise<void> {
  await closedAfter(await open(path, flags), async (file) => {
    const pieces = lengthOf(parts) <= JOINED_BYTES ? [joined(parts)] : parts
    for (const piece of pieces) await file.writeFile(piece)
    await file.sync()
  })
}

/** Of two errors the first one counts: that a sync has failed says more than that closing did. */
async function closedAfter(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file)
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
  await file.close()
}

/** Makes a directory and those above it that are missing, and has their names be durable before anything is put into them: one that is
 *  empty may be what was made by somebody who was killed before that. Not by `recursive` of Node's mkdir, which never ends where the system
 *  says of a directory in one that is there that it is missing, as in /proc. */
export async function makeDirectories(files: FileSystem, path: string): Promise<void> {
  const above = dirname(path)
  if (above === path || (await files.list(path).catch(unlessClosed(null)))?.length !== 0) return
  await makeDirectories(files, above)
  await files.makeDirectory(path)
  await files.syncDirectory(above).catch(unlessClosed(undefined))
}

/** Of a directory that may be gone through or written to, and not be read, nothing can be asked; others know no sync, as where file
 *  systems are mounted. */
function unlessClosed<T>(instead: T): (error: unknown) => T {
  return unlessCode(['EACCES', 'EPERM', 'ERR_ACCESS_DENIED', 'EINVAL'], instead)
}

function unlessMissing<T>(instead: T): (error: unknown) => T {
  return unlessCode(['ENOENT'], instead)
}

function unlessCode<T>(codes: string[], instead: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, ...codes)) return instead
    throw error
  }
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Whether a call of the system failed, whichever, or that one. */
export function isOfSystem(error: unknown, call?: string): boolean {
  return error instanceof Error && 'syscall' in error && (call === undefined || error.syscall === call)
}
