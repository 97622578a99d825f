// What a page downloads, and of what it is made: `make sizes` prints it, and `make sizes-update` writes benches/sizes.json, beside which
// tests/packaging/sizes.test.ts holds every build.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { cargoMetadata, root } from '../pkg-template/steps.mjs'
import { functions, sections } from '../pkg-template/wasm-file.mjs'

const ENGINES = ['nookdb', 'slim']
/** The entries that a page imports, by the names of their files. */
const ENTRIES = ['browser', 'slim', 'module']
const COMMITTED = join(root, 'benches/sizes.json')

/** Sizes as web servers keep files on disk: gzip -9 and brotli -11. */
function sizes(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes, { params }).length }
}

/** What an app loads that keeps a store, beside the entry. */
const KEEPING = /in-indexeddb-[\w-]+\.js$/

/** The script of an entry as esbuild makes it, without what is loaded only when it is needed; and with what an app loads that
 *  keeps a store, where that is not in it. */
async function bundled(entry) {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, 'pkg/dist', `index.${entry}.js`)],
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    outdir: join(root, 'target/sizes'),
    write: false,
    metafile: true,
    absWorkingDir: root,
    logLevel: 'error',
  })
  const outputs = metafile.outputs
  const visit = (path, seen) => {
    if (seen.has(path)) return seen
    seen.add(path)
    for (const { path: next, kind } of outputs[path].imports) if (kind === 'import-statement') visit(next, seen)
    return seen
  }
  const first = Object.keys(outputs).find((path) => outputs[path].entryPoint !== undefined && path.endsWith(`index.${entry}.js`))
  const loaded = visit(first, new Set())
  const later = Object.keys(outputs).find((path) => KEEPING.test(path))
  const bytesOf = (paths) => Buffer.concat(outputFiles.filter(({ path }) => [...paths].some((name) => path.endsWith(name))).map(({ contents }) => contents))
  return { entry: bytesOf(loaded), keeping: later === undefined ? null : bytesOf(visit(later, new Set(loaded))) }
}

/** The sizes of every engine and every entry of pkg/. */
export async function measure() {
  const wasm = Object.fromEntries(ENGINES.map((name) => [name, sizes(readFileSync(join(root, `pkg/wasm/${name}_bg.wasm`)))]))
  const js = {}
  for (const name of ENTRIES) {
    const { entry, keeping } = await bundled(name)
    js[name] = sizes(entry)
    if (keeping !== null) js[`${name} and what keeps stores`] = sizes(keeping)
  }
  return { wasm, js }
}

export function committed() {
  return JSON.parse(readFileSync(COMMITTED, 'utf8'))
}

/** What has grown by more than this part since the figures were committed, a line each. */
export function grown(now, before, part = 0.02) {
  const lines = []
  for (const kind of ['wasm', 'js']) {
    for (const [name, figures] of Object.entries(now[kind])) {
      for (const [measure, size] of Object.entries(figures)) {
        const old = before[kind]?.[name]?.[measure]
        if (old === undefined) lines.push(`${kind} ${name}: benches/sizes.json has no figure for ${measure}`)
        else if (size > old * (1 + part)) lines.push(`${kind} ${name}: ${size} bytes ${measure}, and ${old} were committed`)
      }
    }
  }
  return lines
}

const OURS = /nookdb(?:_store|_wasm)?::(\w+)(?:::(\w+))?/
const THEIRS = /\b(alloc|compiler_builtins|core|dlmalloc|hashbrown|indexmap|itoa|ryu|std|wasm_bindgen)(?:\[\w+\])?::(?:<impl )?(\w+)?/
const ROOMS_IN_PARTS = new Set(['commands', 'persist', 'types'])

/** Where a function is written: our room, and its family in those that have some; or the library. What a library does
 *  for one of our types counts as ours. */
export function familyOf(name) {
  if (name.startsWith('instance_')) return 'wasm'
  const [, room, part] = OURS.exec(name) ?? []
  if (room !== undefined) return ROOMS_IN_PARTS.has(room) ? `${room}::${part ?? ''}` : room
  const [, library, of] = THEIRS.exec(name) ?? []
  if (library === undefined) return 'others'
  return ['alloc', 'core', 'std'].includes(library) && of !== undefined ? `${library}::${of}` : library
}

function familiesOf(bytes) {
  const families = new Map([['data', [...sections(bytes)].find(({ id }) => id === 11)?.contents.length ?? 0]])
  for (const { name, size } of functions(bytes)) {
    const family = familyOf(name)
    families.set(family, (families.get(family) ?? 0) + size)
  }
  return families
}

const row = (name, ...cells) => console.log(`${name.padEnd(44)}${cells.map((cell) => String(cell).padStart(12)).join('')}`)

async function print() {
  const { wasm, js } = await measure()
  row('bytes', 'raw', 'gzip -9', 'brotli -11')
  for (const [name, { raw, gzip, brotli }] of Object.entries(wasm)) row(`${name}_bg.wasm`, raw, gzip, brotli)
  for (const [name, { raw, gzip, brotli }] of Object.entries(js)) row(`entry ${name}, bundled`, raw, gzip, brotli)
  const { targetDirectory } = await cargoMetadata()
  const engines = ENGINES.map((name) => familiesOf(readFileSync(join(targetDirectory, 'engines', name, 'named.wasm'))))
  const names = [...new Set(engines.flatMap((families) => [...families.keys()]))]
  const size = (families, name) => families.get(name) ?? 0
  console.log()
  row('bytes of code, by family', ...ENGINES)
  for (const name of names.sort((a, b) => size(engines[0], b) - size(engines[0], a))) {
    row(name, ...engines.map((families) => size(families, name)))
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (process.argv[2] === '--update') writeFileSync(COMMITTED, `${JSON.stringify(await measure(), null, 2)}\n`)
  else await print()
}
