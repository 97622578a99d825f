// Makes functions of the table of methods. As data and one closure they are a third of the bytes that two hundred
// function bodies would be, in what a page downloads.

import type { Argument, BlockingOptions, Transform } from '../client.js'
import { ENCODERS, push, type Encoder } from './arguments.js'
import { METHODS } from './generated.js'
import { TRANSFORMS, unchanged } from './replies.js'

/** The `this` of a method. */
interface Runner {
  run(argv: readonly Argument[], transform: Transform): unknown
  runBlocking(argv: readonly Argument[], transform: Transform, options?: BlockingOptions): unknown
}

type Method = (this: Runner, ...given: unknown[]) => unknown

/** Puts its part of a call at the end of the argv. */
type Part = (given: readonly unknown[], argv: Argument[]) => void

/** Every method with its name. */
export function* methods(): Generator<[name: string, method: Method]> {
  for (const line of METHODS.split('\n')) yield [nameIn(line), method(line)]
}

interface Call {
  readonly parts: readonly Part[]
  /** The place of the `BlockingOptions`, of methods that may wait. */
  readonly options: number | undefined
  readonly transform: Transform
}

/** Reads its line when it is first called: an app calls few of the methods, and none while it starts. */
function method(line: string): Method {
  let call: Call | undefined
  return function (...given) {
    const { parts, options, transform } = (call ??= read(line))
    const argv: Argument[] = []
    for (const put of parts) put(given, argv)
    return options === undefined ? this.run(argv, transform) : this.runBlocking(argv, transform, given[options] as BlockingOptions | undefined)
  }
}

/** The name of the method of a line: `client.SetName 0` has `clientSetName`. */
export function nameIn(line: string): string {
  return line.slice(0, line.search(/[ =]|$/)).replaceAll('.', '')
}

/** The words of a line that are sent, with parameters by their place: `CLIENT`, `SETNAME`, `0`. */
export function wordsIn(line: string): string[] {
  const [head = '', ...words] = (line.split(' > ')[0] ?? '').split(' ')
  const command = head.slice(head.indexOf('=') + 1)
  return [...command.toUpperCase().split('.'), ...words]
}

function read(line: string): Call {
  const [, answer = ''] = line.split(' > ')
  const words = wordsIn(line)
  const options = words.at(-1)?.startsWith('!') ? Number(words.pop()?.slice(1)) : undefined
  return { parts: words.map(part), options, transform: TRANSFORMS[answer] ?? unchanged }
}

/** A word as it is (`WITHSCORES`), or a parameter by its place, the name of its encoder behind it (`2ZAddOptions`); a
 *  parameter with dots takes all that is left (`1...FieldArguments`). */
function part(word: string): Part {
  const [, place, rest, name = ''] = /^(\d)(\.\.\.)?(\w*)$/.exec(word) ?? []
  if (place === undefined) return (_, argv) => argv.push(word)
  const at = Number(place)
  const encode = (ENCODERS as Record<string, Encoder<unknown>>)[name] ?? push
  return rest === undefined ? (given, argv) => encode(given[at], argv) : (given, argv) => encode(given.slice(at), argv)
}
