// Commands as they travel to a server: RESP arrays of bulk strings.

import type { Argument } from '../client.js'

const encoder = new TextEncoder()
const LINE_END = encoder.encode('\r\n')

/** Puts commands one after the other into one message. */
export function encodeRequests(commands: readonly (readonly Argument[])[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = []
  for (const argv of commands) {
    parts.push(encoder.encode(`*${argv.length}\r\n`))
    for (const argument of argv) {
      const bytes = typeof argument === 'string' ? encoder.encode(argument) : argument
      parts.push(encoder.encode(`$${bytes.length}\r\n`), bytes, LINE_END)
    }
  }
  return join(parts)
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
