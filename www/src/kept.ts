// What the page itself remembers, beside the store: the log of the console, its history, the address of the server.

/** A value under a name of its own in localStorage. Where the browser keeps nothing, the value lasts as long as the page. */
export class Kept<T> {
  readonly #name: string
  #value: T

  /** @param check gives what was read in the shape that it is to have, or throws */
  constructor(name: string, otherwise: T, check: (read: unknown) => T) {
    this.#name = name
    this.#value = otherwise
    try {
      const read = localStorage.getItem(name)
      if (read !== null) this.#value = check(JSON.parse(read))
    } catch {
      // Storage is forbidden, or holds what an older page wrote: the page begins anew.
    }
  }

  get value(): T {
    return this.#value
  }

  set value(value: T) {
    this.#value = value
    try {
      localStorage.setItem(this.#name, JSON.stringify(value))
    } catch {
      // Storage is full or forbidden: the page goes on without.
    }
  }
}

export function checkStrings(read: unknown): string[] {
  if (!Array.isArray(read) || !read.every((one) => typeof one === 'string')) throw new TypeError('no list of strings')
  return read
}
