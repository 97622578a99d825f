// A Worker as its users have it: the package packed by npm and installed into a project, which wrangler builds; run by workerd.

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Miniflare } from 'miniflare'
import { root } from '../../pkg-template/steps.mjs'

const run = promisify(execFile)

export interface StartOptions {
  readonly compatibilityDate?: string
  /** By the names of their bindings. */
  readonly durableObjects?: Record<string, { className: string; useSQLite: boolean }>
}

/** A project of `apps/`, built. `remove` deletes it. */
export class App {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async build(name: string): Promise<App> {
    const folder = await mkdtemp(join(tmpdir(), 'nookdb-worker-'))
    await cp(fileURLToPath(new URL(`apps/${name}`, import.meta.url)), folder, { recursive: true })
    const { stdout } = await run('npm', ['pack', join(root, 'pkg'), '--json', '--pack-destination', folder])
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    // Offline: nookdb depends on nothing.
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)], { cwd: folder })
    await run(join(root, 'node_modules/.bin/wrangler'), ['deploy', '--dry-run', '--outdir', 'dist'], {
      cwd: folder,
      // The banner asks a registry for news.
      env: { ...process.env, CI: 'true', WRANGLER_HIDE_BANNER: 'true', WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG_PATH: join(folder, 'logs') },
    })
    return new App(folder)
  }

  /** What wrangler would upload. */
  async uploads(): Promise<string[]> {
    return (await readdir(join(this.folder, 'dist'))).filter((name) => /\.(js|wasm)$/.test(name))
  }

  /** Starts workerd. What objects keep is kept until the project is deleted. */
  start(options: StartOptions = {}): Miniflare {
    return new Miniflare({
      compatibilityDate: '2026-04-01',
      ...options,
      cf: false,
      modules: true,
      modulesRoot: join(this.folder, 'dist'),
      modulesRules: [
        { type: 'ESModule', include: ['**/*.js'] },
        { type: 'CompiledWasm', include: ['**/*.wasm'] },
      ],
      scriptPath: join(this.folder, 'dist/index.js'),
      durableObjectsPersist: join(this.folder, 'objects'),
    })
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
