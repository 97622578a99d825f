// Who in this process listens to which channels, patterns and keys.

import type { Text } from './client.js'
import { callSafely, requireFunction } from './events.js'
import type { Reply } from './reply.js'
import { decodeText } from './resp.js'

/** Called with a message and the channel it came over, as bytes where the subscription asked for bytes. */
export type MessageListener<T extends Text = string> = (message: T, channel: T) => unknown

/** Called with a key that changed, and what happened to it, in the words of keyspace notifications: `set`, `expired` ... */
export type KeyListener = (key: string, event: string) => unknown

export interface Subscriber {
  readonly listener: MessageListener<string> | MessageListener<Uint8Array<ArrayBuffer>>
  readonly binary: boolean
}

/** Subscribers by channel, or by pattern. */
export class Subscriptions {
  readonly #subscribers = new Map<string, Subscriber[]>()

  get names(): string[] {
    return [...this.#subscribers.keys()]
  }

  /** Gives those names that nobody had subscribed to. */
  add(names: readonly string[], subscriber: Subscriber): string[] {
    requireFunction(subscriber.listener)
    const added = names.filter((name) => !this.#subscribers.has(name))
    for (const name of names) this.#subscribers.set(name, [...(this.#subscribers.get(name) ?? []), subscriber])
    return added
  }

  /** Takes one listener away, or all where none is named, and gives the names that nobody is left for. */
  remove(names: readonly string[] | undefined, listener: Subscriber['listener'] | undefined): string[] {
    const gone: string[] = []
    for (const name of names ?? this.names) {
      const left = (this.#subscribers.get(name) ?? []).filter((one) => listener !== undefined && one.listener !== listener)
      if (left.length > 0) this.#subscribers.set(name, left)
      else if (this.#subscribers.delete(name)) gone.push(name)
    }
    return gone
  }

  deliver(name: string, message: Reply, channel: Reply): void {
    for (const { listener, binary } of this.#subscribers.get(name) ?? []) {
      callSafely(() =>
        binary
          ? (listener as MessageListener<Uint8Array<ArrayBuffer>>)(asBytes(message), asBytes(channel))
          : (listener as MessageListener<string>)(asText(message), asText(channel)),
      )
    }
  }
}

/** Who watches keys: by a number of its own each, since two may watch the same pattern. */
export class KeyWatches {
  readonly #watches = new Set<{ readonly pattern: string; readonly listener: KeyListener }>()

  get patterns(): string[] {
    return [...new Set([...this.#watches].map(({ pattern }) => pattern))]
  }

  add(pattern: string, listener: KeyListener): () => void {
    requireFunction(listener)
    const watch = { pattern, listener }
    this.#watches.add(watch)
    return () => void this.#watches.delete(watch)
  }

  /** @param matches whether a pattern matches the key */
  deliver(pattern: string, key: Reply, event: Reply): void {
    for (const watch of [...this.#watches]) {
      if (watch.pattern === pattern) callSafely(() => watch.listener(asText(key), asText(event)))
    }
  }
}

export function asText(reply: Reply | undefined): string {
  return reply instanceof Uint8Array ? decodeText(reply, 0, reply.length) : String(reply)
}

function asBytes(reply: Reply): Uint8Array<ArrayBuffer> {
  return reply instanceof Uint8Array ? reply : new TextEncoder().encode(String(reply))
}
