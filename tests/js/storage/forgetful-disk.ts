// A file system in memory that crashes as a disk does: of what was not synced, some is there afterwards and some is not.

import { dirname } from 'node:path'
import { joined } from '../../../pkg-template/src/storage/batch.js'
import type { FileSystem } from '../../../pkg-template/src/storage/file-system.js'

interface Inode {
  bytes: Uint8Array
  /** What a crash leaves for certain. */
  synced: Uint8Array
  /** A sync has failed: later ones do nothing, and say nothing. */
  isForgotten?: boolean
}

export interface Faults {
  /** Called before each thing that reaches the disk, and in the middle of every write. */
  pass(): Promise<void>
  /** Repeatable numbers in [0, 1): what a crash leaves is drawn from them. */
  random(): number
  /** Syncs that do nothing: `bytes` of file contents, `names` of directory entries. */
  readonly ignoresSync?: 'bytes' | 'names'
}

export class ForgetfulDisk implements FileSystem {
  /** Bytes that are still free: writes fail with ENOSPC halfway once they are spent. */
  freeBytes = Infinity
  /** Fails the next write with this code, in the middle. */
  failNextWrite: string | null = null
  /** Fails the next sync of bytes with this code. As with Linux, what was to be synced is taken for written from then on. */
  failNextSync: string | null = null
  readonly #faults: Faults
  readonly #directories: Set<string>
  readonly #syncedDirectories: Set<string>
  readonly #names: Map<string, Inode>
  readonly #syncedNames: Map<string, Inode>
  readonly #watchers = new Set<{ path: string; onChange: (name: string) => void }>()

  constructor(faults: Faults, directories = new Set(['/']), names = new Map<string, Inode>()) {
    this.#faults = faults
    this.#directories = directories
    this.#syncedDirectories = new Set(directories)
    this.#names = names
    this.#syncedNames = new Map(names)
  }

  /** The disk as the next start finds it. This one may go on being written to: nobody will know. */
  afterCrash(): ForgetfulDisk {
    const names = new Map<string, Inode>()
    // In the order in which they were made: one that is lost takes along what is in it.
    const directories = new Set<string>(['/'])
    for (const path of this.#directories) {
      const isLeft = this.#syncedDirectories.has(path) || this.#faults.random() < 0.5
      if (isLeft && directories.has(dirname(path))) directories.add(path)
    }
    for (const path of new Set([...this.#names.keys(), ...this.#syncedNames.keys()])) {
      if (!directories.has(dirname(path))) continue
      const inode = (this.#faults.random() < 0.5 ? this.#names : this.#syncedNames).get(path)
      if (inode === undefined) continue
      const bytes = this.#left(inode)
      names.set(path, { bytes, synced: bytes })
    }
    return new ForgetfulDisk(this.#faults, directories, names)
  }

  #left({ bytes, synced }: Inode): Uint8Array {
    const draw = this.#faults.random()
    if (draw < 0.4) return synced
    if (draw < 0.6) return bytes
    // Some of what was added, or, where blocks reached the disk out of order, zeros in its place.
    const length = Math.min(bytes.length, synced.length + Math.floor((bytes.length - synced.length) * this.#faults.random()))
    const part = bytes.slice(0, Math.max(length, 0))
    if (draw > 0.8 && part.length > synced.length) part.fill(0, synced.length)
    return part
  }

  async makeDirectory(path: string): Promise<boolean> {
    if (!this.#directories.has(dirname(path))) throw failure('ENOENT', path)
    await this.#faults.pass()
    if (this.#directories.has(path)) return false
    this.#directories.add(path)
    return true
  }

  async list(path: string): Promise<string[]> {
    return [...this.#names.keys()].filter((name) => dirname(name) === path).map((name) => name.slice(path.length + 1))
  }

  async read(path: string): Promise<Uint8Array | null> {
    return this.#names.get(path)?.bytes.slice() ?? null
  }

  async create(path: string): Promise<boolean> {
    if (!this.#directories.has(dirname(path))) throw failure('ENOENT', path)
    await this.#faults.pass()
    if (this.#names.has(path)) return false
    this.#names.set(path, { bytes: new Uint8Array(0), synced: new Uint8Array(0) })
    return true
  }

  async link(from: string, to: string): Promise<boolean> {
    await this.#faults.pass()
    const inode = this.#names.get(from)
    if (inode === undefined) throw failure('ENOENT', from)
    if (this.#names.has(to)) return false
    this.#names.set(to, inode)
    return true
  }

  async write(path: string, parts: readonly Uint8Array[]): Promise<void> {
    if (!this.#directories.has(dirname(path))) throw failure('ENOENT', path)
    await this.#faults.pass()
    // One that is there is emptied where it lies, under all its names.
    const inode = this.#names.get(path) ?? { bytes: new Uint8Array(0), synced: new Uint8Array(0) }
    inode.bytes = new Uint8Array(0)
    this.#names.set(path, inode)
    await this.#add(inode, joined(parts), path)
  }

  async append(path: string, parts: readonly Uint8Array[]): Promise<void> {
    const inode = this.#names.get(path)
    if (inode === undefined) throw failure('ENOENT', path)
    await this.#faults.pass()
    await this.#add(inode, joined(parts), path)
  }

  async truncate(path: string, lengthBytes: number): Promise<void> {
    const inode = this.#names.get(path)
    if (inode === undefined) throw failure('ENOENT', path)
    await this.#faults.pass()
    this.freeBytes += inode.bytes.length - lengthBytes
    inode.bytes = inode.bytes.slice(0, lengthBytes)
    this.#sync(inode, path)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#faults.pass()
    const inode = this.#names.get(from)
    if (inode === undefined) throw failure('ENOENT', from)
    // So it is in POSIX: of two names of one file both stay.
    if (this.#names.get(to) === inode) return
    this.#names.delete(from)
    this.#names.set(to, inode)
    for (const { path, onChange } of this.#watchers) if (dirname(to) === path) onChange(to.slice(path.length + 1))
  }

  async remove(path: string): Promise<void> {
    await this.#faults.pass()
    for (const [name, inode] of this.#names) {
      if (name !== path && !name.startsWith(`${path}/`)) continue
      this.freeBytes += inode.bytes.length
      this.#names.delete(name)
    }
    for (const one of this.#directories) if (one === path || one.startsWith(`${path}/`)) this.#directories.delete(one)
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#faults.pass()
    if (this.#faults.ignoresSync === 'names') return
    for (const one of this.#directories) if (dirname(one) === path) this.#syncedDirectories.add(one)
    for (const one of this.#syncedDirectories) if (!this.#directories.has(one)) this.#syncedDirectories.delete(one)
    for (const name of new Set([...this.#names.keys(), ...this.#syncedNames.keys()])) {
      if (dirname(name) !== path) continue
      const inode = this.#names.get(name)
      if (inode === undefined) this.#syncedNames.delete(name)
      else this.#syncedNames.set(name, inode)
    }
  }

  async usage(): Promise<{ usedBytes: number; freeBytes: number }> {
    const usedBytes = [...this.#names.values()].reduce((sum, inode) => sum + inode.bytes.length, 0)
    return { usedBytes, freeBytes: this.freeBytes }
  }

  watch(path: string, onChange: (name: string) => void): () => void {
    const watcher = { path, onChange }
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** Deletes all of it for good, as a user does. */
  wipe(): void {
    this.#names.clear()
    this.#syncedNames.clear()
    for (const path of this.#directories) if (path !== '/') this.#directories.delete(path)
    this.#syncedDirectories.clear()
  }

  /** Changes a byte, as a bad disk does. */
  damage(path: string, at: number): void {
    const byte = this.#names.get(path)?.bytes.at(at)
    if (byte === undefined) throw new Error(`no byte ${at} in ${path}`)
    this.#names.get(path)?.bytes.fill(byte ^ 0xff, at, at + 1)
  }

  async #add(inode: Inode, bytes: Uint8Array, path: string): Promise<void> {
    const half = bytes.length >> 1
    inode.bytes = joined([inode.bytes, bytes.subarray(0, half)])
    await this.#faults.pass()
    const code = this.failNextWrite ?? (bytes.length > this.freeBytes ? 'ENOSPC' : null)
    this.failNextWrite = null
    this.freeBytes -= code === null ? bytes.length : half
    if (code !== null) throw failure(code, path)
    inode.bytes = joined([inode.bytes, bytes.subarray(half)])
    await this.#faults.pass()
    this.#sync(inode, path)
  }

  #sync(inode: Inode, path: string): void {
    const code = this.failNextSync
    this.failNextSync = null
    if (code !== null) {
      inode.isForgotten = true
      throw Object.assign(failure(code, path), { syscall: 'fsync' })
    }
    if (this.#faults.ignoresSync !== 'bytes' && !inode.isForgotten) inode.synced = inode.bytes
  }
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
