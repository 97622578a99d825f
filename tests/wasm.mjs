// Runs the wasm-bindgen tests, tests/wasm_*.rs, in the host that the name ends with: Node or headless Chromium.

import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { wasmBindgenFolder } from '../pkg-template/setup.mjs'
import { cargoMetadata, giveUp, root, run } from '../pkg-template/steps.mjs'

const folder = await wasmBindgenFolder((await cargoMetadata()).pinned('wasm-bindgen'))
if (folder === null) giveUp('wasm-bindgen is missing: run `make setup` first')

const tests = readdirSync(join(root, 'tests'))
  .filter((name) => /^wasm_\w+\.rs$/.test(name))
  .map((name) => basename(name, '.rs'))
if (tests.length === 0) giveUp('there is no tests/wasm_*.rs')

await run(
  'cargo',
  [
    'test', '--no-fail-fast', '--target', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'wasm',
    ...tests.flatMap((test) => ['--test', test]),
  ],
  { env: { ...process.env, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: join(folder, 'wasm-bindgen-test-runner') } },
)
