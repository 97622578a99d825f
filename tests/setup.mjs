// Sees to the programs that the tests run against: Chromium, and redis-server with its tools.
//
// Where one is missing Debian's package is installed if that can be done without asking (root and apt);
// otherwise a sentence says what to install. Nothing is fetched by hand.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { giveUp, output, run, say } from '../pkg-template/steps.mjs'

/** A program that the tests start, the Debian package that holds it, and what it is for. */
const PROGRAMS = [
  { program: 'redis-server', debian: 'redis-server', use: 'the oracle that replies are compared with' },
  { program: 'redis-cli', debian: 'redis-tools', use: 'a client for our server' },
  { program: 'redis-benchmark', debian: 'redis-tools', use: 'a client for our server' },
  { program: 'chromium', debian: 'chromium', use: 'the browser of the tests' },
  { program: 'chromedriver', debian: 'chromium-driver', use: 'how wasm-bindgen-test steers Chromium' },
]

function isMissing({ program }) {
  return !(process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)))
}

async function installDebianPackages(packages) {
  const install = () =>
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  // A fresh container has no package lists, an old one has stale lists: both are mended by an update.
  await install().catch(async () => {
    await run('apt-get', ['update', '-q'])
    await install()
  })
}

say('set-up of the tests: redis-server, Chromium')
const missing = PROGRAMS.filter(isMissing)
if (missing.length > 0) {
  const packages = [...new Set(missing.map(({ debian }) => debian))]
  for (const { program, use } of missing) say(`missing: ${program}, ${use}`)
  const advice = `install what is missing and try again; on Debian: apt-get install ${packages.join(' ')}`
  const mayInstall = process.getuid?.() === 0 && (await output('apt-get', ['--version'])) !== null
  if (!mayInstall) giveUp(advice)
  say(`installing ${packages.join(' ')}`)
  await installDebianPackages(packages).catch((error) => giveUp(`${error.message}\n${advice}`))
  const still = missing.filter(isMissing).map(({ program }) => program)
  if (still.length > 0) giveUp(`${still.join(', ')} did not come with its package; ${advice}`)
}
say('set-up of the tests: done')
