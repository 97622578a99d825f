// What workloads measure with.

/** Nanoseconds a call, and what the calls added up to. Begins with a collected heap, where the collector can be called. */
export function timed(calls, work) {
  globalThis.gc?.()
  const begin = performance.now()
  const checksum = work()
  const elapsedMs = performance.now() - begin
  return { ns: (elapsedMs * 1e6) / calls, checksum: checksum | 0 }
}

/** `{ measure: { ns, checksum } }` in the form that rounds are collected in. */
export function taken(measures) {
  const pick = (name) => Object.fromEntries(Object.entries(measures).map(([measure, found]) => [measure, found[name]]))
  return { figures: pick('ns'), checksums: pick('checksum') }
}
