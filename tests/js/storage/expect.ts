// The two expectations of the conformance suite, for platforms that have no node:assert.

/** What is compared, written so that equal things look equal: bytes as hexadecimal, long ones as length and checksum. */
function show(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (isBytes(inner) ? showBytes(inner) : inner)) ?? 'undefined'
}

/** Not by class: the bytes may come from another realm. */
function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'
}

function showBytes(bytes: Uint8Array): string {
  if (bytes.length <= 16) return `<${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}>`
  // FNV-1a: two long values that differ are told apart, and a failure stays readable.
  const hash = bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193), 0x811c9dc5) >>> 0
  return `<${bytes.length} bytes ${hash.toString(16)}>`
}

export function equal(found: unknown, expected: unknown, what: string): void {
  if (show(found) !== show(expected)) throw new Error(`${what}: found ${show(found)}, expected ${show(expected)}`)
}

export async function rejectsWith(code: string, call: () => Promise<unknown>, what: string): Promise<void> {
  let failure: unknown
  try {
    await call()
  } catch (error) {
    failure = error
  }
  if (failure === undefined) throw new Error(`${what}: resolved, expected ${code}`)
  const found = failure instanceof Error && 'code' in failure ? failure.code : undefined
  if (found !== code) throw new Error(`${what}: failed with ${String(found ?? failure)}, expected ${code}`)
}
