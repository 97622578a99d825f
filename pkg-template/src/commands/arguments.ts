// What methods take, and how it is sent: the types of their parameters, and an encoder for each type that is not sent as
// it is. Names and shapes are node-redis's.

import type { Argument } from '../client.js'

/** A key, a member, a value: a string is sent as UTF-8. */
export type Bytes = string | Uint8Array

/** Where numbers are welcome too: they are sent as JavaScript prints them. */
export type Value = Bytes | number | bigint

/** A whole number; a bigint past 2^53 - 1. */
export type Integer = number | bigint

/** One, or several. */
export type Many<T> = T | readonly T[]

/** Seconds since 1970; of a `Date`, what is past the whole second is dropped. */
export type Seconds = number | Date

/** Milliseconds since 1970. */
export type Milliseconds = number | Date

/** What `expire` and its kin ask of the key before: no deadline, a deadline, an earlier one, a later one. */
export type ExpireMode = 'NX' | 'XX' | 'GT' | 'LT'

export type ListSide = 'LEFT' | 'RIGHT'

export type SortedSetSide = 'MIN' | 'MAX'

/** Keys or fields behind their number. */
export type Numbered = Many<Bytes>

/** Fields with their values, or keys with theirs: `{ a: 1 }`, a `Map`, `[['a', 1]]`, or `['a', 1]`. */
export type Pairs<T = Value> =
  | Readonly<Record<string, T>>
  | ReadonlyMap<T, T>
  | readonly (readonly [T, T])[]
  | readonly T[]

/** One field and its value, or many. */
export type FieldArguments = [field: Value, value: Value] | [fields: Pairs]

/** One parameter and its value, or many. */
export type ConfigArguments = [parameter: Bytes, value: Bytes] | [config: Readonly<Record<string, Bytes>>]

export interface Limit {
  readonly offset: number
  readonly count: number
}

/** How long a value lives: for so long, up to a moment, or for as long as the one before. */
export type Expiration =
  | { readonly type: 'EX' | 'PX'; readonly value: Integer }
  | { readonly type: 'EXAT' | 'PXAT'; readonly value: Integer | Date }
  | { readonly type: 'KEEPTTL' }
  | 'KEEPTTL'

export interface SetOptions {
  readonly expiration?: Expiration | undefined
  /** Seconds to live. */
  readonly EX?: Integer | undefined
  /** Milliseconds to live. */
  readonly PX?: Integer | undefined
  /** Deadline in seconds since 1970. */
  readonly EXAT?: Integer | Date | undefined
  /** Deadline in milliseconds since 1970. */
  readonly PXAT?: Integer | Date | undefined
  readonly KEEPTTL?: boolean | undefined
  /** `NX`: only a new key; `XX`: only one that exists; the others compare with `matchValue`. */
  readonly condition?: 'NX' | 'XX' | 'IFEQ' | 'IFNE' | 'IFDEQ' | 'IFDNE' | undefined
  readonly matchValue?: Bytes | undefined
  readonly NX?: boolean | undefined
  readonly XX?: boolean | undefined
  /** Answer the value before, or null. */
  readonly GET?: boolean | undefined
}

/** What becomes of the deadline of the key that is read. */
export type GetExOptions =
  | { readonly type: 'EX' | 'PX'; readonly value: Integer }
  | { readonly type: 'EXAT' | 'PXAT'; readonly value: Integer | Date }
  | { readonly type: 'PERSIST' }
  | { readonly EX: Integer }
  | { readonly PX: Integer }
  | { readonly EXAT: Integer | Date }
  | { readonly PXAT: Integer | Date }
  | { readonly PERSIST: true }

export interface CopyOptions {
  /** The database to copy to. */
  readonly DB?: number | undefined
  /** Whether a key of that name is replaced. */
  readonly REPLACE?: boolean | undefined
}

export interface RestoreOptions {
  readonly REPLACE?: boolean | undefined
  /** Whether the time to live is a deadline in milliseconds since 1970. */
  readonly ABSTTL?: boolean | undefined
  readonly IDLETIME?: number | undefined
  readonly FREQ?: number | undefined
}

export interface ScanOptions {
  /** A pattern: `*` `?` `[a-z]`. */
  readonly MATCH?: Bytes | undefined
  /** How many to look at, about. */
  readonly COUNT?: number | undefined
}

export interface KeyScanOptions extends ScanOptions {
  /** Only keys of this type: `string`, `hash`, `zset` ... */
  readonly TYPE?: Bytes | undefined
}

export interface SortOptions {
  /** A pattern for the weights, `*` being the element. */
  readonly BY?: Bytes | undefined
  readonly LIMIT?: Limit | undefined
  /** Patterns for what is answered in place of the element. */
  readonly GET?: Many<Bytes> | undefined
  readonly DIRECTION?: 'ASC' | 'DESC' | undefined
  /** Whether weights are compared as bytes rather than as numbers. */
  readonly ALPHA?: boolean | undefined
}

export interface LcsIdxOptions {
  readonly MINMATCHLEN?: number | undefined
}

export interface LPosOptions {
  /** Which of the matches comes first: 1 the first, -1 the last. */
  readonly RANK?: number | undefined
  /** How many elements are looked at, at most. */
  readonly MAXLEN?: number | undefined
}

export interface CountOption {
  readonly COUNT?: number | undefined
}

/** Where counting stops. */
export type LimitOption = number | { readonly LIMIT?: number | undefined }

export interface SortedSetMember {
  readonly value: Bytes
  readonly score: number
}

export type SortedSetMembers = Many<SortedSetMember>

export interface ZAddOptions {
  readonly condition?: 'NX' | 'XX' | undefined
  readonly NX?: boolean | undefined
  readonly XX?: boolean | undefined
  /** Whether a score is changed only to a lower or a higher one. */
  readonly comparison?: 'LT' | 'GT' | undefined
  readonly LT?: boolean | undefined
  readonly GT?: boolean | undefined
  /** Answer how many were changed, not how many were added. */
  readonly CH?: boolean | undefined
}

export interface ZRangeOptions {
  /** What `min` and `max` are: scores or members; ranks where it is left out. */
  readonly BY?: 'SCORE' | 'LEX' | undefined
  readonly REV?: boolean | undefined
  readonly LIMIT?: Limit | undefined
}

export interface ZRangeLimit {
  readonly LIMIT?: Limit | undefined
}

export interface WeightedKey {
  readonly key: Bytes
  readonly weight: number
}

/** Keys behind their number, and their weights where they have some. */
export type WeightedKeys = Many<Bytes> | Many<WeightedKey>

export interface ZAggregateOptions {
  /** What becomes of the scores of a member that is in several. */
  readonly AGGREGATE?: 'SUM' | 'MIN' | 'MAX' | undefined
}

export interface MemoryUsageOptions {
  readonly SAMPLES?: number | undefined
}

export interface BgSaveOptions {
  /** Whether it waits for a save that is running, where it would be refused. */
  readonly SCHEDULE?: boolean | undefined
}

export interface AuthOptions {
  readonly username?: Bytes | undefined
  readonly password: Bytes
}

export interface HelloOptions {
  readonly AUTH?: { readonly username: Bytes; readonly password: Bytes } | undefined
  readonly SETNAME?: Bytes | undefined
}

export type ClientListFilter =
  | { readonly TYPE: 'NORMAL' | 'MASTER' | 'REPLICA' | 'PUBSUB'; readonly ID?: never }
  | { readonly ID: Many<Bytes>; readonly TYPE?: never }

export interface CommandListOptions {
  readonly FILTERBY?: { readonly type: 'MODULE' | 'ACLCAT' | 'PATTERN'; readonly value: Bytes } | undefined
}

export type FlushMode = 'ASYNC' | 'SYNC'

/** Sent as ON or OFF. */
export type Switch = boolean

/** Puts a parameter at the end of an argv. */
export type Encoder<T> = (value: T, argv: Argument[]) => void

/** Sends a string or bytes as they are, a number as text; what was left out is not sent. One value stays one argument: a list is let
 *  in where a list is meant, by `pushEach`.
 *  @throws TypeError for anything else */
export function push(value: unknown, argv: Argument[]): void {
  if (value !== undefined) pushGiven(value, argv)
}

/** The same of what may not be left out: one word less would make another command of it.
 *  @throws TypeError for undefined too */
function pushGiven(value: unknown, argv: Argument[]): void {
  if (typeof value === 'string' || value instanceof Uint8Array) {
    argv.push(value)
  } else if (typeof value === 'number' || typeof value === 'bigint') {
    argv.push(value === Infinity ? '+inf' : value === -Infinity ? '-inf' : String(value))
  } else {
    refuse(value)
  }
}

/** Sends the items of a list, or what stands alone in its place. Lists do not nest.
 *  @throws TypeError for what is no argument, and where an item is undefined */
export function pushEach(given: unknown, argv: Argument[]): void {
  if (given !== undefined) for (const item of several(given)) pushGiven(item, argv)
}

/** @throws TypeError */
export function refuse(value: unknown): never {
  throw new TypeError(`a command takes strings, bytes and numbers, not ${value === null ? 'null' : Array.isArray(value) ? 'a list here' : typeof value}`)
}

/** Options that are sent in this order: a name in capitals stands before its value, or alone where that is `true`; of
 *  another only the value is sent. */
function options<T extends object>(...names: readonly (keyof T & string)[]): Encoder<T | undefined> {
  return (given, argv) => {
    if (given === undefined) return
    for (const name of names) option(name, given[name], argv)
  }
}

/** @param put  what sends the value: `pushEach` where it is a list */
function option(name: string, value: unknown, argv: Argument[], put = push): void {
  if (value === undefined || value === false) return
  if (name === name.toUpperCase()) argv.push(name)
  if (value !== true) put(value, argv)
}

/** A limit as the words behind LIMIT, in their order. */
function limit(given: Limit | undefined, argv: Argument[]): void {
  if (given !== undefined) option('LIMIT', [given.offset, given.count], argv, pushEach)
}

/** Each entry as two words. A list is one of pairs where all of its items are lists. */
function pairs(given: unknown, argv: Argument[]): void {
  const isObject = typeof given === 'object' && given !== null && !(given instanceof Uint8Array)
  const list: unknown = !isObject || Array.isArray(given) ? given : given instanceof Map ? [...given] : Object.entries(given)
  if (Array.isArray(list) && list.every(Array.isArray)) for (const pair of list) pushEach(pair, argv)
  else pushEach(list, argv)
}

/** A name and its value, each by itself, or many of them in one. */
function oneOrPairs(given: readonly unknown[], argv: Argument[]): void {
  if (given.length === 1) pairs(given[0], argv)
  else pushEach(given, argv)
}

function several<T>(given: Many<T>): readonly T[] {
  return isList(given) ? given : [given]
}

/** Array.isArray does not know read-only lists. */
function isList<T>(given: Many<T>): given is readonly T[] {
  return Array.isArray(given)
}

function numbered(given: Many<Bytes>, argv: Argument[]): void {
  const items = several(given)
  push(items.length, argv)
  pushEach(items, argv)
}

const EXPIRATIONS = ['EX', 'PX', 'EXAT', 'PXAT', 'KEEPTTL', 'PERSIST'] as const

interface Expirations extends Partial<Record<(typeof EXPIRATIONS)[number], Integer | Date | boolean | undefined>> {
  readonly type?: (typeof EXPIRATIONS)[number]
  readonly value?: Integer | Date | undefined
}

/** An expiration in either way of writing it: `{ type: 'EX', value: 10 }` and `{ EX: 10 }`. */
function expiration(given: Expirations, argv: Argument[]): void {
  const { type, value = true } = given
  if (type !== undefined) option(type, moment(type, value), argv)
  else for (const name of EXPIRATIONS) option(name, moment(name, given[name]), argv)
}

/** A moment in the unit of its option. */
function moment(option: string, value: Integer | Date | boolean | undefined): Integer | boolean | undefined {
  return value instanceof Date ? (option === 'EXAT' ? seconds(value) : value.getTime()) : value
}

function seconds(moment: Date): number {
  return Math.floor(moment.getTime() / 1000)
}

/** Encoders by the type of the parameter. The generator knows from here which types have one. */
export const ENCODERS = {
  Seconds: (given: Seconds, argv) => push(given instanceof Date ? seconds(given) : given, argv),
  Milliseconds: (given: Milliseconds, argv) => push(Number(given), argv),
  Switch: (given: Switch, argv) => push(given ? 'ON' : 'OFF', argv),
  Numbered: numbered,
  Pairs: pairs,
  FieldArguments: oneOrPairs,
  ConfigArguments: oneOrPairs,
  SetOptions(given: SetOptions | undefined, argv) {
    if (given === undefined) return
    const { expiration: explicit = given } = given
    expiration(explicit === 'KEEPTTL' ? { KEEPTTL: true } : explicit, argv)
    conditions(given, argv)
  },
  GetExOptions: (given: GetExOptions | undefined, argv) => given && expiration(given, argv),
  CopyOptions: options<CopyOptions>('DB', 'REPLACE'),
  RestoreOptions: options<RestoreOptions>('REPLACE', 'ABSTTL', 'IDLETIME', 'FREQ'),
  ScanOptions: options<ScanOptions>('MATCH', 'COUNT'),
  KeyScanOptions: options<KeyScanOptions>('MATCH', 'COUNT', 'TYPE'),
  SortOptions(given: SortOptions | undefined, argv) {
    option('BY', given?.BY, argv)
    limit(given?.LIMIT, argv)
    for (const pattern of several(given?.GET ?? [])) option('GET', pattern, argv)
    push(given?.DIRECTION, argv)
    option('ALPHA', given?.ALPHA, argv)
  },
  LcsIdxOptions: options<LcsIdxOptions>('MINMATCHLEN'),
  LPosOptions: options<LPosOptions>('RANK', 'MAXLEN'),
  CountOption: options<CountOption>('COUNT'),
  LimitOption: (given: LimitOption | undefined, argv) =>
    option('LIMIT', typeof given === 'object' ? given.LIMIT : given, argv),
  SortedSetMembers(given: SortedSetMembers, argv) {
    for (const { score, value } of several(given)) {
      pushGiven(score, argv)
      pushGiven(value, argv)
    }
  },
  ZAddOptions: options<ZAddOptions>('condition', 'NX', 'XX', 'comparison', 'LT', 'GT', 'CH'),
  ZRangeOptions(given: ZRangeOptions | undefined, argv) {
    if (given?.BY !== undefined) argv.push(`BY${given.BY}`)
    option('REV', given?.REV, argv)
    limit(given?.LIMIT, argv)
  },
  ZRangeLimit: (given: ZRangeLimit | undefined, argv) => limit(given?.LIMIT, argv),
  WeightedKeys(given: WeightedKeys, argv) {
    const keys = several<Bytes | WeightedKey>(given)
    numbered(keys.map((each) => (isWeighted(each) ? each.key : each)), argv)
    const weights = keys.filter(isWeighted).map(({ weight }) => weight)
    if (weights.length > 0) option('WEIGHTS', weights, argv, pushEach)
  },
  ZAggregateOptions: options<ZAggregateOptions>('AGGREGATE'),
  MemoryUsageOptions: options<MemoryUsageOptions>('SAMPLES'),
  BgSaveOptions: options<BgSaveOptions>('SCHEDULE'),
  AuthOptions({ username, password }: AuthOptions, argv) {
    push(username, argv)
    pushGiven(password, argv)
  },
  HelloOptions(given: HelloOptions | undefined, argv) {
    if (given?.AUTH !== undefined) option('AUTH', [given.AUTH.username, given.AUTH.password], argv, pushEach)
    option('SETNAME', given?.SETNAME, argv)
  },
  CommandListOptions: (given: CommandListOptions | undefined, argv) =>
    option('FILTERBY', given?.FILTERBY && [given.FILTERBY.type, given.FILTERBY.value], argv, pushEach),
  ClientListFilter(given: ClientListFilter | undefined, argv) {
    option('TYPE', given?.TYPE, argv)
    option('ID', given?.ID, argv, pushEach)
  },
} satisfies Record<string, Encoder<never>>

const conditions = options<SetOptions>('condition', 'matchValue', 'NX', 'XX', 'GET')

function isWeighted(key: Bytes | WeightedKey): key is WeightedKey {
  return typeof key === 'object' && !(key instanceof Uint8Array)
}
