// Methods that try the short way into the engine before the ordinary one.

import { DECR, INCR, INCRBY, commandNamed, type DirectCalls, type DirectCommand } from '../engine/direct.js'
import type { Reply } from '../reply.js'
import type { ZRangeOptions } from './arguments.js'
import { METHODS } from './generated.js'
import { inheritMethods } from './inherit.js'
import { TRANSFORMS, unchanged } from './replies.js'

/** The short way of a face of a store, while it has one, and whether bulk strings are wanted as bytes. */
export interface Shortcut<Face> {
  direct(face: Face): DirectCalls | null
  binary(face: Face): boolean
}

type Method = (this: object, ...given: unknown[]) => unknown

/** A method whose arguments are sent as they are: its name, its command where that is another, its arguments, and what it answers. */
const PLAIN = /^(\w+)(?:=(\w+))?((?: \d){1,3})(?: > (.+))?$/gm

/** Has the methods of a store's face try the short way first. */
export function addShortcuts<Face extends object>(prototype: Face, { direct, binary }: Shortcut<Face>): void {
  const methods = Object.create(null) as Record<string, Method>
  const ordinary = (name: string): Method => (prototype as Record<string, Method>)[name] as Method

  for (const [, name = '', verb = name.toUpperCase(), places = '', answered = ''] of METHODS.matchAll(PLAIN)) {
    const called = commandNamed(verb)
    const transform = TRANSFORMS[answered] ?? unchanged
    const otherwise = ordinary(name)
    const takes = places.length / 2
    methods[name] = function (a, b, c) {
      const face = this as Face
      const answer = direct(face)?.call(called, binary(face), a, takes > 1 ? b : undefined, takes > 2 ? c : undefined)
      return answer === undefined ? otherwise.call(face, a, b, c) : transform(answer)
    }
  }

  // The hottest have a function each: what runs them all is compiled for none.
  const [hSet, lRange, zRange] = [commandNamed('HSET'), commandNamed('LRANGE'), commandNamed('ZRANGE')]
  const [get_, set_, incr_, decr_, hGet_, hSet_, mGet_, zAdd_, lRange_, zRange_] =
    ['get', 'set', 'incr', 'decr', 'hGet', 'hSet', 'mGet', 'zAdd', 'lRange', 'zRange'].map(ordinary) as [
      Method, Method, Method, Method, Method, Method, Method, Method, Method, Method,
    ]
  // A step that is no small number has the way of any command.
  const incrBy_ = methods['incrBy'] as Method
  Object.assign(methods, {
    get(this: Face, key: unknown): unknown {
      const answer = typeof key === 'string' ? direct(this)?.get(key, binary(this)) : undefined
      return answer === undefined ? get_.call(this, key) : answer
    },
    set(this: Face, key: unknown, value: unknown, options: unknown): unknown {
      const answer = options === undefined ? direct(this)?.set(key, value) : undefined
      return answer === undefined ? set_.call(this, key, value, options) : answer
    },
    incr(this: Face, key: unknown): unknown {
      const answer = direct(this)?.count(INCR, key, 1)
      return answer === undefined ? incr_.call(this, key) : answer
    },
    decr(this: Face, key: unknown): unknown {
      const answer = direct(this)?.count(DECR, key, 1)
      return answer === undefined ? decr_.call(this, key) : answer
    },
    incrBy(this: Face, key: unknown, step: unknown): unknown {
      const answer = isWord(step) ? direct(this)?.count(INCRBY, key, step) : undefined
      return answer === undefined ? incrBy_.call(this, key, step) : answer
    },
    hGet(this: Face, key: unknown, field: unknown): unknown {
      const answer =
        typeof key === 'string' && typeof field === 'string' ? direct(this)?.hGet(key, field, binary(this)) : undefined
      return answer === undefined ? hGet_.call(this, key, field) : answer
    },
    hSet(this: Face, key: unknown, field: unknown, value: unknown, ...more: unknown[]): unknown {
      const answer = more.length === 0 ? direct(this)?.call(hSet, false, key, field, value) : undefined
      return answer === undefined ? hSet_.call(this, key, field, value, ...more) : answer
    },
    mGet(this: Face, keys: unknown): unknown {
      const answer = Array.isArray(keys) ? direct(this)?.mGet(keys, binary(this)) : undefined
      return answer === undefined ? mGet_.call(this, keys) : answer
    },
    zAdd(this: Face, key: unknown, member: unknown, options: unknown): unknown {
      const one = options === undefined && isMember(member) ? member : undefined
      const answer = one && typeof one.score === 'number' ? direct(this)?.zAdd(key, one.score, one.value) : undefined
      return answer === undefined ? zAdd_.call(this, key, member, options) : answer
    },
    lRange(this: Face, key: unknown, start: unknown, stop: unknown): unknown {
      const answer = partOf(direct(this), lRange, key, start, stop, false, binary(this))
      return answer === undefined ? lRange_.call(this, key, start, stop) : answer
    },
    zRange(this: Face, key: unknown, min: unknown, max: unknown, options: unknown): unknown {
      const isReversed = options !== undefined
      const answer = isReversed && !isReverseAlone(options as ZRangeOptions | null)
        ? undefined
        : partOf(direct(this), zRange, key, min, max, isReversed, binary(this))
      return answer === undefined ? zRange_.call(this, key, min, max, options) : answer
    },
  })
  inheritMethods(prototype, Object.entries(methods))
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
