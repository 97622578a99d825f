// Runs the TypeScript tests of one folder with Node's own runner: `node tests/node.mjs tests/js`.
//
// tsx strips the types while loading; `make lint` is where they are checked. Node 20 takes no patterns
// for test files, so they are listed here.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { giveUp, root, run } from '../pkg-template/steps.mjs'

const [folder, ...flags] = process.argv.slice(2)
const files = readdirSync(join(root, folder), { recursive: true })
  .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
  .sort()
  .map((name) => join(folder, name))
if (files.length === 0) giveUp(`${folder} holds no *.test.ts`)
await run('node', ['--import', 'tsx', '--test', '--test-reporter=spec', ...flags, ...files])
