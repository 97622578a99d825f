// The suites, in the order in which `make test` runs them: the quick ones first.

/** One command of a suite. The next commands run even if it fails, unless it is `required` by them. */
function command(line, { env = {}, required = false } = {}) {
  const [program, ...args] = line.split(' ')
  return { program, args, env, required }
}

/** Quick when nothing has changed: each suite that tests the package may begin with it. */
const BUILD = command('node pkg-template/build.mjs', { required: true })

export const SUITES = {
  lint: {
    about: 'rustfmt, clippy, tsc',
    // The types of the tests are those of the built package.
    commands: [BUILD, command('node tests/lint.mjs')],
  },
  rust: {
    about: 'the tests of the crate',
    commands: [command('cargo test --no-fail-fast --all-features')],
  },
  wasm: {
    about: 'the engine as WebAssembly, in Node and in Chromium',
    commands: [command('node tests/wasm.mjs node'), command('node tests/wasm.mjs chromium')],
  },
  js: {
    about: 'the tests of the package in Node',
    commands: [BUILD, command('node tests/node.mjs tests/js')],
  },
  browser: {
    about: 'what only a browser can show, in headless Chromium',
    commands: [BUILD, command('node tests/node.mjs tests/browser --test-concurrency=1')],
  },
  workerd: {
    about: 'the package in workerd, under miniflare',
    commands: [BUILD, command('node tests/node.mjs tests/workerd')],
  },
  packaging: {
    about: 'the packed package, installed into apps: Vite, esbuild, plain pages, Node',
    commands: [BUILD, command('node tests/node.mjs tests/packaging --test-concurrency=1')],
  },
  apps: {
    about: 'applications that people build on Redis, with the packed package in a page',
    commands: [BUILD, command('node tests/node.mjs tests/apps --test-concurrency=1')],
  },
}
