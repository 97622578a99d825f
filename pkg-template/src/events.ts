/** Calls listeners by the name of what happened. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()

  /** Gives the function that takes the listener away again. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    requireFunction(listener)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  /** Whether anybody listened. What a listener throws is its own affair: it is reported, and the others are called. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): boolean {
    const listeners = [...(this.#listeners.get(name) ?? [])] as ((event: Events[Name]) => void)[]
    for (const listener of listeners) callSafely(() => listener(event))
    return listeners.length > 0
  }
}

/** Whoever gave no listener is told where that was, and not when it is called.
 *  @throws TypeError */
export function requireFunction(listener: unknown): void {
  if (typeof listener !== 'function') throw new TypeError(`a listener is a function, not ${listener}`)
}

/** Runs the app's own function, of which the store must not depend: what it throws is thrown where the host reports
 *  uncaught errors. */
export function callSafely(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
