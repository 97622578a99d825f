// The table of contents of a store in files: what is in it, and the manifest behind that.
//
//   head = 'NKH1', crc32 of the rest: u32, length of the JSON: u32, JSON, manifest      little-endian

import { crc32 } from 'node:zlib'
import { requireFormat } from './rules.js'
import type { ChunkId } from './storage.js'

const MAGIC = Buffer.from('NKH1')
const CRC_AT = 4
const LENGTH_AT = 8
const HEADER_BYTES = 12

/** A file of the journal to which nothing is added any more. What may stand behind `bytes` was never acknowledged. */
export interface SealedSegment {
  readonly file: string
  readonly bytes: number
  readonly lastSeq: number
}

export interface FileHead {
  /** That of the store (rules.ts). */
  readonly format: number
  readonly baseSeq: number
  /** The file of each chunk. Files are named anew each time, so that nobody ever writes to one that is in use. */
  readonly chunks: readonly (readonly [ChunkId, string])[]
  /** In the order of their steps. */
  readonly sealed: readonly SealedSegment[]
  /** The segment that grows; there is no such file before the first append to it. */
  readonly growing: string
  readonly hasManifest: boolean
}

export function encodeHead(head: FileHead, manifest: Uint8Array | null): Uint8Array {
  const json = Buffer.from(JSON.stringify(head))
  const bytes = Buffer.concat([Buffer.alloc(HEADER_BYTES), json, manifest ?? new Uint8Array(0)])
  MAGIC.copy(bytes)
  bytes.writeUInt32LE(json.length, LENGTH_AT)
  bytes.writeUInt32LE(crc32(bytes.subarray(LENGTH_AT)), CRC_AT)
  return bytes
}

/** Null when the bytes are no head, or were changed. @throws UNSUPPORTED */
export function decodeHead(encoded: Uint8Array): { head: FileHead; manifest: Uint8Array | null } | null {
  const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, CRC_AT).equals(MAGIC)) return null
  if (crc32(bytes.subarray(LENGTH_AT)) !== bytes.readUInt32LE(CRC_AT)) return null
  const jsonEnd = HEADER_BYTES + bytes.readUInt32LE(LENGTH_AT)
  const head = JSON.parse(bytes.toString('utf8', HEADER_BYTES, jsonEnd)) as FileHead
  requireFormat(head.format)
  return { head, manifest: head.hasManifest ? new Uint8Array(bytes.subarray(jsonEnd)) : null }
}
