// Makes functions of the table of methods. As data and one closure they are a third of the bytes that two hundred
// function bodies would be, in what a page downloads.

import type { Argument, BlockingOptions, Transform } from '../client.js'
import { commandNamed, type DirectCommand } from '../engine/named.js'
import type { Reply } from '../reply.js'
import { ENCODERS, push, pushEach, refuse, type Encoder } from './arguments.js'
import { METHODS } from './generated.js'
import type { Named } from './inherit.js'
import { TRANSFORMS, unchanged } from './replies.js'

/** The `this` of a method. */
interface Runner {
  run(argv: readonly Argument[], transform: Transform): unknown
  runBlocking(argv: readonly Argument[], transform: Transform, options?: BlockingOptions): unknown
  shortcut(command: DirectCommand, first: unknown, second: unknown, third: unknown): Reply | undefined
}

type Method = (this: Runner, ...given: unknown[]) => unknown

/** Puts its part of a call at the end of the argv. */
type Part = (given: readonly unknown[], argv: Argument[]) => void

/** What a method with its command is followed by, or begins with, where its arguments are sent as they are, one to three of them. */
const PLAIN = ' 0 1 2'

/** Every method. A store that is opened waits for this: a regular expression, and arrays of arrays, would each take a tenth of a
 *  millisecond more. */
export function methods(): Named[] {
  const all: Named[] = []
  for (const { heads, rest } of lines()) {
    const sent = sentIn(rest)
    const isPlain = sent !== '' && PLAIN.startsWith(sent.replaceAll('*', ''))
    for (const head of heads) {
      all.push({ name: nameIn(head), method: isPlain && !head.includes('.') ? plainMethod(head, rest) : ordinaryMethod(head, rest) })
    }
  }
  return all
}

/** The lines of the table: methods with their commands, and all that is behind them. */
export function lines(): { heads: string[]; rest: string }[] {
  return METHODS.split('\n').map((line) => {
    const end = line.indexOf(' ')
    return end < 0 ? { heads: line.split(','), rest: '' } : { heads: line.slice(0, end).split(','), rest: line.slice(end) }
  })
}

interface Call {
  readonly parts: readonly Part[]
  /** The place of the `BlockingOptions`, of methods that may wait. */
  readonly options: number | undefined
  readonly transform: Transform
}

/** Reads its line when it is first called: an app calls few of the methods, and none while it starts. */
function ordinaryMethod(head: string, rest: string): Method {
  let call: Call | undefined
  return function (...given) {
    const { parts, options, transform } = (call ??= read(head, rest))
    const argv: Argument[] = []
    for (const put of parts) put(given, argv)
    return options === undefined ? this.run(argv, transform) : this.runBlocking(argv, transform, given[options] as BlockingOptions | undefined)
  }
}

interface PlainCall {
  readonly command: DirectCommand
  /** How many arguments. */
  readonly takes: number
  readonly transform: Transform
  readonly ordinarily: Method
}

/** A method that tries the short way first. */
function plainMethod(head: string, rest: string): Method {
  let call: PlainCall | undefined
  return function (first, second, third) {
    const { command, takes, transform, ordinarily } = (call ??= readPlain(head, rest))
    const answer = this.shortcut(command, first, takes > 1 ? second : undefined, takes > 2 ? third : undefined)
    return answer === undefined ? ordinarily.call(this, first, second, third) : transform(answer)
  }
}

/** The name of a method that stands with its command: `client.SetName` has `clientSetName`. */
export function nameIn(head: string): string {
  const end = head.indexOf('=')
  const name = end < 0 ? head : head.slice(0, end)
  return name.includes('.') ? name.replaceAll('.', '') : name
}

/** What is sent, with parameters by their place: `CLIENT`, `SETNAME`, `0`. */
export function wordsIn(head: string, rest: string): string[] {
  return [...head.slice(head.indexOf('=') + 1).toUpperCase().split('.'), ...sentIn(rest).split(' ').slice(1)]
}

/** All before the transform. */
function sentIn(rest: string): string {
  const end = rest.indexOf(' > ')
  return end < 0 ? rest : rest.slice(0, end)
}

function transformIn(rest: string): Transform {
  return TRANSFORMS[rest.split(' > ')[1] ?? ''] ?? unchanged
}

function read(head: string, rest: string): Call {
  const words = wordsIn(head, rest)
  const options = words.at(-1)?.startsWith('!') ? Number(words.pop()?.slice(1)) : undefined
  return { parts: words.map(part), options, transform: transformIn(rest) }
}

function readPlain(head: string, rest: string): PlainCall {
  const [name = '', ...places] = wordsIn(head, rest)
  return { command: commandNamed(name), takes: places.length, transform: transformIn(rest), ordinarily: ordinaryMethod(head, rest) }
}

/** A word as it is (`WITHSCORES`), or a parameter by its place, the name of its encoder behind it (`2ZAddOptions`); one with a star
 *  may be a list (`1*`), and one with dots takes all that is left (`1...FieldArguments`). */
function part(word: string): Part {
  const [, place, mark, name = ''] = /^(\d)(\*|\.\.\.)?(\w*)$/.exec(word) ?? []
  if (place === undefined) return (_, argv) => argv.push(word)
  const at = Number(place)
  const encode = (ENCODERS as Record<string, Encoder<unknown>>)[name] ?? (mark === '*' ? pushEach : push)
  if (mark === '...') return (given, argv) => encode(withoutEnd(given.slice(at)), argv)
  const isOptional = name.includes('Option')
  return (given, argv) => {
    const value = given[at]
    if (value === undefined && !isOptional) refuseHole(given, at)
    encode(value, argv)
  }
}

/** Without what was left out at the end. */
function withoutEnd(given: unknown[]): unknown[] {
  while (given.length > 0 && given.at(-1) === undefined) given.pop()
  return given
}

/** Were nothing sent in the place of undefined, the next argument would take it: `set('k', undefined, { NX: true })` would
 *  set 'NX'. What is missing at the end is left to the command, which may do without it. */
function refuseHole(given: readonly unknown[], at: number): void {
  if (given.some((value, place) => place > at && value !== undefined)) refuse(undefined)
}
