// A Worker as its users have it: a project with the packed package installed, built by wrangler, run by workerd.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { App } from '../packaging/packed.js'

export const APPS = new URL('apps/', import.meta.url)

export interface StartOptions {
  readonly compatibilityDate?: string
  /** By the names of their bindings. */
  readonly durableObjects?: Record<string, { className: string; useSQLite: boolean }>
}

export class Worker implements AsyncDisposable {
  readonly #app: App

  private constructor(app: App) {
    this.#app = app
  }

  /** @param name a folder of `apps/` */
  static async build(name: string): Promise<Worker> {
    const app = await App.make(new URL(name, APPS))
    // The banner would ask a registry for news, and the log go to the home directory.
    const quiet = { WRANGLER_HIDE_BANNER: 'true', WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG_PATH: join(app.folder, 'logs') }
    await app.runWith(quiet, 'wrangler', 'deploy', '--dry-run', '--outdir', 'dist')
    return new Worker(app)
  }

  /** The modules that wrangler would upload. */
  async uploads(): Promise<string[]> {
    return (await readdir(join(this.#app.folder, 'dist'))).filter((name) => /\.(js|wasm)$/.test(name))
  }

  /** Starts workerd. What objects keep stays until the project is deleted. */
  start(options: StartOptions = {}): Miniflare {
    return new Miniflare({
      compatibilityDate: '2026-04-01',
      ...options,
      cf: false,
      modules: true,
      modulesRoot: join(this.#app.folder, 'dist'),
      modulesRules: [
        { type: 'ESModule', include: ['**/*.js'] },
        { type: 'CompiledWasm', include: ['**/*.wasm'] },
      ],
      scriptPath: join(this.#app.folder, 'dist/index.js'),
      durableObjectsPersist: join(this.#app.folder, 'objects'),
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#app[Symbol.asyncDispose]()
  }
}
