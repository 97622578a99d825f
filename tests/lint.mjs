// Checks that read the code without running it. Each prints one line that tests/count.mjs counts.

import { run, say } from '../pkg-template/steps.mjs'

const CHECKS = [
  ['rustfmt', 'cargo', ['fmt', '--check']],
  ['clippy', 'cargo', ['clippy', '--quiet', '--all-targets', '--', '-D', 'warnings']],
  [
    'clippy of the wasm host',
    'cargo',
    ['clippy', '--quiet', '--lib', '--target', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'wasm', '--', '-D', 'warnings'],
  ],
  ['tsc over the tests', 'node_modules/.bin/tsc', ['--project', 'tests']],
]

for (const [name, program, args] of CHECKS) {
  say(`checking: ${name}`)
  const passed = await run(program, args).then(
    () => true,
    () => false,
  )
  console.log(`check ${passed ? 'passed' : 'failed'}: ${name}`)
  if (!passed) process.exitCode = 1
}
