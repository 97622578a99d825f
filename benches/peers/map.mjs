// What a Map has to do for the same commands, without deadlines, bounds, events, undo or a journal. Counters are numbers.

export async function open() {
  const map = new Map()
  return {
    map,
    get: (key) => map.get(key) ?? null,
    set: (key, value) => void map.set(key, value),
    incr: (key) => {
      const sum = (map.get(key) ?? 0) + 1
      map.set(key, sum)
      return sum
    },
    mGet: (keys) => keys.map((key) => map.get(key) ?? null),
    clear: () => map.clear(),
  }
}
