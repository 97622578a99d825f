/** Lines that are remembered: as many as a day of typing. */
const LINES = 500

/** What was typed, walked with the arrow keys as in a shell. */
export class History {
  readonly #keep: { value: string[] }
  /** Where the walk stands; one behind the last line while a new one is typed. */
  #at: number
  /** The new line, kept while older ones are looked at. */
  #draft = ''

  constructor(keep: { value: string[] }) {
    this.#keep = keep
    this.#at = keep.value.length
  }

  /** A line that says the same as the last is remembered once. */
  add(line: string): void {
    const lines = this.#keep.value
    if (lines.at(-1) !== line) this.#keep.value = [...lines, line].slice(-LINES)
    this.#at = this.#keep.value.length
    this.#draft = ''
  }

  /** The line before (-1) or after (1) the one that is shown now, or null at the end of the walk. */
  walk(step: -1 | 1, shown: string): string | null {
    const lines = this.#keep.value
    const to = this.#at + step
    if (to < 0 || to > lines.length) return null
    if (this.#at === lines.length) this.#draft = shown
    this.#at = to
    return lines[to] ?? this.#draft
  }
}
