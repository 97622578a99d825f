// What a line comes to: a command for the store, or one of the console's own.

import type { Nook, Session } from 'nookdb'
import { drawReplies, plainText } from './drawing.js'
import { help } from './usage.js'
import { splitWords } from './words.js'

/** What the console shows below a line. */
export interface Outcome {
  readonly text: string
  /** Set where the whole of it is an error. */
  readonly isError: boolean
  /** Set where the log is to be emptied. */
  readonly clears?: boolean
}

/** Replies that redis-cli prints as they are: they are text for people. */
const PLAIN = new Set(['INFO', 'CLIENT LIST', 'CLIENT INFO', 'MEMORY DOCTOR', 'LOLWUT'])

const INTRODUCTION = `Every command of the store can be typed here, as in redis-cli.

  HELP SET        what a command does, with its options
  HELP @list      all commands of a group: @string @list @hash @set @sorted-set @generic ...
  CLEAR           empties this log
  Tab             completes names and options; Esc, then Tab leaves the line
  Up, Down        walk through what was typed
  Ctrl-C          ends a command that waits, and subscriptions`

export class Interpreter {
  readonly #db: Nook
  readonly #onMessage: (text: string) => void
  #session: Session
  #abort: AbortController | null = null
  #database = 0
  #inTransaction = false
  #subscribed = false

  /** @param onMessage called with messages of channels that the console has subscribed to, drawn */
  constructor(db: Nook, onMessage: (text: string) => void) {
    this.#db = db
    this.#onMessage = onMessage
    this.#session = this.#connect()
    // A new engine knows nothing of what this session had selected.
    db.on('restarted', () => this.#reconnect())
  }

  /** As in redis-cli: the database where it is not the first, and whether a transaction is open. */
  get prompt(): string {
    const database = this.#database === 0 ? '' : `[${this.#database}]`
    return `${this.#db.name}${database}${this.#inTransaction ? '(TX)' : ''}>`
  }

  get database(): number {
    return this.#database
  }

  /** Whether there is something to stop: a command that waits, or subscriptions. */
  get isBusy(): boolean {
    return this.#abort !== null || this.#subscribed
  }

  /** Whether a command waits for a key: nothing else is run until then. */
  get isWaiting(): boolean {
    return this.#abort !== null
  }

  async run(line: string): Promise<Outcome> {
    const argv = splitWords(line)
    if (argv === null) return { text: 'Invalid argument(s)', isError: true }
    const words = argv.map((bytes) => new TextDecoder().decode(bytes))
    const [name = '', ...rest] = words.map((word) => word.toUpperCase())
    if (name === 'CLEAR' && rest.length === 0) return { text: '', isError: false, clears: true }
    if (name === 'HELP' || name === '?') return explain(words.slice(1))
    return this.#send(argv, name, rest)
  }

  /** Ends the wait of a command, or else all subscriptions. */
  stop(): void {
    if (this.#abort !== null) return this.#abort.abort()
    if (!this.#subscribed) return
    this.#reconnect()
  }

  async #send(argv: Uint8Array[], name: string, rest: string[]): Promise<Outcome> {
    const abort = new AbortController()
    this.#abort = abort
    try {
      const resp = await this.#session.send(argv, { signal: abort.signal })
      this.#follow(name, rest, resp)
      return drawn(resp, [name, rest[0]].join(' '))
    } catch (error) {
      if (abort.signal.aborted) return { text: '(stopped)', isError: false }
      return { text: error instanceof Error ? error.message : String(error), isError: true }
    } finally {
      this.#abort = null
    }
  }

  /** Keeps what the prompt shows in step with what was done. */
  #follow(name: string, rest: string[], resp: Uint8Array): void {
    if (name === 'QUIT') return this.#reconnect()
    if (resp[0] === 0x2d) {
      if (name === 'EXEC') this.#inTransaction = false
      return
    }
    if (name === 'SELECT' && !this.#inTransaction) this.#database = Number(rest[0])
    if (name === 'MULTI') this.#inTransaction = true
    if (name === 'EXEC' || name === 'DISCARD') this.#inTransaction = false
    if (name === 'SUBSCRIBE' || name === 'PSUBSCRIBE') this.#subscribed = true
    if (name === 'UNSUBSCRIBE' || name === 'PUNSUBSCRIBE') this.#subscribed = !/\r\n:0\r\n$/.test(new TextDecoder().decode(resp))
    if (name === 'RESET') {
      this.#database = 0
      this.#inTransaction = this.#subscribed = false
    }
  }

  #reconnect(): void {
    this.#session.close()
    this.#session = this.#connect()
    this.#database = 0
    this.#inTransaction = this.#subscribed = false
  }

  #connect(): Session {
    return this.#db.session((resp) => this.#onMessage(drawReplies(resp)))
  }
}

function drawn(resp: Uint8Array, name: string): Outcome {
  const isPlain = PLAIN.has(name) || PLAIN.has(name.split(' ')[0] ?? '')
  const text = (isPlain ? plainText(resp)?.trimEnd() : undefined) ?? drawReplies(resp)
  return { text, isError: resp[0] === 0x2d }
}

function explain(words: readonly string[]): Outcome {
  const text = words.length === 0 ? INTRODUCTION : help(words)
  return text === null
    ? { text: `No command or group is named ${words.join(' ')}. HELP alone says what can be asked.`, isError: true }
    : { text, isError: false }
}
