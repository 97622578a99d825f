// What the build scripts share: a line with the elapsed time per step, and a skip for what has not changed.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const began = Date.now()

/** Says what begins, after the seconds since this script began. */
export function say(text) {
  const seconds = Math.round((Date.now() - began) / 1000)
  console.log(`[${String(seconds).padStart(4)}s] ${text}`)
}

/** Ends the script with a sentence that a newcomer can act on. */
export function giveUp(text) {
  console.error(`\nerror: ${text}`)
  process.exit(1)
}

/** A program ended with an error, and has said why itself: no stack trace of ours would add to that. */
class ProgramFailed extends Error {}

process.on('uncaughtException', (error) => {
  if (error instanceof ProgramFailed) giveUp(error.message)
  console.error(error)
  process.exit(1)
})

/** Runs a program from the root of the repository, its output going to the terminal. Rejects when it fails. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', ...options })
    child.on('error', (error) => reject(new ProgramFailed(`${program}: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new ProgramFailed(`${program} ${args.join(' ')} ended with ${signal ?? code}`))
    })
  })
}

/** Runs a program and gives what it printed, or null when it is not there or fails. */
export async function output(program, args, options = {}) {
  const chunks = []
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'], ...options })
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.on('error', () => resolve(null))
    child.on('close', (code) => resolve(code === 0 ? Buffer.concat(chunks).toString() : null))
  })
}

/** What Cargo knows: the version, the target directory and the pinned versions of the dependencies. */
export async function cargoMetadata() {
  const json = await output('cargo', ['metadata', '--format-version', '1', '--no-deps'])
  if (json === null) giveUp('`cargo metadata` fails; run it to see why')
  const { packages, target_directory } = JSON.parse(json)
  const crate = packages.find(({ name }) => name === 'nookdb')
  const dependencies = packages.flatMap((each) => each.dependencies)
  const pinned = (name) => dependencies.find((dependency) => dependency.name === name).req.replace('=', '')
  return { version: crate.version, targetDirectory: target_directory, pinned }
}

/** One hash over the names and bytes of files and folders, and over strings that are no paths (flags, versions). */
export function fingerprint(paths, ...strings) {
  const hash = createHash('sha256')
  const visit = (path) => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) visit(join(path, name))
    } else {
      hash.update(`${path}\0`).update(readFileSync(path))
    }
  }
  for (const path of paths) visit(join(root, path))
  for (const string of strings) hash.update(`\0${string}`)
  return hash.digest('hex')
}

/**
 * Does the work unless `stamp` says that it was done for the same inputs.
 *
 * The stamp lies within what the work makes, so that whoever removes the one removes the other. It is
 * written last: work that was interrupted is done again.
 */
export async function unlessUnchanged(stamp, inputs, title, work) {
  const path = join(root, stamp)
  if (existsSync(path) && readFileSync(path, 'utf8') === inputs) {
    say(`${title}: unchanged`)
    return
  }
  say(title)
  await work()
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, inputs)
}
