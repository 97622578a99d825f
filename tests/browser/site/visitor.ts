// A visitor of the site: types into the console, and hears of everything that the browser complains about.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { build, createServer, preview } from 'vite'

const ROOT = fileURLToPath(new URL('../../../www', import.meta.url))

/** The site as Vite builds it. `await using` removes it. */
export class BuiltSite implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'nookdb-site-'))

  static async make(): Promise<BuiltSite> {
    const site = new BuiltSite()
    await build({ root: ROOT, logLevel: 'warn', build: { outDir: site.folder, emptyOutDir: true } })
    return site
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export interface Served extends AsyncDisposable {
  readonly url: string
}

/** What `vite preview` does with the built site. */
export async function servePreview(site: BuiltSite): Promise<Served> {
  const server = await preview({ root: ROOT, logLevel: 'warn', build: { outDir: site.folder }, preview: { host: '127.0.0.1', port: 0 } })
  return { url: firstUrl(server.resolvedUrls), [Symbol.asyncDispose]: () => server.close() }
}

/** What `vite dev` does with the sources. */
export async function serveDev(): Promise<Served> {
  const server = await createServer({ root: ROOT, logLevel: 'warn', server: { host: '127.0.0.1', port: 0 } })
  await server.listen()
  return { url: firstUrl(server.resolvedUrls), [Symbol.asyncDispose]: () => server.close() }
}

function firstUrl(urls: { local: string[] } | null): string {
  const [url] = urls?.local ?? []
  if (url === undefined) throw new Error('Vite serves nothing')
  return url
}

export class Visitor {
  /** Errors and warnings of the browser, and what the page threw. */
  readonly complaints: string[] = []

  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
  ) {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text())
    })
    page.on('pageerror', (error) => this.complaints.push(String(error)))
  }

  static async arrive(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    return Visitor.#visit(await browser.newContext(options), url)
  }

  /** Opens the site in another tab of the same profile. */
  openTab(url: string): Promise<Visitor> {
    return Visitor.#visit(this.context, url)
  }

  static async #visit(context: BrowserContext, url: string): Promise<Visitor> {
    const visitor = new Visitor(await context.newPage(), context)
    await visitor.page.goto(url)
    return visitor
  }

  async reload(): Promise<void> {
    await this.page.reload()
    await this.#ready()
  }

  /** Types a line, and waits for what comes of it. */
  async say(line: string): Promise<string> {
    await this.#ready()
    // The log may lose old entries as new ones come, so that counting them would not do.
    await this.page.evaluate(() => document.querySelectorAll('#log .entry').forEach((entry) => entry.setAttribute('data-read', '')))
    await this.page.fill('#line', line)
    await this.page.press('#line', 'Enter')
    return this.page.locator('#log .entry:not([data-read]) .reply').last().innerText()
  }

  /** The whole log, as it is read. */
  log(): Promise<string> {
    return this.page.locator('#log').innerText()
  }

  tab(name: 'Keys' | 'Pub/Sub' | 'Store'): Promise<void> {
    return this.page.getByRole('tab', { name }).click()
  }

  /** Names in the list of keys, as far as they are drawn. */
  keys(): Promise<string[]> {
    return this.page.locator('.key .name').allInnerTexts()
  }

  /** Waits until the list shows these keys. */
  async untilKeys(names: readonly string[]): Promise<void> {
    await this.page.waitForFunction(
      (wanted) => [...document.querySelectorAll('.key .name')].map((name) => name.textContent).join(' ') === wanted,
      names.join(' '),
    )
  }

  /** Fails where the browser had something to complain about; closes the visitor's profile. */
  async leave(): Promise<void> {
    await this.context.close()
    assert.deepEqual(this.complaints, [])
  }

  async #ready(): Promise<void> {
    await this.page.waitForSelector('#line:enabled')
  }
}
