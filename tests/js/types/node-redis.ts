// The methods of commands have node-redis's names, take what its methods take, and answer what they answer. Nothing here
// is run: tsc (`make lint`) finds what does not fit, and says the method's name.

import type { RedisClientType } from '@redis/client'
import type NodeRedis from '@redis/client/dist/lib/commands/index.js'
import type { Multi } from '../../../pkg-template/src/client.js'
import type { Commands } from '../../../pkg-template/src/commands/generated.js'
import type { ScanIterators } from '../../../pkg-template/src/commands/scans.js'

type Ours = Commands<'promise', string>
type Theirs = RedisClientType
type Name = keyof Ours & keyof Theirs

/** Only compiles where no name is given. */
declare function none<Names extends never>(): Names

// Every method has a name that node-redis knows.
none<Exclude<keyof Ours, keyof Theirs>>()

type Methods<T> = { [K in keyof T & string]: K extends Uncapitalize<K> ? K : never }[keyof T & string]

/** Families that the table has no row of: access lists, clusters, streams, places, vectors, bitmaps, scripts ... */
type OtherFamilies =
  | `${'acl' | 'cluster' | 'x' | 'geo' | 'v' | 'bit' | 'pf' | 'eval' | 'function' | 'script' | 'latency' | 'module' | 'hotkeys'}${Capitalize<string>}`
  | ('asking' | 'readonly' | 'fCall' | 'fCallRo' | 'eval' | 'getBit' | 'setBit' | 'pubSubShardNumSub' | 'pubSubShardChannels' | 'sPublish')
  | ('failover' | 'migrate' | 'replicaOf' | 'restoreAsking' | 'role')

/** Commands that the table has no row of, in families that it has. */
type NoRows =
  | ('clientCaching' | 'clientGetRedir' | 'clientKill' | 'clientPause' | 'clientTracking' | 'clientTrackingInfo' | 'clientUnpause')
  | ('commandGetKeysAndFlags' | 'configRewrite' | 'memoryDoctor' | 'memoryMallocStats' | 'memoryStats')
  | ('delEx' | 'digest' | 'mSetEx' | 'hGetDel' | 'hGetEx' | 'hSetEx')
  | ('hExpire' | 'hExpireAt' | 'hExpireTime' | 'hPersist' | 'hTTL' | 'hpExpire' | 'hpExpireAt' | 'hpExpireTime' | 'hpTTL')

// Every other method of node-redis is there; when a row brings one of these, it leaves the list.
none<Exclude<Methods<(typeof NodeRedis)['default']>, keyof Ours | OtherFamilies | NoRows>>()
none<keyof Ours & (OtherFamilies | NoRows)>()

// What can be said to node-redis can be said here. (Not the other way round: numbers, dates and bigint are welcome in more places.)
none<{ [N in Name]: Parameters<Theirs[N]> extends Parameters<Ours[N]> ? never : N }[Name]>()

/** Methods of which node-redis's types say what no Redis answers. */
type Mistyped =
  // A bulk string or null; their types say a number.
  | 'randomKey'
  // A number; their types say 'OK'.
  | 'mSetNX'
  // Any number; their types say 0 or 1.
  | 'hStrLen'
  // Null where there is no key; their types know no null.
  | 'dump'
  // Sets of strings; their types are enums of the words that they knew.
  | 'command'
  | 'commandInfo'
  // With GET there may be nulls between the strings.
  | 'sort'
  | 'sortRo'
  // They answer nothing; ours answers OK, as every other command of its kind.
  | 'select'

// What is answered here fits where node-redis's answer was awaited.
type Answers<Client, N extends keyof Client> = Client[N] extends (...given: never) => infer T ? Awaited<T> : never
none<{ [N in Name]: Answers<Ours, N> extends Answers<Theirs, N> ? never : N }[Exclude<Name, Mistyped>]>()

// Each of these still is one: when node-redis mends its types, it leaves the list.
none<{ [N in Name]: Answers<Ours, N> extends Answers<Theirs, N> ? N : never }[Mistyped & Name]>()

// A store in this process answers the same, only at once; commands that may wait are promises there too.
type Store = Commands<'sync', string>
type Waiting = 'blMove' | 'blmPop' | 'blPop' | 'brPop' | 'brPopLPush' | 'bzmPop' | 'bzPopMax' | 'bzPopMin' | 'wait'
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
none<{ [N in keyof Ours]: Same<ReturnType<Store[N]>, Answers<Ours, N>> extends true ? never : N }[Exclude<keyof Ours, Waiting>]>()
none<{ [N in keyof Ours]: Same<ReturnType<Store[N]>, ReturnType<Ours[N]>> extends true ? never : N }[Waiting & keyof Ours]>()

// Iterators over scans are node-redis's.
type OurScans = ScanIterators<'promise', string>
none<{ [N in keyof OurScans]: Parameters<Theirs[N]> extends Parameters<OurScans[N]> ? never : N }[keyof OurScans]>()
none<{ [N in keyof OurScans]: ReturnType<OurScans[N]> extends ReturnType<Theirs[N]> ? never : N }[keyof OurScans]>()

// The queue of multi() knows what each of its replies will be, with strings and with bytes.
declare const multi: Multi<'sync', [], string>
const replies = multi.set('n', 1).incr('n').get('n').hGetAll('h').exec()
const typed: ['OK' | string | null, number, string | null, Record<string, string>] = replies
declare const bytes: Multi<'promise', [], Uint8Array<ArrayBuffer>>
const later: Promise<[Uint8Array | null, Record<string, Uint8Array>]> = bytes.get('k').hGetAll('h').exec()

export { typed, later }
