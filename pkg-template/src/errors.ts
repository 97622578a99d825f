/** What every error of the package has, whichever of its files made it. */
const MARK = Symbol.for('nookdb.error')

/** The one error class of the package. Some of its scripts have a copy of their own: an error of any of them is an instance of each.
 *
 *  `code` is what programs compare. For the error reply of a command it is the reply's first word (`WRONGTYPE`, `OOM`,
 *  `NOSCRIPT`) and the message is the reply, word for word as Redis has it; storage has the codes of `StorageCode`. */
export class NookError extends Error {
  override readonly name = 'NookError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  protected get [MARK](): true {
    return true
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A class that extends this one has no mark of its own.
    if (!Object.hasOwn(this.prototype, MARK)) return super[Symbol.hasInstance](value)
    return typeof value === 'object' && value !== null && MARK in value
  }
}

/** @throws NookError where a value is there, and is none of the choices */
export function requireOneOf(name: string, value: unknown, choices: readonly unknown[]): void {
  if (value === undefined || choices.includes(value)) return
  throw new NookError('ERR', `ERR ${name} is ${shown(value)}, which is none of '${choices.join("', '")}'`)
}

/** A value in the words of an error: what is no string is told from one. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/** What is said to a writer whose store has another one, whoever finds it out. */
export function takenOver(cause?: unknown): NookError {
  const message = 'FENCED another tab or process has taken the store over: here it can only be read; close it and open it again to write'
  return new NookError('FENCED', message, cause === undefined ? undefined : { cause })
}
