// Operations that are the same in every process: what a store holds after the n-th can be told by doing all of them again.

import type { Nook } from 'nookdb'
import { randomFrom } from './storage/conformance.js'

type Command = readonly [string, ...string[]]

/** Deadlines are far off: nothing passes while it is looked at. */
const DEADLINE_MS = 4_102_444_800_000

/** Does the n-th operation: one step that says its number, or, now and then, two, the second of which says it. */
export function perform(db: Nook, seed: number, n: number): void {
  const { commands, isInTwo } = operation(seed, n)
  const number: Command = ['SET', 'n', String(n)]
  if (isInTwo) for (const command of [...commands, number]) db.call(...command)
  else db.atomic((tx) => [...commands, number].forEach((command) => tx.call(...command)))
}

/** Does what comes before the second step of an operation. Gives whether it has one. */
export function performFirstStep(db: Nook, seed: number, n: number): boolean {
  const { commands, isInTwo } = operation(seed, n)
  if (isInTwo) for (const command of commands) db.call(...command)
  return isInTwo
}

function operation(seed: number, n: number): { commands: Command[]; isInTwo: boolean } {
  const random = randomFrom(seed * 1_000_003 + n * 7919)
  const upTo = (limit: number): number => Math.floor(random() * limit)
  const isInTwo = upTo(3) === 0
  const count = isInTwo || upTo(5) > 0 ? 1 : 1 + upTo(8)
  return { commands: Array.from({ length: count }, () => command(upTo, n)), isInTwo }
}

function command(upTo: (limit: number) => number, n: number): Command {
  const key = (kind: string): string => `${kind}:${upTo(12)}`
  // A few are so large that journals are folded.
  const length = upTo(150) === 0 ? 200_000 + upTo(900_000) : upTo(upTo(10) === 0 ? 20_000 : 120)
  const value = String.fromCharCode(97 + upTo(26)).repeat(length)
  const commands: readonly (() => Command)[] = [
    () => ['SET', key('s'), value],
    () => ['SET', key('s'), value, 'PXAT', String(DEADLINE_MS + upTo(1000))],
    () => ['APPEND', key('s'), value.slice(0, 50)],
    () => ['SETRANGE', key('s'), String(upTo(300)), 'zz'],
    () => ['INCR', key('c')],
    () => ['RPUSH', key('l'), value.slice(0, 500), String(n)],
    () => ['LPOP', key('l')],
    () => ['HSET', key('h'), `f${upTo(200)}`, value.slice(0, 500)],
    () => ['HDEL', key('h'), `f${upTo(200)}`],
    () => ['PEXPIREAT', key('h'), String(DEADLINE_MS + upTo(9))],
    () => ['ZADD', key('z'), String(upTo(1000)), `m${upTo(300)}`],
    () => ['ZINCRBY', key('z'), '1.5', `m${upTo(300)}`],
    () => ['SADD', key('t'), `m${upTo(300)}`],
    () => ['DEL', key('s'), key('l'), key('h')],
    () => (upTo(40) === 0 ? ['FLUSHALL'] : ['PERSIST', key('h')]),
  ]
  return commands[upTo(commands.length)]?.() ?? ['DBSIZE']
}

/** All that a store holds, as one string. */
export function contents(db: Nook): string {
  const keys = db.keys('*').sort()
  return JSON.stringify(keys.map((key) => [key, db.pExpireTime(key), valueOf(db, key)]))
}

function valueOf(db: Nook, key: string): unknown {
  switch (key.slice(0, 2)) {
    case 'l:':
      return db.lRange(key, 0, -1)
    case 'h:':
      return Object.entries(db.hGetAll(key)).sort()
    case 'z:':
      return db.zRangeWithScores(key, 0, -1)
    case 't:':
      return db.sMembers(key).sort()
    default:
      return db.get(key)
  }
}
