// The site: a console over a store in the page, its keys, the channels of a server, and where the store is kept.

import { NookError, open, type Nook, type OpenOptions } from 'nookdb'
import { ConsolePanel } from './console/panel.js'
import { found, setText } from './dom.js'
import { KeysPanel } from './keys/panel.js'
import { PubSubPanel } from './pubsub/panel.js'
import { StorePanel } from './store/panel.js'
import { startTabs } from './tabs.js'
import './style.css'

/** `?store=name` opens another store than `nook`, and `?store=memory:` one that is kept nowhere. */
const NAME = new URLSearchParams(location.search).get('store') ?? 'nook'

startTabs(found('tabs', HTMLElement))
new PubSubPanel()
void start({})

async function start(options: OpenOptions): Promise<void> {
  const busy = found('busy', HTMLElement)
  busy.hidden = true
  try {
    show(await open(NAME, options))
  } catch (error) {
    setText(found('busy-reason', HTMLElement), explain(error))
    const take = found('take', HTMLButtonElement)
    take.hidden = !(error instanceof NookError && error.code === 'INUSE')
    take.onclick = () => void start({ ifBusy: 'steal' })
    busy.hidden = false
  }
}

function show(db: Nook): void {
  setText(found('store-name', HTMLElement), db.name)
  const keys = new KeysPanel(db)
  const store = new StorePanel(db, () => keys.reload())
  new ConsolePanel(db, (database) => {
    keys.follow(database)
    void store.refresh()
  })
}

function explain(error: unknown): string {
  if (error instanceof NookError && error.code === 'INUSE') return `The store "${NAME}" is open in another tab, and one at a time may write to it.`
  return error instanceof Error ? error.message : String(error)
}
