import { element } from '../dom.js'

/** One line that was typed, with what came of it; a message that came by itself has no line. */
export interface Entry {
  readonly prompt: string
  readonly line: string | null
  readonly text: string
  readonly isError: boolean
}

/** Entries that are kept and shown, and the characters that they may come to: all are written at each line, and the browser
 *  keeps five million for a site. */
const ENTRIES = 200
const CHARACTERS = 300_000
/** Characters of one reply that are shown: the rest of a long one would be scrolled past by everybody. */
const TEXT_CHARACTERS = 20_000

/** A line of a drawing that holds an error among other items. */
const ERROR_LINE = /^(?:\s*\d+[)~#] )*\(error\) /

/** The log of the console: what was typed, and the replies below. Kept over reloads. */
export class Log {
  readonly #list: HTMLElement
  readonly #keep: { value: readonly Entry[] }

  constructor(list: HTMLElement, keep: { value: readonly Entry[] }) {
    this.#list = list
    this.#keep = keep
    list.append(...keep.value.map(draw))
    this.scrollToEnd()
  }

  /** Shows a line before its reply is there: some commands wait. Gives the function that takes it away again. */
  begin(prompt: string, line: string): () => void {
    const begun = draw({ prompt, line, text: '', isError: false })
    this.#list.append(begun)
    this.scrollToEnd()
    return () => begun.remove()
  }

  add(entry: Entry): void {
    const shown = { ...entry, line: entry.line === null ? null : shorten(entry.line), text: shorten(entry.text) }
    this.#keep.value = newest([...this.#keep.value, shown])
    this.#list.append(draw(shown))
    // What a reload would not show again goes now.
    while (this.#list.childElementCount > this.#keep.value.length) this.#list.firstElementChild?.remove()
    this.scrollToEnd()
  }

  clear(): void {
    this.#keep.value = []
    this.#list.replaceChildren()
  }

  scrollToEnd(): void {
    this.#list.scrollTop = this.#list.scrollHeight
  }
}

function newest(entries: readonly Entry[]): readonly Entry[] {
  let characters = 0
  let first = entries.length
  while (first > 0 && entries.length - first < ENTRIES) {
    const { line, text } = entries[first - 1] ?? { line: null, text: '' }
    characters += (line?.length ?? 0) + text.length
    if (characters > CHARACTERS) break
    first--
  }
  return entries.slice(first)
}

function shorten(text: string): string {
  if (text.length <= TEXT_CHARACTERS) return text
  const end = text.lastIndexOf('\n', TEXT_CHARACTERS)
  return `${text.slice(0, end > 0 ? end : TEXT_CHARACTERS)}\n... (${text.length.toLocaleString('en')} characters in all)`
}

function draw({ prompt, line, text, isError }: Entry): HTMLElement {
  const typed = line === null ? null : element('div', { class: 'typed' }, element('span', { class: 'prompt' }, `${prompt} `), line)
  const reply = element('pre', { class: isError ? 'reply error' : 'reply' }, ...(isError ? [text] : marked(text)))
  return element('div', { class: 'entry' }, typed, text === '' ? null : reply)
}

/** Errors inside of a reply, such as that of EXEC, are red too. */
function marked(text: string): (Node | string)[] {
  if (!text.includes('(error) ')) return [text]
  return text.split('\n').map((line, n) => {
    const broken = n === 0 ? line : `\n${line}`
    return ERROR_LINE.test(line) ? element('span', { class: 'error' }, broken) : broken
  })
}

export function checkEntries(read: unknown): readonly Entry[] {
  if (!Array.isArray(read) || !read.every(isEntry)) throw new TypeError('no list of entries')
  return read
}

function isEntry(read: unknown): read is Entry {
  const { prompt, line, text, isError } = (read ?? {}) as Partial<Record<keyof Entry, unknown>>
  return typeof prompt === 'string' && (line === null || typeof line === 'string') && typeof text === 'string' && typeof isError === 'boolean'
}
