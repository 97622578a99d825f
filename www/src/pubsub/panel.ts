import { connect, type Remote } from 'nookdb'
import { element, found, setText } from '../dom.js'
import { Kept, checkStrings } from '../kept.js'

/** Messages that are listed; older ones are dropped. */
const MESSAGES = 200
/** Long enough for a server on the same machine or nearby, short enough for somebody who waits. */
const TIMEOUT_MS = 4000

type Kind = 'channel' | 'pattern'

interface Subscription {
  readonly kind: Kind
  readonly name: string
}

/** Channels of a server, heard and spoken to over a WebSocket. */
export class PubSubPanel {
  readonly #url = found('server-url', HTMLInputElement)
  readonly #connect = found('server-connect', HTMLButtonElement)
  readonly #state = found('server-state', HTMLElement)
  readonly #help = found('server-help', HTMLElement)
  readonly #talk = found('pubsub-talk', HTMLFieldSetElement)
  readonly #channels = found('subscriptions', HTMLElement)
  readonly #messages = found('messages', HTMLElement)
  /** Subscriptions as they are written: `channel news`, `pattern news.*`. */
  readonly #kept = new Kept<string[]>('nookdb.subscriptions', ['channel news'], checkStrings)
  #remote: Remote | null = null
  #attempt: AbortController | null = null

  constructor() {
    this.#url.value = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`
    found('server', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      if (this.#remote === null && this.#attempt === null) void this.#open()
      else this.#close()
    })
    found('subscribe', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#subscribe(found('channel', HTMLInputElement))
    })
    found('publish', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#publish(found('publish-channel', HTMLInputElement).value, found('message', HTMLInputElement))
    })
    setText(found('server-command', HTMLElement), `nookdb-server --http-port 8080 --allow-origin ${location.origin}`)
    this.#show('No server', false)
    void this.#openOwn()
  }

  /** Connects by itself where the page comes from a nookdb-server. */
  async #openOwn(): Promise<void> {
    // Only a nookdb-server answers this in JSON: other servers answer with the page, or not at all.
    const answer = await fetch('/health').catch(() => null)
    if (answer?.ok === true && answer.headers.get('content-type')?.includes('json') === true) await this.#open()
  }

  async #open(): Promise<void> {
    const attempt = new AbortController()
    this.#attempt = attempt
    this.#show('Connecting', false)
    try {
      const remote = await connect(this.#url.value, { timeoutMs: TIMEOUT_MS, signal: attempt.signal })
      remote.on('connected', () => this.#show('Connected', true))
      remote.on('disconnected', () => this.#show('Connection lost, trying again', false))
      this.#remote = remote
      this.#show('Connected', true)
      for (const subscription of this.#subscriptions()) await this.#listen(subscription)
    } catch (error) {
      this.#show(attempt.signal.aborted ? 'No server' : reason(error), false)
    } finally {
      this.#attempt = null
      this.#label()
    }
  }

  #close(): void {
    this.#attempt?.abort()
    this.#remote?.close()
    this.#remote = null
    this.#show('No server', false)
  }

  #show(state: string, isConnected: boolean): void {
    setText(this.#state, state)
    this.#state.dataset['on'] = String(isConnected)
    this.#help.hidden = isConnected
    this.#talk.disabled = !isConnected
    found('messages-none', HTMLElement).hidden = !isConnected || this.#messages.childElementCount > 0
    this.#label()
    this.#drawSubscriptions()
  }

  #label(): void {
    setText(this.#connect, this.#remote !== null ? 'Disconnect' : this.#attempt !== null ? 'Cancel' : 'Connect')
  }

  #subscriptions(): Subscription[] {
    return this.#kept.value.map((line) => {
      const [kind = '', ...name] = line.split(' ')
      return { kind: kind === 'pattern' ? 'pattern' : 'channel', name: name.join(' ') }
    })
  }

  async #subscribe(input: HTMLInputElement): Promise<void> {
    const name = input.value
    if (name === '') return
    // What would match more than itself is a pattern, as in PSUBSCRIBE.
    const subscription: Subscription = { kind: /[*?[]/.test(name) ? 'pattern' : 'channel', name }
    input.value = ''
    const line = `${subscription.kind} ${name}`
    if (this.#kept.value.includes(line)) return
    this.#kept.value = [...this.#kept.value, line]
    this.#drawSubscriptions()
    await this.#listen(subscription)
  }

  async #listen({ kind, name }: Subscription): Promise<void> {
    const listener = (message: string, channel: string): void => this.#add(channel, message)
    try {
      await (kind === 'pattern' ? this.#remote?.pSubscribe(name, listener) : this.#remote?.subscribe(name, listener))
    } catch (error) {
      this.#fail(error)
    }
  }

  async #unsubscribe({ kind, name }: Subscription): Promise<void> {
    this.#kept.value = this.#kept.value.filter((line) => line !== `${kind} ${name}`)
    this.#drawSubscriptions()
    try {
      await (kind === 'pattern' ? this.#remote?.pUnsubscribe(name) : this.#remote?.unsubscribe(name))
    } catch (error) {
      this.#fail(error)
    }
  }

  async #publish(channel: string, input: HTMLInputElement): Promise<void> {
    if (channel === '' || this.#remote === null) return
    const message = input.value
    input.value = ''
    try {
      const receivers = await this.#remote.publish(channel, message)
      setText(found('published', HTMLElement), `Sent to ${receivers} ${receivers === 1 ? 'subscriber' : 'subscribers'}.`)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    setText(found('published', HTMLElement), reason(error))
  }

  #add(channel: string, message: string): void {
    const now = new Date()
    const item = element(
      'li',
      {},
      element('time', { dateTime: now.toISOString() }, now.toLocaleTimeString('en-GB')),
      element('span', { class: 'channel' }, channel),
      element('span', { class: 'message' }, message),
    )
    this.#messages.prepend(item)
    while (this.#messages.childElementCount > MESSAGES) this.#messages.lastElementChild?.remove()
    found('messages-none', HTMLElement).hidden = true
  }

  #drawSubscriptions(): void {
    const items = this.#subscriptions().map((subscription) =>
      element(
        'li',
        { class: subscription.kind },
        element('span', {}, subscription.name),
        element(
          'button',
          { type: 'button', 'aria-label': `Unsubscribe from ${subscription.name}`, onclick: () => void this.#unsubscribe(subscription) },
          '\u00d7',
        ),
      ),
    )
    this.#channels.replaceChildren(...items)
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
