// Takes out of a WebAssembly file what is there for the glue of wasm-bindgen, which the package does without (src/engine/instance.ts).

import binaryen from 'binaryen'
import { giveUp } from './steps.mjs'

/** What JavaScript uses. */
const EXPORTS = /^(?:memory$|instance_)/

/** What may trap at once. The first lets go of a whole engine, as each export of a class of wasm-bindgen could be the last to hold its
 *  object; nothing frees an engine here, whose memory goes with its instance. The other panics, with a text that nobody is shown. */
const TRAPS = ['drop_in_place<nookdb_wasm::Instance>', 'str::slice_error_fail']

/**
 * An engine imports nothing: V8 compiles a wrapper for each function that is imported or handed through, and calls no function of the
 * module before it has them, a part of every start (benches/README.md). The functions that wasm-bindgen imports are to throw, where an
 * object is entered that was entered already or freed, which nothing here does, so that they trap like a panic; and to fill a table of
 * objects, where none are passed.
 */
export function withoutGlue(wasm, name) {
  binaryen.setDebugInfo(true)
  const module = binaryen.readBinary(wasm)
  const exported = Array.from({ length: module.getNumExports() }, (_, at) => binaryen.getExportInfo(module.getExportByIndex(at)))
  for (const { name } of exported) if (!EXPORTS.test(name)) module.removeExport(name)

  const give = ({ name, params, results }, body) => {
    module.removeFunction(name)
    module.addFunction(name, params, results, [], body)
  }
  const functions = Array.from({ length: module.getNumFunctions() }, (_, at) => binaryen.getFunctionInfo(module.getFunctionByIndex(at)))
  const missed = TRAPS.find((trap) => !functions.some((each) => each.name.includes(trap)))
  if (missed !== undefined) giveUp(`engine ${name} has no function ${missed}: what is to trap is called otherwise now`)
  for (const each of functions) {
    if (each.base === '__wbindgen_init_externref_table') give(each, module.nop())
    else if (each.base.includes('_throw_') || TRAPS.some((name) => each.name.includes(name))) give(each, module.unreachable())
    else if (each.base !== '') giveUp(`engine ${name} imports ${each.base}, which nothing provides`)
  }
  const binary = module.emitBinary()
  module.dispose()
  return binary
}
