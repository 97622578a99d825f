// A fresh process for one measurement: `node benches/harness/child.mjs <workload> <peer> <JSON>`, one line of JSON.
//
// The workload is a function exported by a file in workloads/, `strings.mjs#strings`; the peer a file in peers/. The JSON has
// what the peer is opened with (`peer`) and what the workload is told (`workload`).

import { probeWebAssembly } from './wasm-probe.mjs'

const [workload, peer, json] = process.argv.slice(2)
const options = JSON.parse(json)
const [file, name] = workload.split('#')

// Before anything can have compiled.
const wasm = probeWebAssembly()
const { [name]: measure } = await import(new URL(`../workloads/${file}`, import.meta.url))
const open = async (more = {}) => {
  const adapter = await import(new URL(`../peers/${peer}.mjs`, import.meta.url))
  return adapter.open({ ...options.peer, ...more })
}
const taken = await measure(open, options.workload, wasm)
process.stdout.write(`${JSON.stringify(taken)}\n`, () => process.exit(0))
