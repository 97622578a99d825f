/** Counts the points where a backend waits for its medium, and stops it for good at one of them. */
export interface CrashPoints {
  /** The medium calls this at each point. Never resolves where the crash is meant to be. */
  pass(): Promise<void>

  /** Runs `work` and calls `crash` at its `moment`-th point; false when `work` was done before. */
  during(moment: number, work: () => Promise<unknown>, crash: () => Promise<void>): Promise<boolean>
}

export function crashPoints(): CrashPoints {
  let left = Infinity
  let reached = (): void => undefined
  return {
    pass() {
      if (left-- > 0) return Promise.resolve()
      reached()
      return new Promise(() => undefined)
    },
    async during(moment, work, crash) {
      left = moment
      const stopped = new Promise<boolean>((resolve) => {
        reached = () => {
          left = Infinity
          resolve(true)
        }
      })
      const crashed = await Promise.race([stopped, work().then(() => false)])
      left = Infinity
      if (crashed) await crash()
      return crashed
    },
  }
}
