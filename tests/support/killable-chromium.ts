// A Chromium that can be killed as a power cut kills it: all of its processes at once, without a word to any of them.

import { spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type BrowserContext } from 'playwright-core'
import { ARGUMENTS, executablePath } from './chromium.js'

/** Longer than Chromium takes to start on a busy machine. */
const START_LIMIT_MS = 60_000

export interface KillableChromium {
  readonly context: BrowserContext
  /** SIGKILL to the whole process group. Resolves when the browser is gone. */
  kill(): Promise<void>
}

/** Starts a browser on a profile, which outlives it. */
export async function launchKillable(profileFolder: string): Promise<KillableChromium> {
  const portFile = join(profileFolder, 'DevToolsActivePort')
  // What the last browser left would be taken for the answer of this one.
  await rm(portFile, { force: true })
  const child = spawn(
    executablePath(),
    [...ARGUMENTS, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profileFolder}`, 'about:blank'],
    // Detached: the head of a process group of its own, to which all of its processes belong.
    { detached: true, stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const kill = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
    await ended
  }
  try {
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${await debuggingPort(portFile)}`)
    const [context] = browser.contexts()
    if (context === undefined) throw new Error('Chromium came without a context')
    return { context, kill }
  } catch (error) {
    await kill()
    throw error
  }
}

async function debuggingPort(portFile: string): Promise<number> {
  const end = Date.now() + START_LIMIT_MS
  while (Date.now() < end) {
    const [port] = (await readFile(portFile, 'utf8').catch(() => '')).split('\n')
    if (port !== undefined && port !== '') return Number(port)
    await sleep(10)
  }
  throw new Error('Chromium did not start')
}
