// A line typed by hand, split into arguments by the rules of redis-cli (src/protocol/inline.rs has the same).

const ESCAPES: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, b: 0x08, a: 0x07 }

const encoder = new TextEncoder()

/** The arguments as bytes, or null where a quote stays open or is followed by more of its word. */
export function splitWords(line: string): Uint8Array[] | null {
  const words: Uint8Array[] = []
  let at = 0
  for (;;) {
    while (isSpace(line[at])) at++
    if (at >= line.length) return words
    const word = readWord(line, at)
    if (word === null) return null
    words.push(word.bytes)
    at = word.end
  }
}

/** The words so far, for hints: where a quote is still open, it is closed at the end. */
export function splitUnfinished(line: string): string[] {
  const words = splitWords(line) ?? splitWords(`${line}"`) ?? splitWords(`${line}'`) ?? []
  const decoder = new TextDecoder()
  return words.map((word) => decoder.decode(word))
}

function readWord(line: string, start: number): { bytes: Uint8Array; end: number } | null {
  const bytes: number[] = []
  let at = start
  while (at < line.length && !isSpace(line[at])) {
    const quote = line[at]
    if (quote !== '"' && quote !== "'") {
      at = pushCharacter(line, at, bytes)
      continue
    }
    at = quote === '"' ? readDouble(line, at + 1, bytes) : readSingle(line, at + 1, bytes)
    // A closing quote must be the end of the word.
    if (at < 0 || (at < line.length && !isSpace(line[at]))) return null
    break
  }
  return { bytes: Uint8Array.from(bytes), end: at }
}

/** Gives where the quote ends, or -1 where it stays open. */
function readDouble(line: string, start: number, bytes: number[]): number {
  let at = start
  while (at < line.length) {
    if (line[at] === '"') return at + 1
    const hex = /^\\x([0-9a-fA-F]{2})/.exec(line.slice(at, at + 4))
    const escaped = line[at + 1]
    if (hex?.[1] !== undefined) {
      bytes.push(Number.parseInt(hex[1], 16))
      at += 4
    } else if (line[at] === '\\' && escaped !== undefined) {
      const byte = ESCAPES[escaped]
      if (byte === undefined) at = pushCharacter(line, at + 1, bytes)
      else {
        bytes.push(byte)
        at += 2
      }
    } else at = pushCharacter(line, at, bytes)
  }
  return -1
}

function readSingle(line: string, start: number, bytes: number[]): number {
  let at = start
  while (at < line.length) {
    if (line[at] === "'") return at + 1
    if (line.startsWith("\\'", at)) at++
    at = pushCharacter(line, at, bytes)
  }
  return -1
}

/** Puts one character as UTF-8, and gives where the next begins. */
function pushCharacter(line: string, at: number, bytes: number[]): number {
  const character = String.fromCodePoint(line.codePointAt(at) ?? 0)
  bytes.push(...encoder.encode(character))
  return at + character.length
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t'
}
