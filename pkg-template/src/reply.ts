import type { NookError } from './errors.js'

/** A reply, as RESP3 has it: maps are `Map`, sets are arrays in their order, big integers are bigint.
 *
 *  Bulk strings are strings, or `Uint8Array` where the client was asked for bytes; simple and verbatim strings are always
 *  strings. An error is only met inside of an array (EXEC): an error that is the whole reply is thrown. */
export type Reply =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array<ArrayBuffer>
  | NookError
  | Reply[]
  | Map<Reply, Reply>

/** What comes without being asked for: messages of channels, events of keys. */
export class Push {
  constructor(readonly items: Reply[]) {}
}
