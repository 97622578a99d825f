// Makes pkg/, the package that users install, from this folder and the crate:
//
//   cargo rustc  ->  wasm-bindgen  ->  wasm-opt  ->  pkg/wasm/   the engines, and the types of what they export
//   nookdb-table ->  generate.mjs                ->  src/commands/generated.ts
//   src/*.ts     ->  tsc, bundle.mjs (esbuild)   ->  pkg/dist/   the client: types, and the scripts
//   package.json, README.md, CHANGELOG.md, LICENSE-*             with the version of Cargo.toml
//
// Each step is skipped when its inputs are those of the last time.

import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bundle } from './bundle.mjs'
import { withoutGlue } from './glue.mjs'
import { wasmBindgenFolder } from './setup.mjs'
import { cargoMetadata, fingerprint, giveUp, root, run, say, unlessUnchanged } from './steps.mjs'
import { withCustomSection, withoutCustomSection } from './wasm-file.mjs'

const inRoot = (...path) => join(root, ...path)
const npmProgram = (name) => inRoot('node_modules', '.bin', name)

/**
 * The engines of the package: the crate with other families of commands. The profiles of Cargo.toml say what of each is made for
 * speed, and what for the way to the page.
 *
 * 100 in place of 225, and for what is marked `#[inline]`, as most of Rust's library is, of 325, is how large, in LLVM's measure, a
 * function may be that is copied into its callers. 20 in place of 150 is the same for a loop that is written out turn by turn. The
 * plainer options, `-inline-threshold` and `-unroll-threshold`, hold for what is compiled for size as well, and make it large.
 */
const SPEED = ['-inlinedefault-threshold=100', '-inlinehint-threshold=100', '-unroll-threshold-default=20', '-unroll-runtime=false']
const ENGINES = [
  { name: 'nookdb', profile: 'wasm', features: ['families'], llvm: SPEED, wasmOpt: ['-O3'] },
  { name: 'slim', profile: 'slim', features: [], llvm: ['-enable-pre=false', '-enable-load-pre=false'], wasmOpt: ['-Oz', '--converge'] },
]

/** No feature flags: wasm-opt reads what rustc wrote into the file, and Node 20 rejects more than that. Functions with one caller
 *  stay functions: V8 loses nothing by it, and what repeats compresses better. So it does where functions of similar names, which are
 *  often instances of one, lie beside each other. Where loads are aligned is of no use to V8, and one thing less that differs. */
const WASM_OPT = ['--one-caller-inline-max-function-size=0', '--dealign', '--reorder-functions-by-name', '-g']

/** Sections that tools read, and no machine. */
const NOT_FOR_PAGES = ['name', 'producers', 'target_features']

async function compileCrate(targetDirectory, { profile, features, llvm }) {
  await run('cargo', [
    'rustc', '--package', 'nookdb-wasm', '--lib', '--profile', profile, '--target', 'wasm32-unknown-unknown',
    '--features', features.join(','),
    '--', ...llvm.flatMap((option) => ['-C', `llvm-args=${option}`]),
  ])
  return readFileSync(join(targetDirectory, 'wasm32-unknown-unknown', profile, 'nookdb_wasm.wasm'))
}

/** `--target web` alone: its wasm is byte-identical to that of the other targets, and the loaders are ours. */
async function bindAndOptimize(targetDirectory, { name, wasmOpt }, compiled, bindgen, strings) {
  const folder = join(targetDirectory, 'engines', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'compiled.wasm')
  writeFileSync(path, compiled)
  await run(join(bindgen, 'wasm-bindgen'), ['--target', 'web', '--out-dir', folder, '--out-name', 'nookdb', path])
  writeFileSync(path, withoutGlue(readFileSync(join(folder, 'nookdb_bg.wasm')), name))
  // With the names of its functions, which benches/sizes.mjs reads.
  await run(npmProgram('wasm-opt'), [...wasmOpt, ...WASM_OPT, path, '-o', join(folder, 'named.wasm')])
  const wasm = withCustomSection(NOT_FOR_PAGES.reduce(withoutCustomSection, readFileSync(join(folder, 'named.wasm'))), 'strings', strings)
  writeFileSync(inRoot('pkg/wasm', `${name}_bg.wasm`), wasm)
  return wasm
}

async function makeEngines(targetDirectory, compiled, bindgen) {
  rmSync(inRoot('pkg/wasm'), { recursive: true, force: true })
  mkdirSync(inRoot('pkg/wasm'), { recursive: true })
  const strings = await assembleStrings(targetDirectory)
  for (const engine of ENGINES) {
    const wasm = await bindAndOptimize(targetDirectory, engine, compiled.get(engine), bindgen, strings)
    writeInlineModule(engine, wasm)
  }
  writeTypesOfExports(ENGINES.map(({ name }) => join(targetDirectory, 'engines', name)))
}

/** The methods of the class of wasm-bindgen as the functions that they call. */
function writeTypesOfExports(folders) {
  const typesOf = (folder) => {
    const declared = readFileSync(join(folder, 'nookdb.d.ts'), 'utf8').split('export class Instance {')[1].split('\n}\n')[0]
    return [...declared.matchAll(/^    (\w+)\((.*)\)(?:: (\w+))?;$/gm)]
      .filter(([, method]) => method !== 'free')
      .map(([, method, parameters, answer = 'number']) => {
        const all = ['engine: number', ...(parameters === '' ? [] : [parameters])]
        const called = method === 'constructor' ? `instance_new(${parameters})` : `instance_${method}(${all.join(', ')})`
        return `  ${called}: ${answer}`.replaceAll('boolean', 'number')
      })
  }
  const [types, ...others] = folders.map((folder) => typesOf(folder).join('\n'))
  if (others.some((other) => other !== types)) giveUp('the engines export different functions')
  writeFileSync(
    inRoot('pkg/wasm/nookdb.d.ts'),
    `/** The functions that an engine exports, as src/wasm has them. */
export interface Functions {
${types}
}
`,
  )
}

/** The wasm as a module of base64, for bundlers and workers that cannot fetch a file beside the script. */
function writeInlineModule({ name }, wasm) {
  const folder = inRoot('pkg/wasm')
  writeFileSync(join(folder, `${name}_base64.js`), `export default '${wasm.toString('base64')}'\n`)
  writeFileSync(
    join(folder, `${name}_base64.d.ts`),
    `/** ${name}_bg.wasm in base64. */\ndeclare const wasm: string\nexport default wasm\n`,
  )
}

/** The copies between strings and memory. They are a module of their own, as not every machine can load them, and lie in a section of
 *  the engine that means nothing to the machine itself. */
async function assembleStrings(targetDirectory) {
  const wasm = join(targetDirectory, 'engines', 'strings.wasm')
  const features = ['--enable-gc', '--enable-reference-types']
  mkdirSync(dirname(wasm), { recursive: true })
  await run(npmProgram('wasm-as'), [...features, inRoot('pkg-template/strings.wat'), '-o', wasm])
  await run(npmProgram('wasm-opt'), [...features, '-O3', wasm, '-o', wasm])
  return readFileSync(wasm)
}

/** The table of commands is asked each time: Cargo knows best whether it has changed. */
async function generateMethods() {
  await run('node', ['--import', 'tsx', 'pkg-template/generate.mjs'])
}

async function compileTypeScript() {
  rmSync(inRoot('pkg/dist'), { recursive: true, force: true })
  await run(npmProgram('tsc'), ['--project', 'pkg-template'])
  const entries = readdirSync(inRoot('pkg-template/src')).filter((name) => name.startsWith('index.'))
  await bundle(entries.map((name) => `pkg-template/src/${name}`), 'pkg/dist')
}

function copyTexts(version) {
  const manifest = JSON.parse(readFileSync(inRoot('pkg-template/package.json'), 'utf8'))
  writeFileSync(inRoot('pkg/package.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`)
  cpSync(inRoot('pkg-template/README.md'), inRoot('pkg/README.md'))
  for (const name of ['CHANGELOG.md', 'LICENSE-MIT', 'LICENSE-APACHE']) cpSync(inRoot(name), inRoot('pkg', name))
}

/** Lets tests, site and benches say `import 'nookdb'` as users do. npm ci removes the link, so it is looked at each time. */
function linkPackage() {
  const link = inRoot('node_modules/nookdb')
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync('../pkg', link, 'dir')
}

if (!existsSync(inRoot('node_modules/.nookdb-installed'))) giveUp('run `make setup` first')
const { version, targetDirectory, pinned } = await cargoMetadata()
const bindgen = await wasmBindgenFolder(pinned('wasm-bindgen'))
if (bindgen === null) giveUp('wasm-bindgen is missing: run `make setup` first')

mkdirSync(inRoot('pkg'), { recursive: true })
const compiled = new Map()
for (const engine of ENGINES) {
  say(`wasm: cargo rustc --profile ${engine.profile}, ${engine.name} (Cargo skips what has not changed)`)
  compiled.set(engine, await compileCrate(targetDirectory, engine))
}
const wasmInputs = fingerprint(
  ['pkg-template/build.mjs', 'pkg-template/glue.mjs', 'pkg-template/strings.wat', 'pkg-template/wasm-file.mjs', 'node_modules/binaryen/package.json'],
  ...compiled.values(), pinned('wasm-bindgen'),
)
await unlessUnchanged('pkg/wasm/.built', wasmInputs, 'wasm: wasm-bindgen, wasm-opt', () => makeEngines(targetDirectory, compiled, bindgen))
await generateMethods()
await unlessUnchanged(
  'pkg/dist/.built',
  fingerprint([
    'pkg-template/src', 'pkg-template/tsconfig.json', 'pkg-template/bundle.mjs', 'package-lock.json',
    'pkg/wasm/nookdb.d.ts',
  ]),
  'TypeScript: tsc, esbuild',
  compileTypeScript,
)
copyTexts(version)
linkPackage()
say(`pkg/: nookdb ${version}`)
