// Makes the scripts of the package of its sources: a file for each entry, and what entries share in chunks beside them.
//
// A page that bundles nothing fetches each file, and Node opens and links each: fifty modules took longer than compiling the engine.
// Chunks are shared so that an error of one entry is an instance of the class of another. Nothing is minified: whoever bundles
// does that, and whoever does not reads the names in stack traces.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { root } from './steps.mjs'

/** The engines, as files and in base64, stay beside the scripts; what else lies there goes into them. */
export const wasmFolder = {
  name: 'wasm-folder',
  setup({ onResolve }) {
    onResolve({ filter: /^(?:\.\.\/)+wasm\// }, ({ path }) => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      // All scripts lie in one folder, wherever their sources do.
      if (/\.wasm$|_base64\.js$/.test(name)) return { path: `../wasm/${name}`, external: true }
      return { path: join(root, 'pkg/wasm', name), sideEffects: false }
    })
  },
}

/**
 * What is loaded when it is needed, by an app that has loaded an entry already.
 *
 * esbuild puts into one chunk what the same set of files leads to. What is used by these and by entries would come in pieces, of
 * which an entry needs each. So these lead to all that every entry leads to.
 */
const loadedLate = {
  name: 'loaded-late',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/(?:transport\/remote|platform\/in-files|platform\/in-indexeddb)\.ts$/ }, ({ path }) => ({
      contents: `${readFileSync(path, 'utf8')}export * from '../open.js'\nexport * from '../exports.js'\n`,
      loader: 'ts',
    }))
  },
}

/**
 * An entry names chunks of which it takes nothing: those that its chunks import, so that a page fetches all at once. No module of the
 * package does anything when it is imported, as its package.json says, and esbuild would warn of a plain import of one.
 */
const takingNothing = (script) => script.replaceAll(/^import "(.\/[^"]+)";$/gm, 'import {} from "$1";')

/** @param entryPoints  paths from the root of the repository */
export async function bundle(entryPoints, outdir) {
  const { outputFiles } = await build({
    entryPoints,
    outdir,
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    external: ['node:*'],
    chunkNames: '[name]-[hash]',
    // The maps hold the sources, by their paths in the repository.
    sourcemap: true,
    sourceRoot: 'nookdb:///pkg/dist/',
    plugins: [wasmFolder, loadedLate],
    logLevel: 'warning',
    write: false,
  })
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, path.endsWith('.js') ? takingNothing(text) : text)
  }
}
