// Makes the scripts of the package of its sources: `shared.js` with all that every entry stands on, a file for each entry, and one for
// each part that is loaded when it is needed.
//
// A page that bundles nothing fetches each file, so an entry is its own file and the shared one, and what only some entries have is copied
// into each of them. Node takes half a millisecond to find, open and link a file: what starts there has all of it in one. Nothing is
// minified: whoever bundles does that, and whoever does not reads the names in stack traces.

import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
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

const SOURCES = join(root, 'pkg-template/src')

/** What entries stand on. */
const SHARED = ['open', 'slim', 'late', 'transport/connect'].map((name) => join(SOURCES, `${name}.ts`))

/** What only Node loads, each a script that stands on no other. What is copied into several may have no state that they would have to share, and no class by which things
 *  are told apart: `NookError` sees to that itself. */
const ALONE = ['index.node', 'index.slim.node', 'in-files'].map((name) => `${name}.js`)

const sourceOf = (path, resolveDir) => join(resolveDir, path.replace(/\.js$/, '.ts'))
const scriptOf = (source) => `${basename(source, '.ts')}.js`

/** Leaves out of a file what is in another.
 *  @param shared  sources of shared.js
 *  @param late  where to put the sources that are loaded later */
const apart = (shared, late) => ({
  name: 'apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, kind }) => {
      const source = sourceOf(path, resolveDir)
      if (kind === 'dynamic-import') late.add(source)
      else if (!shared.has(source)) return undefined
      return { path: `./${kind === 'dynamic-import' ? scriptOf(source) : 'shared.js'}`, external: true, sideEffects: false }
    })
  },
})

/** A script that exports what the sources do. */
function script(name, sources, plugins) {
  return build({
    stdin: {
      contents: sources.map((source) => `export * from './${relative(root, source).replace(/\.ts$/, '.js')}'`).join('\n'),
      resolveDir: root,
    },
    outfile: name,
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    external: ['node:*'],
    // The maps hold the sources, by their paths in the repository.
    sourcemap: true,
    sourceRoot: 'nookdb:///pkg/dist/',
    plugins: [wasmFolder, ...plugins],
    logLevel: 'warning',
    write: false,
    metafile: true,
  })
}

/** @param entryPoints  paths from the root of the repository */
export async function bundle(entryPoints, outdir) {
  const late = new Set()
  const nowhere = new Set()
  const { metafile } = await script('shared.js', SHARED, [apart(nowhere, late)])
  const shared = new Set(Object.keys(metafile.inputs).map((path) => join(root, path)).filter((path) => path.startsWith(SOURCES)))

  const write = async (name, sources) => {
    const within = name === 'shared.js' || ALONE.includes(name) ? nowhere : shared
    const { outputFiles } = await script(join(outdir, name), sources, [apart(within, late)])
    for (const { path, contents } of outputFiles) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, contents)
    }
  }
  await write('shared.js', [...shared])
  for (const entry of entryPoints) await write(scriptOf(entry), [join(root, entry)])
  // A set gives what is added to it meanwhile, too.
  for (const source of late) await write(scriptOf(source), [source])
}
