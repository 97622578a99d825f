import type { Nook } from 'nookdb'
import { element, found, setText } from '../dom.js'
import { formatBytes, formatCount, formatLeft } from '../units.js'
import { KeyNames, type Changed } from './names.js'
import { drawValue } from './value.js'

/** In pixels; style.css has the same. */
const ROW_HEIGHT = 48
/** Rows drawn above and below what is seen, so that a fast scroll meets rows. */
const MARGIN_ROWS = 6
const SECOND_MS = 1000

/** What a row shows beside the name. Read when the row is first seen, and again when its key has changed. */
interface Facts {
  readonly type: string
  readonly encoding: string
  readonly bytes: number
  /** In milliseconds since 1970; null where the key stays. */
  readonly deadlineMs: number | null
}

/** The list of keys, drawn only where it is seen, and the value of the one that is chosen. */
export class KeysPanel {
  readonly #db: Nook
  readonly #names: KeyNames
  readonly #list = found('keys-list', HTMLElement)
  readonly #rows = found('keys-rows', HTMLElement)
  readonly #count = found('keys-count', HTMLElement)
  readonly #filter = found('keys-filter', HTMLInputElement)
  readonly #value = found('value', HTMLElement)
  readonly #facts = new Map<string, Facts>()
  #chosen: string | null = null
  #database = 0

  constructor(db: Nook) {
    this.#db = db
    this.#names = new KeyNames(db, (changed) => this.#update(changed))
    this.#filter.addEventListener('input', () => this.#names.show(this.#filter.value))
    this.#list.addEventListener('scroll', () => this.#draw(), { passive: true })
    this.#list.addEventListener('keydown', (event) => this.#onKey(event))
    this.#list.addEventListener('click', (event) => this.#onClick(event))
    // Looking at keys is no use of them: eviction is to go by what the app does.
    db.clientNoTouch(true)
    new ResizeObserver(() => this.#draw()).observe(this.#list)
    this.#names.show('')
    setInterval(() => this.#countDown(), SECOND_MS)
  }

  /** To be called after each command of the console: what it did to a whole database has no event. */
  follow(database: number): void {
    if (database !== this.#database) {
      this.#database = database
      this.#db.select(database)
      this.#choose(null)
      void this.#names.reload()
    } else if (database > 0) void this.#names.reload()
    else this.#names.check()
  }

  /** After an import, everything may be another. */
  reload(): void {
    void this.#names.reload()
  }

  #update(changed: Changed): void {
    if (changed === 'all') this.#facts.clear()
    else for (const key of changed) this.#facts.delete(key)
    const { names, size } = this.#names
    // The list is as high as all its rows would be; only those in sight are there.
    this.#rows.style.height = `${names.length * ROW_HEIGHT}px`
    const isFiltered = this.#filter.value !== '' && this.#filter.value !== '*'
    const of = isFiltered ? ` of ${formatCount(size)}` : ''
    const where = this.#database === 0 ? '' : ` in database ${this.#database}`
    setText(this.#count, `${formatCount(names.length)}${this.#names.isCut ? '+' : ''}${of} ${size === 1 ? 'key' : 'keys'}${where}`)
    found('keys-none', HTMLElement).hidden = names.length > 0
    setText(found('keys-none', HTMLElement), size === 0 ? 'No keys here yet. The examples make some.' : 'No key matches this pattern.')
    this.#draw()
    if (this.#chosen !== null && (changed === 'all' || changed.has(this.#chosen))) this.#showValue()
  }

  #draw(): void {
    const { names } = this.#names
    const first = Math.max(0, Math.floor(this.#list.scrollTop / ROW_HEIGHT) - MARGIN_ROWS)
    const count = Math.ceil(this.#list.clientHeight / ROW_HEIGHT) + 2 * MARGIN_ROWS
    const rows = names.slice(first, first + count).map((name, n) => this.#row(name, first + n))
    this.#rows.replaceChildren(...rows)
    const chosen = rows.find((row) => row.getAttribute('aria-selected') === 'true')
    if (chosen === undefined) this.#list.removeAttribute('aria-activedescendant')
    else this.#list.setAttribute('aria-activedescendant', chosen.id)
  }

  #row(name: string, place: number): HTMLElement {
    const facts = this.#factsOf(name)
    const row = element(
      'div',
      {
        class: 'key',
        id: `key-${place}`,
        role: 'option',
        'aria-selected': String(name === this.#chosen),
        'aria-posinset': String(place + 1),
        'aria-setsize': String(this.#names.names.length),
        'data-name': name,
      },
      element('span', { class: 'name' }, name === '' ? '""' : name),
      element('span', { class: 'type' }, facts.type),
      element(
        'span',
        { class: 'facts' },
        element('span', {}, formatBytes(facts.bytes)),
        element('span', { class: 'left' }, leftOf(facts)),
      ),
    )
    row.style.transform = `translateY(${place * ROW_HEIGHT}px)`
    return row
  }

  #factsOf(name: string): Facts {
    const known = this.#facts.get(name)
    if (known !== undefined) return known
    const deadlineMs = this.#db.pExpireTime(name)
    const facts = {
      type: this.#db.type(name),
      encoding: this.#db.objectEncoding(name) ?? '',
      bytes: this.#db.memoryUsage(name) ?? 0,
      deadlineMs: deadlineMs < 0 ? null : deadlineMs,
    }
    this.#facts.set(name, facts)
    return facts
  }

  /** Once a second, and only in the rows that are there: nothing is read from the store for it. */
  #countDown(): void {
    if (document.hidden) return
    for (const row of this.#rows.children) {
      const facts = this.#facts.get(row.getAttribute('data-name') ?? '')
      const left = row.querySelector('.left')
      if (facts !== undefined && left !== null) setText(left, leftOf(facts))
    }
    this.#showLeft()
    // Keys of other databases expire without a word.
    if (this.#database > 0) this.#names.check()
  }

  #onClick({ target }: MouseEvent): void {
    const row = target instanceof Element ? target.closest('.key') : null
    if (row !== null) this.#choose(row.getAttribute('data-name'))
  }

  #onKey(event: KeyboardEvent): void {
    const { names } = this.#names
    const at = this.#chosen === null ? -1 : names.indexOf(this.#chosen)
    const page = Math.max(1, Math.floor(this.#list.clientHeight / ROW_HEIGHT) - 1)
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }
    const step = steps[event.key]
    if (event.key === 'Escape') this.#choose(null)
    if (step === undefined || names.length === 0) return
    event.preventDefault()
    const to = Math.min(names.length - 1, Math.max(0, at + step))
    this.#scrollTo(to)
    this.#choose(names[to] ?? null)
  }

  #scrollTo(place: number): void {
    const top = place * ROW_HEIGHT
    const { scrollTop, clientHeight } = this.#list
    if (top < scrollTop) this.#list.scrollTop = top
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.#list.scrollTop = top + ROW_HEIGHT - clientHeight
  }

  #choose(name: string | null): void {
    this.#chosen = name
    this.#draw()
    this.#showValue()
  }

  #showValue(): void {
    const drawn = this.#chosen === null ? null : drawValue(this.#db, this.#chosen)
    this.#value.hidden = this.#chosen === null
    if (this.#chosen === null) return
    setText(found('value-name', HTMLElement), this.#chosen)
    found('value-body', HTMLElement).replaceChildren(drawn ?? element('p', { class: 'note' }, 'This key is gone.'))
    this.#showLeft()
  }

  #showLeft(): void {
    if (this.#chosen === null) return
    const { type, encoding, bytes, deadlineMs } = this.#factsOf(this.#chosen)
    const left = deadlineMs === null ? 'stays' : `goes in ${formatLeft(deadlineMs - Date.now())}`
    setText(found('value-facts', HTMLElement), type === 'none' ? '' : `${type} as ${encoding}, ${formatBytes(bytes)}, ${left}`)
  }
}

function leftOf({ deadlineMs }: Facts): string {
  return deadlineMs === null ? '' : formatLeft(deadlineMs - Date.now())
}
