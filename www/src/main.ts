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
  found('busy', HTMLElement).hidden = true
  try {
    // What was typed is to be there after a reload at once; nobody types faster than a commit.
    show(await open(NAME, { durability: 'always', ...options }))
  } catch (error) {
    if (error instanceof NookError && error.code === 'INUSE') {
      tell(`The store "${NAME}" is open in another tab, and one at a time may write to it.`, 'Use it here', () => void start({ ifBusy: 'steal' }))
    } else tell(error instanceof Error ? error.message : String(error), 'Try again', () => void start(options))
  }
}

function show(db: Nook): void {
  setText(found('store-name', HTMLElement), db.name)
  db.on('fenced', () => tell('Another tab has taken this store: what is typed here is kept no more.', 'Reload', () => location.reload()))
  const keys = new KeysPanel(db)
  const store = new StorePanel(db, () => keys.reload())
  new ConsolePanel(db, (database) => {
    keys.follow(database)
    void store.refresh()
  })
}

/** Says on top of the page what is in the way, and offers what can be done. */
function tell(reason: string, action: string, act: () => void): void {
  setText(found('busy-reason', HTMLElement), reason)
  const button = found('take', HTMLButtonElement)
  setText(button, action)
  button.onclick = act
  found('busy', HTMLElement).hidden = false
}
