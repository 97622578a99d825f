/** Carries out asynchronous work one after the other, in the order of the calls. What fails does not hold up the rest. */
export class Line {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }
}
