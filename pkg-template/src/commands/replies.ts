// What methods answer: types that need a name, and a transform for each answer that is not given as it comes.
//
// `Text` is a bulk string: a string, or bytes where the client was asked for bytes. Shapes are node-redis's.

import type { Transform } from '../client.js'
import { NookError } from '../errors.js'
import type { Reply } from '../reply.js'

export interface ScoredMember<Text> {
  value: Text
  score: number
}

export interface FieldValue<Text> {
  field: Text
  value: Text
}

/** An element, and the list that it was taken from. */
export interface PoppedElement<Text> {
  key: Text
  element: Text
}

/** A member, and the sorted set that it was taken from. */
export interface PoppedMember<Text> extends ScoredMember<Text> {
  key: Text
}

/** Members, and the sorted set that they were taken from. */
export interface PoppedMembers<Text> {
  key: Text
  members: ScoredMember<Text>[]
}

/** A rank counts from 0. */
export interface RankAndScore {
  rank: number
  score: number
}

// A page of a scan. The scan is over when the cursor is '0'.

export interface KeyPage<Text> {
  cursor: string
  keys: Text[]
}

export interface EntryPage<Text> {
  cursor: string
  entries: FieldValue<Text>[]
}

export interface FieldPage<Text> {
  cursor: string
  fields: Text[]
}

export interface MemberPage<Text> {
  cursor: string
  members: Text[]
}

export interface ScoredMemberPage<Text> {
  cursor: string
  members: ScoredMember<Text>[]
}

/** First and last index, both of them within. */
export type LcsRange = [start: number, end: number]

export interface LcsMatches {
  matches: [key1: LcsRange, key2: LcsRange][]
  len: number
}

export interface LcsMatchesWithLength {
  matches: [key1: LcsRange, key2: LcsRange, length: number][]
  len: number
}

/** Since 1970, in decimal. */
export type Time = [seconds: `${number}`, microseconds: `${number}`]

export interface HelloReply {
  server: string
  version: string
  proto: 2 | 3
  id: number
  mode: string
  role: string
  modules: string[]
}

/** A connection; what else its line has is there too, under its name in camel case. */
export interface ClientInfo {
  id: number
  addr: string
  fd: number
  name: string
  age: number
  idle: number
  flags: string
  db: number
  sub: number
  psub: number
  multi: number
  qbuf: number
  qbufFree: number
  argvMem: number
  obl: number
  oll: number
  omem: number
  totMem: number
  events: string
  cmd: string
  user: string
  laddr?: string
  redir?: number
  ssub?: number
  multiMem?: number
  resp?: number
  libName?: string
  libVer?: string
}

/** A command, as COMMAND INFO tells of it. */
export interface CommandInfo {
  name: string
  arity: number
  flags: Set<string>
  firstKeyIndex: number
  lastKeyIndex: number
  step: number
  categories: Set<string>
}

/** A reply that is passed on. */
export const unchanged: Transform = (reply) => reply

const decoder = new TextDecoder()

/** What is a string in every mode: names, cursors, numbers. */
function string(reply: Reply | undefined): string {
  return reply instanceof Uint8Array ? decoder.decode(reply) : String(reply)
}

function list(reply: Reply | undefined): Reply[] {
  if (Array.isArray(reply)) return reply
  throw new NookError('PROTOCOL', 'malformed reply: a list was awaited')
}

const orNull =
  (transform: Transform): Transform =>
  (reply) =>
    reply === null ? null : transform(reply)

const each =
  (transform: Transform): Transform =>
  (reply) =>
    list(reply).map(transform)

/** `[a, b, a, b]` as `[[a, b], [a, b]]`. */
function couples(reply: Reply | undefined): Reply[][] {
  const flat = list(reply)
  return Array.from({ length: flat.length / 2 }, (_, at) => flat.slice(2 * at, 2 * at + 2))
}

/** Entries as properties of an object that inherits none. */
function record(entries: Iterable<readonly [Reply, Reply]>, value: Transform = unchanged): object {
  const object: Record<string, unknown> = Object.create(null)
  for (const [name, given] of entries) object[string(name)] = value(given)
  return object
}

/** A map, or keys and values in turn. */
const mapped =
  (value: Transform): Transform =>
  (reply) => {
    if (reply instanceof Map) return record(reply, value)
    const flat = list(reply)
    const object: Record<string, unknown> = Object.create(null)
    for (let at = 0; at + 1 < flat.length; at += 2) object[string(flat[at])] = value(flat[at + 1] ?? null)
    return object
  }

/** A score: in scans it comes as a bulk string. */
function score(reply: Reply | undefined): number {
  const text = string(reply)
  return Number(text.replace('inf', 'Infinity'))
}

const scoredMember: Transform = (reply) => {
  const [value, points] = list(reply)
  return { value, score: typeof points === 'number' ? points : score(points) }
}

const fieldValue: Transform = (reply) => {
  const [field, value] = list(reply)
  return { field, value }
}

/** A page whose items have this name; in scans entries come flat. */
const page =
  (name: string, items: (reply: Reply | undefined) => unknown): Transform =>
  (reply) => {
    const [cursor, found] = list(reply)
    return { cursor: string(cursor), [name]: items(found) }
  }

const clientInfo = (line: string): object => {
  const properties = [...line.matchAll(/([^\s=]+)=(\S*)/g)].map(([, name = '', value = '']) => [
    name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    TEXTS.has(name) ? value : Number(value),
  ])
  return Object.fromEntries(properties)
}

/** The properties of a client that are no numbers. */
const TEXTS = new Set(['addr', 'laddr', 'name', 'flags', 'events', 'cmd', 'user', 'lib-name', 'lib-ver'])

const commandInfo: Transform = (reply) => {
  const [name, arity, flags, firstKeyIndex, lastKeyIndex, step, categories] = list(reply)
  return {
    name: string(name),
    arity,
    flags: new Set(list(flags).map(string)),
    firstKeyIndex,
    lastKeyIndex,
    step,
    categories: new Set(list(categories).map(string)),
  }
}

/** Transforms by the answer, without its `<Text>`. The generator knows from here which answers have one. */
export const TRANSFORMS: Readonly<Record<string, Transform>> = {
  'Record<string, Text>': mapped(unchanged),
  'Record<string, number>': mapped(Number),
  'FieldValue[]': each(fieldValue),
  'ScoredMember[]': each(scoredMember),
  // An empty sorted set gives an empty list, and its one member comes without a list of its own.
  'ScoredMember | null': (reply) => (list(reply).length === 0 ? null : scoredMember(reply)),
  'RankAndScore | null': orNull((reply) => {
    const [rank, score] = list(reply)
    return { rank, score }
  }),
  'PoppedElement | null': orNull((reply) => {
    const [key, element] = list(reply)
    return { key, element }
  }),
  'PoppedMember | null': orNull((reply) => {
    const [key, value, score] = list(reply)
    return { key, value, score }
  }),
  'PoppedMembers | null': orNull((reply) => {
    const [key, members] = list(reply)
    return { key, members: list(members).map(scoredMember) }
  }),
  KeyPage: page('keys', list),
  EntryPage: page('entries', (found) => couples(found).map(fieldValue)),
  FieldPage: page('fields', list),
  MemberPage: page('members', list),
  ScoredMemberPage: page('members', (found) => couples(found).map(scoredMember)),
  LcsMatches: mapped(unchanged),
  LcsMatchesWithLength: mapped(unchanged),
  Time: each(string),
  HelloReply: mapped((reply) => (reply instanceof Uint8Array ? string(reply) : reply)),
  ClientInfo: (reply) => clientInfo(string(reply)),
  'ClientInfo[]': (reply) => string(reply).split('\n').filter(Boolean).map(clientInfo),
  'CommandInfo[]': each(commandInfo),
  '(CommandInfo | null)[]': each(orNull(commandInfo)),
  'string[]': each(string),
  string,
}
