import type { Health, Nook } from 'nookdb'
import { element, found, setText } from '../dom.js'
import { formatBytes, formatCount } from '../units.js'

/** How often sizes are asked for: the browser counts what a site holds, which takes it a moment. */
const LOOK_AGAIN_MS = 5000

/** What the badge says in the states in which changes are not kept. */
const KEPT: Partial<Record<Health['state'], string>> = {
  full: 'no room: not kept',
  failed: 'not kept',
  fenced: 'another tab has it: read only',
  wiped: 'deleted: not kept',
}

/** Where the store is kept and how large it is; the way out and in as a dump.rdb. */
export class StorePanel {
  readonly #db: Nook
  readonly #notice = found('store-notice', HTMLElement)
  readonly #onImport: () => void
  #isPersistent = false

  constructor(db: Nook, onImport: () => void) {
    this.#db = db
    this.#onImport = onImport
    found('export', HTMLButtonElement).addEventListener('click', () => this.#export())
    const file = found('import', HTMLInputElement)
    found('import-button', HTMLButtonElement).addEventListener('click', () => file.click())
    file.addEventListener('change', () => void this.#import(file))
    found('persist', HTMLButtonElement).addEventListener('click', () => void this.#persist())
    for (const name of ['fenced', 'wiped', 'error'] as const) {
      db.on(name, (error) => {
        this.#tell(error.message, true)
        void this.refresh()
      })
    }
    db.on('restarted', ({ lostSteps }) => {
      const lost = lostSteps === null ? 'everything' : `${formatCount(lostSteps)} steps`
      this.#tell(`The engine stopped and was made anew. Lost: ${lost}.`, true)
      onImport()
    })
    void navigator.storage?.persisted().then((is) => this.#setPersistent(is))
    setInterval(() => {
      if (!document.hidden) void this.refresh()
    }, LOOK_AGAIN_MS)
    void this.refresh()
  }

  async refresh(): Promise<void> {
    const { usedBytes, quotaBytes } = await this.#db.storage.estimate()
    const health = this.#db.storage.health()
    const isKept = health !== null
    const rows: [string, string][] = [
      ['Name', this.#db.name],
      ['Keys', formatCount(this.#db.dbSize())],
      ['Kept', isKept ? 'in this browser, in IndexedDB' : 'nowhere: it ends with this page'],
    ]
    if (isKept) {
      const unkept = health.lastSeq - health.committedSeq
      rows.push(['State', health.error?.message ?? (unkept === 0 ? 'all is kept' : `${formatCount(unkept)} ${unkept === 1 ? 'step' : 'steps'} on the way`)])
      rows.push(['Safe from clearing', this.#isPersistent ? 'yes, the browser asks before it deletes' : 'no, a full disk may cost it'])
    }
    if (usedBytes !== null) rows.push(['This site holds', formatBytes(usedBytes)])
    if (quotaBytes !== null) rows.push(['It may hold', formatBytes(quotaBytes)])
    found('store-facts', HTMLElement).replaceChildren(...rows.flatMap(([name, fact]) => [element('dt', {}, name), element('dd', {}, fact)]))
    found('persist', HTMLButtonElement).hidden = !isKept || this.#isPersistent
    setText(found('kept', HTMLElement), isKept ? KEPT[health.state] ?? 'kept in this browser' : 'kept nowhere')
  }

  #export(): void {
    try {
      const url = URL.createObjectURL(new Blob([this.#db.export()], { type: 'application/octet-stream' }))
      element('a', { href: url, download: 'dump.rdb' }).click()
      // The download has begun by then, and the bytes need not stay in memory.
      setTimeout(() => URL.revokeObjectURL(url), 60_000)
      this.#tell('dump.rdb has everything; redis-server 7.0 and later start on it.', false)
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error), true)
    }
  }

  async #import(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0]
    if (file === undefined) return
    try {
      const { keys, skipped } = this.#db.import(new Uint8Array(await file.arrayBuffer()))
      const without = skipped.length === 0 ? '' : ` Left out: ${skipped.join('; ')}.`
      this.#tell(`${file.name} is loaded: ${formatCount(keys)} keys.${without}`, false)
    } catch (error) {
      this.#tell(`${file.name} was not loaded: ${error instanceof Error ? error.message : String(error)}`, true)
    }
    input.value = ''
    this.#onImport()
    void this.refresh()
  }

  async #persist(): Promise<void> {
    this.#setPersistent(await this.#db.storage.persist())
    if (!this.#isPersistent) this.#tell('The browser did not agree. It decides by how much a site is used.', false)
  }

  #setPersistent(is: boolean): void {
    this.#isPersistent = is
    void this.refresh()
  }

  #tell(text: string, isError: boolean): void {
    this.#notice.hidden = false
    this.#notice.classList.toggle('error', isError)
    setText(this.#notice, text)
  }
}
