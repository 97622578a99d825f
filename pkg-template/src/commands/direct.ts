// Methods that try the short way into the engine before the ordinary one.

import { DECR, INCR, INCRBY, type DirectCalls } from '../engine/direct.js'
import { commandNamed, type DirectCommand } from '../engine/named.js'
import type { Reply } from '../reply.js'
import type { SetOptions, ZRangeOptions } from './arguments.js'
import { inheritMethods } from './inherit.js'

/** The short way of a face of a store, while it has one, and whether bulk strings are wanted as bytes. */
export interface Shortcut<Face> {
  direct(face: Face): DirectCalls | null
  binary(face: Face): boolean
}

/** Far from where sums with the time of day are not exact. */
const LONGEST_MS = Number.MAX_SAFE_INTEGER / 2

type Method = (this: object, ...given: unknown[]) => unknown

/** The hottest methods have a function each: what runs them all is compiled for none. */
type Hot = 'get' | 'set' | 'incr' | 'decr' | 'incrBy' | 'hGet' | 'hSet' | 'mGet' | 'zAdd' | 'lRange' | 'zRange'

/** Has the hottest methods of a store's face try a short way of their own first. */
export function addShortcuts<Face extends object>(prototype: Face, { direct, binary }: Shortcut<Face>): void {
  const [hSet, lRange, zRange] = [commandNamed('HSET'), commandNamed('LRANGE'), commandNamed('ZRANGE')]
  const ordinary = prototype as unknown as Readonly<Record<Hot, Method>>
  const { get: get_, set: set_, incr: incr_, decr: decr_, incrBy: incrBy_, hGet: hGet_, hSet: hSet_, mGet: mGet_ } = ordinary
  const { zAdd: zAdd_, lRange: lRange_, zRange: zRange_ } = ordinary
  const methods: Record<Hot, (this: Face, ...given: unknown[]) => unknown> = {
    get(key: unknown): unknown {
      const answer = typeof key === 'string' ? direct(this)?.get(key, binary(this)) : undefined
      return answer === undefined ? get_.call(this, key) : answer
    },
    set(key: unknown, value: unknown, options: unknown): unknown {
      const ttlMs = options === undefined ? 0 : ttlOf(options)
      const answer = ttlMs === undefined ? undefined : direct(this)?.set(key, value, ttlMs)
      return answer === undefined ? set_.call(this, key, value, options) : answer
    },
    incr(key: unknown): unknown {
      const answer = direct(this)?.count(INCR, key, 1)
      return answer === undefined ? incr_.call(this, key) : answer
    },
    decr(key: unknown): unknown {
      const answer = direct(this)?.count(DECR, key, 1)
      return answer === undefined ? decr_.call(this, key) : answer
    },
    incrBy(key: unknown, step: unknown): unknown {
      const answer = isWord(step) ? direct(this)?.count(INCRBY, key, step) : undefined
      return answer === undefined ? incrBy_.call(this, key, step) : answer
    },
    hGet(key: unknown, field: unknown): unknown {
      const answer =
        typeof key === 'string' && typeof field === 'string' ? direct(this)?.hGet(key, field, binary(this)) : undefined
      return answer === undefined ? hGet_.call(this, key, field) : answer
    },
    hSet(key: unknown, field: unknown, value: unknown, ...more: unknown[]): unknown {
      const answer = more.length === 0 ? direct(this)?.call(hSet, false, key, field, value) : undefined
      return answer === undefined ? hSet_.call(this, key, field, value, ...more) : answer
    },
    mGet(keys: unknown): unknown {
      const answer = Array.isArray(keys) ? direct(this)?.mGet(keys, binary(this)) : undefined
      return answer === undefined ? mGet_.call(this, keys) : answer
    },
    zAdd(key: unknown, member: unknown, options: unknown): unknown {
      const one = options === undefined && isMember(member) ? member : undefined
      const answer = one && typeof one.score === 'number' ? direct(this)?.zAdd(key, one.score, one.value) : undefined
      return answer === undefined ? zAdd_.call(this, key, member, options) : answer
    },
    lRange(key: unknown, start: unknown, stop: unknown): unknown {
      const answer = partOf(direct(this), lRange, key, start, stop, false, binary(this))
      return answer === undefined ? lRange_.call(this, key, start, stop) : answer
    },
    zRange(key: unknown, min: unknown, max: unknown, options: unknown): unknown {
      const isReversed = options !== undefined
      const answer = isReversed && !isReverseAlone(options as ZRangeOptions | null)
        ? undefined
        : partOf(direct(this), zRange, key, min, max, isReversed, binary(this))
      return answer === undefined ? zRange_.call(this, key, min, max, options) : answer
    },
  }
  inheritMethods(prototype, Object.entries(methods).map(([name, method]) => ({ name, method })))
}

/** The milliseconds to live that options of SET ask for, if they ask for nothing else. */
function ttlOf(options: unknown): number | undefined {
  if (typeof options !== 'object' || options === null) return undefined
  let only: string | undefined
  for (const name in options) {
    if (only !== undefined) return undefined
    only = name
  }
  const { expiration, EX, PX } = options as SetOptions
  if (only === 'expiration' && typeof expiration === 'object') {
    if (expiration.type === 'EX') return wholeMs(expiration.value, 1000)
    return expiration.type === 'PX' ? wholeMs(expiration.value, 1) : undefined
  }
  if (only === 'EX') return wholeMs(EX, 1000)
  return only === 'PX' ? wholeMs(PX, 1) : undefined
}

function wholeMs(amount: unknown, unitMs: number): number | undefined {
  if (typeof amount !== 'number' || !Number.isInteger(amount) || amount <= 0) return undefined
  const ms = amount * unitMs
  return ms <= LONGEST_MS ? ms : undefined
}

/** Whether a step is a whole number of 32 bits. */
function isWord(step: unknown): step is number {
  return typeof step === 'number' && (step | 0) === step
}

/** A part of a key between two places. */
function partOf(
  direct: DirectCalls | null, command: DirectCommand, key: unknown, from: unknown, to: unknown, isReversed: boolean, binary: boolean,
): Reply | undefined {
  if (typeof key !== 'string' || typeof from !== 'number' || typeof to !== 'number') return undefined
  return direct?.part(command, key, from, to, isReversed, binary)
}

function isReverseAlone(options: ZRangeOptions | null): boolean {
  return options?.REV === true && options.BY === undefined && options.LIMIT === undefined
}

function isMember(given: unknown): given is { readonly score: unknown; readonly value: unknown } {
  return typeof given === 'object' && given !== null && 'score' in given && 'value' in given
}
