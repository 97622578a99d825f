// From nothing to the first reply, as a process that has just begun sees it.

/** In milliseconds; the file is in the cache of the system. */
export async function firstGet(_open, _params, wasm) {
  const begin = performance.now()
  const { open } = await import('../../pkg/dist/index.node.js')
  const imported = performance.now()
  const db = await open('memory:')
  const opened = performance.now()
  if (db.get('key') !== null) throw new Error('a new store holds nothing')
  const answered = performance.now()
  const { compile, instantiate } = wasm.ms
  return {
    figures: {
      'import to first GET': answered - begin,
      import: imported - begin,
      open: opened - imported,
      'first GET': answered - opened,
      'compile and instantiate': compile + instantiate,
      compile,
    },
  }
}
