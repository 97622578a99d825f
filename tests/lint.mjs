// Checks that read the code without running it. Each prints one line that tests/count.mjs counts.

import { execFileSync } from 'node:child_process'
import { root, run, say } from '../pkg-template/steps.mjs'

/** What a build may ask for, each of which has to compile without the others. */
function features() {
  const metadata = execFileSync('cargo', ['metadata', '--no-deps', '--format-version', '1'], { cwd: root })
  const { packages } = JSON.parse(metadata.toString())
  return Object.keys(packages.find(({ name }) => name === 'nookdb').features).filter((name) => name !== 'default')
}

const CHECKS = [
  ['rustfmt', 'cargo', ['fmt', '--all', '--check']],
  ['clippy', 'cargo', ['clippy', '--quiet', '--all-targets', '--all-features', '--', '-D', 'warnings']],
  ...['families', ''].map((features) => [
    `clippy of the wasm host with ${features || 'no more than is always there'}`,
    'cargo',
    ['clippy', '--quiet', '--package', 'nookdb-wasm', '--target', 'wasm32-unknown-unknown', '--features', features, '--', '-D', 'warnings'],
  ]),
  ...features().map((name) => [
    `clippy of the engine with ${name} alone`,
    'cargo',
    ['clippy', '--quiet', '--package', 'nookdb', '--lib', '--no-default-features', '--features', name, '--', '-D', 'warnings'],
  ]),
  [
    'rustdoc',
    'cargo',
    ['doc', '--quiet', '--no-deps', '--document-private-items', '--all-features'],
    // A bare address is fine: --help of the server prints such comments as they are.
    { RUSTDOCFLAGS: '-D warnings -A rustdoc::bare_urls' },
  ],
  ['tsc over the tests', 'node_modules/.bin/tsc', ['--project', 'tests']],
  ['tsc over the site', 'node_modules/.bin/tsc', ['--project', 'www']],
  ['tsc over the Workers of the tests', 'node_modules/.bin/tsc', ['--project', 'tests/workerd/apps']],
]

for (const [name, program, args, env] of CHECKS) {
  say(`checking: ${name}`)
  const passed = await run(program, args, { env: { ...process.env, ...env } }).then(
    () => true,
    () => false,
  )
  console.log(`check ${passed ? 'passed' : 'failed'}: ${name}`)
  if (!passed) process.exitCode = 1
}
