// Somebody who looks at an app in a browser of their own, with the console open.

import type { Browser, Page } from 'playwright-core'

/** Longer than a page takes on a busy machine; an app that says nothing is broken. */
const PATIENCE_MS = 60_000

export class Visitor implements AsyncDisposable {
  /** Errors and warnings in the console, uncaught exceptions, and requests that failed. */
  readonly troubles: string[] = []
  /** The types under which wasm was served. */
  readonly wasmTypes: string[] = []
  /** The paths that were asked for. */
  readonly loaded: string[] = []
  readonly #page: Page

  private constructor(page: Page) {
    this.#page = page
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.troubles.push(message.text())
    })
    page.on('pageerror', (error) => this.troubles.push(String(error)))
    page.on('requestfailed', (request) => this.troubles.push(`${request.url()}: ${request.failure()?.errorText}`))
    page.on('response', (response) => {
      const { pathname } = new URL(response.url())
      this.loaded.push(pathname)
      if (pathname.endsWith('.wasm')) this.wasmTypes.push(response.headers()['content-type'] ?? '')
    })
  }

  static async arrive(browser: Browser, url: string): Promise<Visitor> {
    const context = await browser.newContext()
    const visitor = new Visitor(await context.newPage())
    await visitor.#page.goto(url)
    return visitor
  }

  async reload(): Promise<void> {
    await this.#page.reload()
  }

  /** What the app shows, once it does. */
  async read(): Promise<string> {
    const output = this.#page.locator('output:not(:empty)')
    await output.waitFor({ timeout: PATIENCE_MS, state: 'attached' }).catch((error: unknown) => {
      throw new Error(`the page shows nothing; ${this.troubles.join('; ')}`, { cause: error })
    })
    return output.innerText()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page.context().close()
  }
}
