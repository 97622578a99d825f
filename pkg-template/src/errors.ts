/** The one error class of the package.
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
}
