// Reads the sections of a WebAssembly file, and the names and sizes of its functions.
// https://webassembly.github.io/spec/core/binary/modules.html

const HEADER_BYTES = 8
const CUSTOM = 0
const IMPORT = 2
const CODE = 10
const FUNCTION_NAMES = 1

class Reader {
  constructor(bytes) {
    this.bytes = bytes
    this.at = 0
  }

  /** An unsigned LEB128. */
  number() {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++]
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }

  take(length) {
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  name() {
    return Buffer.from(this.take(this.number())).toString()
  }
}

/** Each section: its id, the name of a custom one, what is in it, and where it begins and ends in the file. */
export function* sections(bytes) {
  const reader = new Reader(bytes)
  reader.at = HEADER_BYTES
  while (reader.at < bytes.length) {
    const begin = reader.at
    const id = reader.take(1)[0]
    const contents = reader.take(reader.number())
    const name = id === CUSTOM ? new Reader(contents).name() : ''
    yield { id, name, contents, begin, end: reader.at }
  }
}

/** The file without its custom section of this name. */
export function withoutCustomSection(bytes, name) {
  const kept = [...sections(bytes)].filter((section) => section.id !== CUSTOM || section.name !== name)
  return Buffer.concat([bytes.subarray(0, HEADER_BYTES), ...kept.map(({ begin, end }) => bytes.subarray(begin, end))])
}

/** The file with such a section at its end. */
export function withCustomSection(bytes, name, contents) {
  const section = Buffer.concat([leb128(Buffer.byteLength(name)), Buffer.from(name), contents])
  return Buffer.concat([bytes, Buffer.from([CUSTOM]), leb128(section.length), section])
}

function leb128(number) {
  const bytes = []
  for (; number > 0x7f; number >>>= 7) bytes.push((number & 0x7f) | 0x80)
  return Buffer.from([...bytes, number])
}

/** The functions of a file that still has its names: the name and how many bytes the code takes. */
export function functions(bytes) {
  const bodies = []
  const names = new Map()
  let imported = 0
  for (const { id, name, contents } of sections(bytes)) {
    const reader = new Reader(contents)
    if (id === IMPORT) imported = countImportedFunctions(reader)
    if (id === CODE) {
      for (let left = reader.number(); left > 0; left--) bodies.push(reader.take(reader.number()).length)
    }
    if (id === CUSTOM && name === 'name') readFunctionNames(reader, names)
  }
  return bodies.map((size, n) => ({ name: names.get(imported + n) ?? '', size }))
}

function countImportedFunctions(reader) {
  let count = 0
  for (let left = reader.number(); left > 0; left--) {
    reader.name()
    reader.name()
    const kind = reader.take(1)[0]
    // wasm-bindgen imports functions, and nothing else.
    if (kind !== 0) throw new Error(`an import of kind ${kind}`)
    reader.number()
    count++
  }
  return count
}

function readFunctionNames(reader, names) {
  reader.name()
  while (reader.at < reader.bytes.length) {
    const kind = reader.take(1)[0]
    const part = new Reader(reader.take(reader.number()))
    if (kind !== FUNCTION_NAMES) continue
    for (let left = part.number(); left > 0; left--) names.set(part.number(), part.name())
  }
}
