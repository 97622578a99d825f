// Replies drawn as redis-cli draws them on a terminal. They are read from the bytes of RESP: there a status is no string
// and a double is no integer, which JavaScript values no longer tell.

const decoder = new TextDecoder()

/** Draws all replies in the bytes, one below the other. */
export function drawReplies(resp: Uint8Array): string {
  const drawing = new Drawing(resp)
  const drawn: string[] = []
  while (!drawing.done) drawn.push(drawing.draw(''))
  return drawn.join('\n')
}

/** A reply that is one string, as it is: redis-cli shows INFO and CLIENT LIST so. Null where the reply is another. */
export function plainText(resp: Uint8Array): string | null {
  if (resp[0] !== 0x24 && resp[0] !== 0x3d) return null
  const start = resp.indexOf(0x0a) + 1
  const text = decoder.decode(resp.subarray(start, -2)).replaceAll('\r\n', '\n')
  return resp[0] === 0x3d ? text.slice('txt:'.length) : text
}

/** Bytes between double quotes, with escapes for all that is not printable ASCII. */
export function quote(bytes: Uint8Array): string {
  let quoted = '"'
  for (const byte of bytes) quoted += ESCAPED[byte] ?? String.fromCharCode(byte)
  return `${quoted}"`
}

const NAMED = new Map([
  [0x5c, '\\\\'],
  [0x22, '\\"'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x07, '\\a'],
  [0x08, '\\b'],
])

/** What a byte looks like, where not as itself. */
const ESCAPED: readonly (string | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const isPrintable = byte >= 0x20 && byte < 0x7f
  return NAMED.get(byte) ?? (isPrintable ? undefined : `\\x${byte.toString(16).padStart(2, '0')}`)
})

class Drawing {
  readonly #resp: Uint8Array
  #at = 0

  constructor(resp: Uint8Array) {
    this.#resp = resp
  }

  get done(): boolean {
    return this.#at >= this.#resp.length
  }

  /** Draws the next value. Its first line is begun already; further lines begin with `prefix`. */
  draw(prefix: string): string {
    const kind = String.fromCharCode(this.#resp[this.#at++] ?? 0)
    const line = this.#line()
    const length = Number(line)
    switch (kind) {
      case '+':
        return line
      case '-':
        return `(error) ${line}`
      case ':':
        return `(integer) ${line}`
      case ',':
        return `(double) ${line}`
      case '(':
        return `(big number) ${line}`
      case '#':
        return line === 't' ? '(true)' : '(false)'
      case '_':
        return '(nil)'
      case '$':
        return length < 0 ? '(nil)' : quote(this.#take(length))
      case '=':
        return decoder.decode(this.#take(length)).slice('txt:'.length)
      case '*':
        return length < 0 ? '(nil)' : this.#items(length, ')', '(empty array)', prefix)
      case '>':
        return this.#items(length, ')', '(empty push)', prefix)
      case '~':
        return this.#items(length, '~', '(empty set)', prefix)
      case '%':
        return this.#numbered(length, '#', '(empty hash)', prefix, (inner) => this.#pair(inner))
      default:
        throw new Error(`no RESP: ${kind}`)
    }
  }

  #items(count: number, sign: string, empty: string, prefix: string): string {
    return this.#numbered(count, sign, empty, prefix, (inner) => this.draw(inner))
  }

  /** A value of several lines begins below its key, not beside it. */
  #pair(inner: string): string {
    const key = this.draw(inner)
    const value = this.draw(inner)
    return `${key} => ${value.includes('\n') ? `\n${inner}` : ''}${value}`
  }

  /** Numbers from 1, as wide as the last of them; what is below an item stands behind its number. */
  #numbered(count: number, sign: string, empty: string, prefix: string, drawOne: (inner: string) => string): string {
    if (count === 0) return empty
    const width = String(count).length
    const inner = `${prefix}${' '.repeat(width + 2)}`
    const lines: string[] = []
    for (let n = 1; n <= count; n++) lines.push(`${String(n).padStart(width)}${sign} ${drawOne(inner)}`)
    return lines.join(`\n${prefix}`)
  }

  #line(): string {
    const end = this.#resp.indexOf(0x0d, this.#at)
    const line = decoder.decode(this.#resp.subarray(this.#at, end))
    this.#at = end + 2
    return line
  }

  #take(length: number): Uint8Array {
    const start = this.#at
    this.#at = start + length + 2
    return this.#resp.subarray(start, start + length)
  }
}
