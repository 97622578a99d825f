// The package as users get it: packed by npm, and installed from that file into an app outside of this repository.

import { execFile } from 'node:child_process'
import { cp, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { root } from '../../pkg-template/steps.mjs'

const run = promisify(execFile)

export interface Tarball {
  readonly path: string
  /** What is in it. */
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

/** What `npm pack` makes of pkg/. */
export async function pack(folder: string): Promise<Tarball> {
  const { stdout } = await run('npm', ['pack', join(root, 'pkg'), '--json', '--pack-destination', folder])
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: Tarball['files'] }]
  return { path: join(folder, packed.filename), files: packed.files }
}

/** An app with nookdb and nothing else installed. `await using` deletes it. */
export class App implements AsyncDisposable {
  readonly folder: string
  readonly tarball: Tarball

  private constructor(folder: string, tarball: Tarball) {
    this.folder = folder
    this.tarball = tarball
  }

  /** @param sources the folder with its files, of which tests are left out */
  static async make(sources: URL): Promise<App> {
    // Not under a link: Vite serves files by their real paths.
    const folder = await mkdtemp(join(await realpath(tmpdir()), 'nookdb-app-'))
    await cp(fileURLToPath(sources), folder, { recursive: true, filter: (path) => !path.endsWith('.test.ts') })
    const tarball = await pack(folder)
    // Offline: nookdb depends on nothing.
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball.path], { cwd: folder })
    return new App(folder, tarball)
  }

  /** Runs a program of npm, that of the workspace, in the folder of the app; gives what it printed. */
  async run(program: string, ...args: string[]): Promise<string> {
    return this.runWith({}, program, ...args)
  }

  /** @param environment  added to that of the tests */
  async runWith(environment: Record<string, string>, program: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, ...environment }
    const { stdout } = await run(npmProgram(program), args, { cwd: this.folder, env }).catch((error: unknown) => {
      throw new Error(`${program} failed:\n${printed(error)}`, { cause: error })
    })
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

export function npmProgram(name: string): string {
  return join(root, 'node_modules/.bin', name)
}

function printed(error: unknown): string {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
  return stdout + stderr
}
