// Installs what building needs beside Rust and Node: the wasm target, wasm-bindgen and the npm packages.
//
// Looks first and installs only what is missing, so a second run takes a second.

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cargoMetadata, fingerprint, giveUp, output, run, say, unlessUnchanged } from './steps.mjs'

const WASM_TARGET = 'wasm32-unknown-unknown'

/** Outside the tree, so that `git clean -xdf` does not cost the four minutes that compiling wasm-bindgen takes. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nookdb')

/**
 * The folder with `wasm-bindgen` and `wasm-bindgen-test-runner` of exactly this version, or null. The
 * version must be that of the crate: the two speak a format that changes with every release.
 */
export async function wasmBindgenFolder(version) {
  const cached = join(cache, `wasm-bindgen-${version}`, 'bin')
  const onPath = (process.env.PATH ?? '').split(':')
  for (const folder of [cached, ...onPath]) {
    const program = join(folder, 'wasm-bindgen')
    if (!existsSync(program) || !existsSync(`${program}-test-runner`)) continue
    if ((await output(program, ['--version']))?.trim() === `wasm-bindgen ${version}`) return folder
  }
  return null
}

async function checkNode() {
  const [major] = process.versions.node.split('.').map(Number)
  if (major < 20) giveUp(`Node 20 or later is needed, this is ${process.version}: see https://nodejs.org`)
}

async function installRust() {
  if ((await output('cargo', ['--version'])) === null) {
    giveUp('cargo is missing: install a Rust toolchain, see https://rustup.rs')
  }
  const hasTarget = async () => {
    const folder = await output('rustc', ['--print', 'target-libdir', '--target', WASM_TARGET])
    return folder !== null && existsSync(folder.trim())
  }
  if (!(await hasTarget())) {
    say(`Rust: adding the target ${WASM_TARGET}`)
    await run('rustup', ['target', 'add', WASM_TARGET]).catch(() =>
      giveUp(`Rust's standard library for ${WASM_TARGET} is missing: run \`rustup target add ${WASM_TARGET}\`, or install your distribution's package for it`),
    )
  }
  for (const [tool, component] of [['fmt', 'rustfmt'], ['clippy', 'clippy']]) {
    if ((await output('cargo', [tool, '--version'])) !== null) continue
    say(`Rust: adding ${component}`)
    await run('rustup', ['component', 'add', component]).catch(() =>
      giveUp(`${component} is missing: run \`rustup component add ${component}\`, or install your distribution's package for it`),
    )
  }
}

async function installWasmBindgen() {
  const version = (await cargoMetadata()).pinned('wasm-bindgen')
  if ((await wasmBindgenFolder(version)) !== null) return
  say(`wasm-bindgen ${version}: compiling it once, about four minutes`)
  const folder = join(cache, `wasm-bindgen-${version}`)
  await run('cargo', ['install', 'wasm-bindgen-cli', '--version', version, '--locked', '--root', folder]).catch(() =>
    giveUp(`wasm-bindgen ${version} could not be installed: run \`cargo install wasm-bindgen-cli --version ${version} --locked\` and try again`),
  )
}

async function installNpmPackages() {
  const inputs = fingerprint(['package.json', 'package-lock.json'], process.version)
  await unlessUnchanged('node_modules/.nookdb-installed', inputs, 'npm packages', () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error']),
  )
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  say('set-up of the build: Rust target, wasm-bindgen, npm packages')
  await checkNode()
  await installRust()
  await installWasmBindgen()
  await installNpmPackages()
  say('set-up of the build: done')
}
