// The logs of LevelDB, in which Chromium keeps IndexedDB: records in blocks of 32 KiB, each behind a header of a masked CRC-32C
// (4 bytes), a length (2) and a type (1). https://github.com/google/leveldb/blob/main/doc/log_format.md

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const BLOCK_BYTES = 32 * 1024
const HEADER_BYTES = 7

/**
 * Whether a log in a folder has a record that was cut off, and others behind it.
 *
 * A kill while LevelDB writes leaves a part of a record at the end, which it passes over when it starts again. But Chromium has it
 * go on with the same log, behind that part; the start after that one reads into it, takes the database for corrupt, and
 * Chromium deletes it.
 */
export async function hasTornRecord(folder: string): Promise<boolean> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const logs = names.filter((name) => /(?:^|\/)(?:\d+\.log|MANIFEST-\d+)$/.test(name))
  const contents = await Promise.all(logs.map((name) => readFile(join(folder, name))))
  return contents.some(isTorn)
}

export function isTorn(log: Buffer): boolean {
  for (let at = 0; at < log.length; ) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES)
    if (left < HEADER_BYTES) {
      at += left
      continue
    }
    if (at + HEADER_BYTES > log.length) return false
    const end = at + HEADER_BYTES + log.readUInt16LE(at + 4)
    // What is cut off at the end is passed over.
    if (end > log.length) return false
    if (masked(crc32c(log.subarray(at + 6, end))) !== log.readUInt32LE(at)) return true
    at = end
  }
  return false
}

function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return ~crc >>> 0
}
