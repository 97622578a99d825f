import { completions, findRow, restOfUsage } from './usage.js'
import { splitUnfinished } from './words.js'

/** What Tab has filled in, and what it fills in next. */
interface Cycle {
  readonly head: string
  readonly choices: readonly string[]
  at: number
  /** The line as Tab left it: once it is another, the cycle is over. */
  shown: string
}

/** Goes through what the last word of a line may become, a step for each Tab. */
export class Completion {
  #cycle: Cycle | null = null

  /** The line with its last word completed, or null where nothing fits. Again and again gives one choice after the other.
   *  @param step -1 goes backwards */
  next(line: string, step: 1 | -1): string | null {
    if (this.#cycle === null || this.#cycle.shown !== line) this.#cycle = begin(line)
    const cycle = this.#cycle
    if (cycle === null) return null
    const count = cycle.choices.length
    cycle.at = cycle.at < 0 && step < 0 ? count - 1 : (cycle.at + step + count) % count
    cycle.shown = `${cycle.head}${cycle.choices[cycle.at] ?? ''}`
    // With one choice there is nothing to go through: the next word may be typed at once.
    if (count === 1) {
      this.#cycle = null
      return `${cycle.shown} `
    }
    return cycle.shown
  }
}

function begin(line: string): Cycle | null {
  const head = line.slice(0, line.search(/\S*$/))
  const choices = choicesFor(line)
  return choices.length === 0 ? null : { head, choices, at: -1, shown: line }
}

/** What the last word of the line may become. Nothing, where no word was begun and no command either. */
export function choicesFor(line: string): string[] {
  const words = splitUnfinished(line)
  if (words.length === 0) return []
  return completions(words, !/\s$/.test(line))
}

export interface Hint {
  /** What is still to be typed, to be shown behind the line: ` seconds [NX | XX]`. */
  readonly rest: string
  /** What the command does. */
  readonly summary: string
}

/** What the usage says of a line so far; null while no command is recognized. */
export function hintFor(line: string): Hint | null {
  const words = splitUnfinished(line)
  const found = findRow(words)
  if (found === null) return null
  const { row, length } = found
  // The word under the caret counts as typed: what follows it is of interest.
  const rest = restOfUsage(row.usage, words.slice(length)).join(' ')
  return { rest: rest === '' || /\s$/.test(line) ? rest : ` ${rest}`, summary: row.summary }
}
