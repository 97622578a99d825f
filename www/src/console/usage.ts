// The table of commands, read for completion and hints.

import rows from 'nookdb/commands.json' with { type: 'json' }

export interface Row {
  readonly name: string
  /** In the notation of the Redis documentation: `key seconds [NX | XX | GT | LT]`. */
  readonly usage: string
  readonly summary: string
  readonly complexity: string
  readonly group: string
  readonly since: string
}

export const TABLE: readonly Row[] = [...rows].sort((a, b) => (a.name < b.name ? -1 : 1))

const BY_NAME = new Map(TABLE.map((row) => [row.name, row]))

/** The row of a call, and how many of its words are the name: two where it is a subcommand. */
export function findRow(words: readonly string[]): { readonly row: Row; readonly length: number } | null {
  for (const length of [2, 1]) {
    const row = words.length >= length ? BY_NAME.get(words.slice(0, length).join(' ').toUpperCase()) : undefined
    if (row !== undefined) return { row, length }
  }
  return null
}

/** The parts of a usage at its top: `key`, `value`, `[NX | XX]`. */
export function splitUsage(usage: string): string[] {
  const parts: string[] = []
  let depth = 0
  for (const token of usage.split(' ')) {
    if (depth > 0) parts[parts.length - 1] += ` ${token}`
    else if (token !== '') parts.push(token)
    for (const letter of token) depth += '[<'.includes(letter) ? 1 : ']>'.includes(letter) ? -1 : 0
  }
  return parts
}

/** What of a usage is still to come after these arguments. */
export function restOfUsage(usage: string, given: readonly string[]): string[] {
  const rest = splitUsage(usage)
  let at = 0
  while (at < given.length) {
    const taken = takeOption(rest, given, at)
    if (taken > 0) at += taken
    else if (takePlain(rest)) at++
    else break
  }
  return rest
}

/** Takes a part out that begins with the word given, such as `[EX seconds | PX milliseconds]`: gives how many words that were. */
function takeOption(rest: string[], given: readonly string[], at: number): number {
  const word = given[at]?.toUpperCase()
  for (const [n, part] of rest.entries()) {
    // Options may stand before what is required, but not behind what is yet to come of it.
    if (!isBracketed(part)) return 0
    const chosen = alternatives(part).find((alternative) => alternative[0] === word)
    if (chosen === undefined) continue
    rest.splice(n, 1)
    const missing = chosen.slice(given.length - at)
    // What the option itself still wants comes next: `EX` was typed, `seconds` is missing.
    if (missing.length > 0) rest.unshift(...missing)
    return Math.min(chosen.length, given.length - at)
  }
  return 0
}

/** Takes the next required argument; one that may be repeated stays. Options before it were left out. */
function takePlain(rest: string[]): boolean {
  const required = rest.findIndex((part) => !isBracketed(part) || part.startsWith('<'))
  if (required >= 0) {
    rest.splice(0, required + 1)
    return true
  }
  return rest.some((part) => part.endsWith(' ...]')) || rest.shift() !== undefined
}

function isBracketed(part: string): boolean {
  return part.startsWith('[') || part.startsWith('<')
}

/** The words of each alternative of a part in brackets. */
function alternatives(part: string): string[][] {
  const found: string[][] = [[]]
  let depth = 0
  for (const word of part.slice(1, -1).split(' ')) {
    if (word === '|' && depth === 0) found.push([])
    else found.at(-1)?.push(word)
    for (const letter of word) depth += '[<'.includes(letter) ? 1 : ']>'.includes(letter) ? -1 : 0
  }
  return found
}

/** What the last word of a line may become: names of commands, or the options that may stand there. */
export function completions(words: readonly string[], isWordOpen: boolean): string[] {
  const typed = isWordOpen ? (words.at(-1) ?? '') : ''
  const before = isWordOpen ? words.slice(0, -1) : words
  const prefix = typed.toUpperCase()
  const names = nameCompletions(before, prefix)
  if (names.length > 0 || before.length === 0) return names
  const found = findRow(before)
  if (found === null) return []
  const options = restOfUsage(found.row.usage, before.slice(found.length))
  return reachable(options)
    .flatMap(alternatives)
    .map(([token = '']) => token)
    .filter((token) => /^[A-Z]/.test(token) && token.startsWith(prefix))
}

/** Options up to the next argument that is required; that one too where it is a choice. */
function reachable(rest: readonly string[]): string[] {
  const end = rest.findIndex((part) => !part.startsWith('['))
  return rest.slice(0, end < 0 ? rest.length : end + 1).filter(isBracketed)
}

/** Names as far as their next word: `CON` becomes CONFIG, and `CONFIG G` becomes GET. */
function nameCompletions(before: readonly string[], prefix: string): string[] {
  const line = [...before.map((word) => word.toUpperCase()), prefix].join(' ')
  if (before.length > 1) return []
  const words = TABLE.filter(({ name }) => name.startsWith(line)).map(({ name }) => name.split(' ')[before.length] ?? '')
  const local = before.length === 0 ? LOCAL.filter((name) => name.startsWith(prefix)) : []
  const topics = before.length === 1 && line.startsWith('HELP ') ? TABLE.map(({ name }) => name).filter((name) => name.startsWith(prefix)) : []
  return [...new Set([...words, ...local, ...topics])].sort()
}

/** Words that the console itself understands. */
export const LOCAL: readonly string[] = ['CLEAR', 'HELP']

/** What HELP says of a command or a group (`@list`), as redis-cli does. Null where there is none. */
export function help(words: readonly string[]): string | null {
  const [topic = ''] = words
  const rows = topic.startsWith('@')
    ? TABLE.filter(({ group }) => group === topic.slice(1).toLowerCase())
    : TABLE.filter(({ name }) => isNamed(name, words.join(' ').toUpperCase()))
  return rows.length === 0 ? null : rows.map(describe).join('\n\n')
}

/** HELP CONFIG shows its subcommands too. */
function isNamed(name: string, asked: string): boolean {
  return name === asked || name.startsWith(`${asked} `)
}

function describe({ name, usage, summary, complexity, since, group }: Row): string {
  return [
    `  ${`${name} ${usage}`.trim()}`,
    `  summary: ${summary}`,
    `  complexity: ${complexity}`,
    `  since: ${since}`,
    `  group: ${group}`,
  ].join('\n')
}
