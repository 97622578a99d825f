// Runs the tests of tests/wasm/ as WebAssembly, in Node or in headless Chromium.

import { join } from 'node:path'
import { wasmBindgenFolder } from '../pkg-template/setup.mjs'
import { cargoMetadata, giveUp, run } from '../pkg-template/steps.mjs'

const folder = await wasmBindgenFolder((await cargoMetadata()).pinned('wasm-bindgen'))
if (folder === null) giveUp('wasm-bindgen is missing: run `make setup` first')

const HOSTS = { node: {}, chromium: { WASM_BINDGEN_USE_BROWSER: '1' } }

const host = process.argv[2]
if (!(host in HOSTS)) giveUp(`usage: node tests/wasm.mjs ${Object.keys(HOSTS).join(' | ')}`)
await run('cargo', ['test', '--target', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'families', '--test', 'wasm'], {
  env: {
    ...process.env,
    ...HOSTS[host],
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: join(folder, 'wasm-bindgen-test-runner'),
  },
})
