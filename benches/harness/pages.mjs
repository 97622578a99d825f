// Fresh pages of headless Chromium, each in a context of its own, and so in a process of its own.

import { chromium } from 'playwright-core'
import { root } from '../../pkg-template/steps.mjs'
import { ARGUMENTS, executablePath } from '../../tests/support/chromium.ts'
import { StaticServer } from '../../tests/support/static-server.ts'

/** A browser and a server for its pages. */
export class Pages {
  #browser
  #server

  static async start() {
    const pages = new Pages()
    pages.#server = await StaticServer.start(root)
    // The collector can be called between phases, as in Node.
    pages.#browser = await chromium.launch({ executablePath: executablePath(), args: [...ARGUMENTS, '--js-flags=--expose-gc'] })
    return pages
  }

  get version() {
    return this.#browser.version()
  }

  /** One measurement: what the workload returned.
   *  @param {{ workload: string, peer: string, open?: object, params?: object }} measurement */
  async inFreshPage({ workload, peer, open = {}, params = {} }) {
    const context = await this.#browser.newContext()
    try {
      const page = await context.newPage()
      await page.goto(`${this.#server.origin}/benches/harness/page.html`)
      // By name: what is given to `evaluate` may not import.
      return await page.evaluate((measurement) => globalThis.measure(measurement), { workload, peer, open, params })
    } finally {
      await context.close()
    }
  }

  async stop() {
    await this.#browser.close()
    await this.#server[Symbol.asyncDispose]()
  }
}
