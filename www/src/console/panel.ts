import type { Nook } from 'nookdb'
import { element, found, setText } from '../dom.js'
import { Kept, checkStrings } from '../kept.js'
import { Completion, choicesFor, hintFor } from './completion.js'
import { EXAMPLES } from './examples.js'
import { History } from './history.js'
import { Interpreter, type Outcome } from './interpreter.js'
import { Log, checkEntries, type Entry } from './log.js'

/** The console: a line to type in, and the log above. */
export class ConsolePanel {
  readonly #input = found('line', HTMLInputElement)
  readonly #prompt = found('prompt', HTMLElement)
  readonly #ghost = found('ghost', HTMLElement)
  readonly #hint = found('hint', HTMLElement)
  readonly #stop = found('stop', HTMLButtonElement)
  readonly #log: Log
  readonly #history: History
  readonly #completion = new Completion()
  readonly #interpreter: Interpreter
  readonly #onCommand: (database: number) => void
  /** Lines are run one after the other, also those of a paste. */
  #queue: Promise<void> = Promise.resolve()
  #waiting: string[] = []
  #leavesOnTab = false

  /** @param onCommand called after each command, with the database that is selected */
  constructor(db: Nook, onCommand: (database: number) => void) {
    this.#log = new Log(found('log', HTMLElement), new Kept<readonly Entry[]>(`nookdb.log.${db.name}`, [], checkEntries))
    this.#history = new History(new Kept(`nookdb.history.${db.name}`, [], checkStrings))
    this.#interpreter = new Interpreter(db, (text) => this.#log.add({ prompt: '', line: null, text, isError: false }))
    this.#onCommand = onCommand
    this.#showExamples()
    this.#listen()
    this.#refresh()
    this.#input.disabled = false
    found('welcome', HTMLElement).hidden = false
    if (document.activeElement === document.body) this.#focus()
  }

  /** Runs lines as if they had been typed. */
  run(lines: readonly string[]): void {
    this.#waiting.push(...lines.filter((line) => line.trim() !== ''))
    this.#queue = this.#queue.then(() => this.#runWaiting())
  }

  async #runWaiting(): Promise<void> {
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      const { prompt } = this.#interpreter
      this.#history.add(line)
      const running = this.#interpreter.run(line)
      const end = this.#log.begin(prompt, line)
      this.#refresh()
      const outcome = await running
      end()
      this.#show(prompt, line, outcome)
      this.#refresh()
      this.#onCommand(this.#interpreter.database)
    }
  }

  #show(prompt: string, line: string, { text, isError, clears = false }: Outcome): void {
    if (clears) this.#log.clear()
    else this.#log.add({ prompt, line, text, isError })
  }

  #listen(): void {
    found('say', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      const line = this.#input.value
      this.#write('')
      this.run([line])
    })
    this.#input.addEventListener('input', () => {
      this.#leavesOnTab = false
      this.#refresh()
    })
    this.#input.addEventListener('scroll', () => this.#refresh())
    this.#input.addEventListener('keydown', (event) => this.#onKey(event))
    this.#input.addEventListener('paste', (event) => this.#onPaste(event))
    this.#stop.addEventListener('click', () => this.#stopRunning())
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing || event.altKey || event.metaKey) return
    const written = this.#keyTo(event)
    if (written === null) return
    event.preventDefault()
    this.#write(written)
  }

  /** What the key makes of the line; null where the key is the browser's own affair. */
  #keyTo({ key, ctrlKey, shiftKey }: KeyboardEvent): string | null {
    const { value, selectionStart, selectionEnd } = this.#input
    if (key === 'ArrowUp' && !ctrlKey) return this.#history.walk(-1, value) ?? value
    if (key === 'ArrowDown' && !ctrlKey) return this.#history.walk(1, value) ?? value
    if (key === 'Escape') this.#leavesOnTab = true
    // Where there is nothing to complete, or after Escape, Tab goes to the next field: nobody is caught in this one.
    if (key === 'Tab' && !ctrlKey) return this.#leavesOnTab ? null : this.#completion.next(value, shiftKey ? -1 : 1)
    if (key === 'c' && ctrlKey && selectionStart === selectionEnd) return this.#stopRunning()
    if (key === 'l' && ctrlKey) this.#log.clear()
    return key === 'l' && ctrlKey ? value : null
  }

  #stopRunning(): string {
    this.#waiting = []
    this.#interpreter.stop()
    this.#refresh()
    return ''
  }

  /** Whole lines of what is pasted are run; what stands behind the last of them can be typed on. */
  #onPaste(event: ClipboardEvent): void {
    const pasted = event.clipboardData?.getData('text/plain') ?? ''
    if (!/[\r\n]/.test(pasted)) return
    event.preventDefault()
    const { value, selectionStart, selectionEnd } = this.#input
    const text = value.slice(0, selectionStart ?? value.length) + pasted + value.slice(selectionEnd ?? value.length)
    const lines = text.split(/\r\n|\r|\n/)
    this.#write(lines.pop() ?? '')
    this.run(lines)
  }

  #write(line: string): void {
    this.#input.value = line
    this.#input.setSelectionRange(line.length, line.length)
    this.#refresh()
  }

  /** Brings all that hangs on the line and on the session up to date. */
  #refresh(): void {
    const line = this.#input.value
    const hint = hintFor(line)
    const choices = hint === null ? choicesFor(line) : []
    setText(this.#prompt, this.#interpreter.prompt)
    this.#ghost.replaceChildren(element('span', {}, line), hint?.rest ?? '')
    this.#ghost.scrollLeft = this.#input.scrollLeft
    setText(this.#hint, hint?.summary ?? (choices.length > 0 ? `Tab: ${choices.slice(0, 12).join('  ')}${choices.length > 12 ? ' ...' : ''}` : ''))
    this.#stop.hidden = !this.#interpreter.isBusy
    this.#stop.setAttribute('aria-label', this.#interpreter.isWaiting ? 'Stop waiting' : 'End all subscriptions')
  }

  #showExamples(): void {
    const buttons = EXAMPLES.map(({ title, lines }) =>
      element(
        'li',
        {},
        element('button', { type: 'button', class: 'example', title: lines.join('\n'), onclick: () => this.#try(lines) }, title),
      ),
    )
    found('examples', HTMLElement).replaceChildren(...buttons)
  }

  #try(lines: readonly string[]): void {
    this.run(lines)
    this.#focus()
  }

  /** On a phone the keyboard would cover what is to be seen. */
  #focus(): void {
    if (matchMedia('(hover: hover)').matches) this.#input.focus({ preventScroll: true })
  }
}
