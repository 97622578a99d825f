// What workloads measure with.

/** Nanoseconds a call, and what the calls added up to. Begins with a collected heap, where the collector can be called. */
export function timed(calls, work) {
  globalThis.gc?.()
  const begin = performance.now()
  const checksum = work()
  const elapsedMs = performance.now() - begin
  return { ns: (elapsedMs * 1e6) / calls, checksum: checksum | 0 }
}

/** Long enough for a store that frees in slices to be done with what a warm-up has left. */
const SETTLING_MS = 300

/** Removes everything, and waits until that is over. */
export async function emptied(store) {
  store.clear()
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS))
  globalThis.gc?.()
}

/** `{ measure: { ns, checksum } }` in the form that rounds are collected in. */
export function taken(measures) {
  const pick = (name) => Object.fromEntries(Object.entries(measures).map(([measure, found]) => [measure, found[name]]))
  return { figures: pick('ns'), checksums: pick('checksum') }
}
