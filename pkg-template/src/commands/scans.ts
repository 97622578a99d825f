// Iterators over scans: `for (const keys of db.scanIterator({ MATCH: 'session:*' })) db.del(keys)`.
//
// As in node-redis each turn gives a page, which may be empty. A store gives pages at once, a remote one later; `for await`
// takes both. What is there from the first page to the last is given, and may be given twice.

import type { Text } from '../client.js'
import type { Bytes, KeyScanOptions, ScanOptions } from './arguments.js'
import type { FieldValue, ScoredMember } from './replies.js'

/** Where to begin: a cursor of an earlier page. */
interface Start {
  readonly cursor?: Bytes | undefined
}

type Pages<M extends 'sync' | 'promise', Page> = M extends 'sync' ? Generator<Page, void, undefined> : AsyncGenerator<Page, void, undefined>

export interface ScanIterators<M extends 'sync' | 'promise', T extends Text> {
  /** Keys of the selected database, page by page. */
  scanIterator(options?: KeyScanOptions & Start): Pages<M, T[]>
  /** Fields of a hash with their values, page by page. */
  hScanIterator(key: Bytes, options?: ScanOptions & Start): Pages<M, FieldValue<T>[]>
  /** Fields of a hash, page by page. */
  hScanNoValuesIterator(key: Bytes, options?: ScanOptions & Start): Pages<M, T[]>
  /** Members of a set, page by page. */
  sScanIterator(key: Bytes, options?: ScanOptions & Start): Pages<M, T[]>
  /** Members of a sorted set with their scores, page by page. */
  zScanIterator(key: Bytes, options?: ScanOptions & Start): Pages<M, ScoredMember<T>[]>
}

interface Page {
  readonly cursor: string
  readonly [items: string]: unknown
}

/** Each iterator, the method that gives its pages, and where a page has its items. */
const ITERATORS = [
  ['scanIterator', 'scan', 'keys'],
  ['hScanIterator', 'hScan', 'entries'],
  ['hScanNoValuesIterator', 'hScanNoValues', 'fields'],
  ['sScanIterator', 'sScan', 'members'],
  ['zScanIterator', 'zScan', 'members'],
] as const

type Scans = Record<(typeof ITERATORS)[number][1], (...given: unknown[]) => unknown>
type Walk = (scan: (cursor: Bytes) => unknown, items: string, start: Bytes) => unknown

/** Gives the class of a store its iterators. */
export function addIterators(prototype: object): void {
  add(prototype, function* (scan, items, cursor) {
    do {
      const page = scan(cursor) as Page
      cursor = page.cursor
      yield page[items]
    } while (cursor !== '0')
  })
}

/** The same for a class whose methods are promises. */
export function addAsyncIterators(prototype: object): void {
  add(prototype, async function* (scan, items, cursor) {
    do {
      const page = (await scan(cursor)) as Page
      cursor = page.cursor
      yield page[items]
    } while (cursor !== '0')
  })
}

function add(prototype: object, walk: Walk): void {
  for (const [name, method, items] of ITERATORS) {
    const value = function (this: Scans, ...given: unknown[]): unknown {
      const key = method === 'scan' ? [] : given.splice(0, 1)
      const [options] = given as [Start?]
      return walk((cursor) => this[method](...key, cursor, options), items, options?.cursor ?? '0')
    }
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
  }
}
