// What every entry of the package exports beside `open`, `list`, `destroy` and `connect`.

export type { Argument, BlockingOptions, Multi, Text } from './client.js'
export type {
  Bytes,
  CopyOptions,
  ExpireMode,
  Expiration,
  GetExOptions,
  KeyScanOptions,
  Many,
  Pairs,
  ScanOptions,
  SetOptions,
  SortedSetMember,
  SortOptions,
  Value,
  WeightedKey,
  ZAddOptions,
  ZAggregateOptions,
  ZRangeOptions,
} from './commands/arguments.js'
export type { Commands } from './commands/generated.js'
export type {
  ClientInfo,
  CommandInfo,
  EntryPage,
  FieldPage,
  FieldValue,
  KeyPage,
  LcsMatches,
  LcsMatchesWithLength,
  MemberPage,
  PoppedElement,
  PoppedMember,
  PoppedMembers,
  RankAndScore,
  ScoredMember,
  ScoredMemberPage,
} from './commands/replies.js'
export type { NookEvents, Restarted } from './core.js'
export { NookError } from './errors.js'
export type { KeyListener, MessageListener } from './listeners.js'
export type { BytesView, CallArgument, Nook, NookStorage, NotPromise, Transaction } from './nook.js'
export type { OpenOptions, Stores } from './open.js'
export type { Place } from './platform/platform.js'
export type { Losses, LostChunks } from './committer.js'
export type { Health } from './durability.js'
export type { Imported, Statistics } from './engine/instance.js'
export type { Reply } from './reply.js'
export type { ConnectOptions, RemoteEvents } from './transport/line.js'
export type { Remote, RemoteBytesView } from './transport/remote.js'
export type { Session, SessionListener } from './session.js'
