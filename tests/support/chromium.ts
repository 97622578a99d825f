// The browser of the tests: the Chromium that is installed, never one that a test tool downloads.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'

/** No sandbox: containers run as root, where Chromium refuses it. The rest keeps the browser off the network. */
export const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function executablePath(): string {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const path = join(folder, 'chromium')
    if (existsSync(path)) return path
  }
  throw new Error('chromium is not on the PATH: run `make setup`')
}

/** Starts a browser that forgets everything when it is closed. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath(), args: ARGUMENTS })
}

/** Starts a browser on a profile: what pages keep in IndexedDB is there again at the next start in the same folder. */
export function launchPersistent(profileFolder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profileFolder, { executablePath: executablePath(), args: ARGUMENTS })
}
