// Runs suites of tests and counts: `node tests/run.mjs` runs all, `node tests/run.mjs rust js` these two.
//
// A suite that fails does not stop the next one. What a suite printed is in target/test-logs/<suite>.log,
// the sum over all suites in target/test-logs/summary; it is also the last line printed.

import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, say } from '../pkg-template/steps.mjs'
import { countTests } from './count.mjs'
import { SUITES } from './suites.mjs'

const LOGS = join(root, 'target/test-logs')

/** Longer than the slowest suite takes on two cores with nothing built: what takes longer hangs. */
const SUITE_LIMIT_MS = 20 * 60 * 1000

/** Runs one command of a suite and resolves to its exit code; the whole process group ends with the limit or with us. */
function runCommand({ program, args, env }, log, echo) {
  return new Promise((resolve) => {
    log.write(`$ ${[program, ...args].join(' ')}\n`)
    const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const end = (signal) => {
      try {
        process.kill(-child.pid, signal)
      } catch {
        // The group is gone already: it ended between the signal and here.
      }
    }
    const interrupt = () => {
      end('SIGTERM')
      process.exit(130)
    }
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    const limit = setTimeout(() => {
      log.write(`\nstopped: took longer than ${SUITE_LIMIT_MS / 60000} minutes\n`)
      end('SIGKILL')
    }, SUITE_LIMIT_MS)
    const settle = (code) => {
      clearTimeout(limit)
      process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt)
      resolve(code)
    }
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        log.write(chunk)
        if (echo) process.stdout.write(chunk)
      })
    }
    child.on('error', (error) => {
      log.write(`${error.message}\n`)
      settle(1)
    })
    child.on('close', (code) => settle(code ?? 1))
  })
}

/** Runs a suite's commands, all of them, and gives its counts. */
async function runSuite(name, echo) {
  const path = join(LOGS, `${name}.log`)
  const log = createWriteStream(path)
  let broken = false
  for (const command of SUITES[name].commands) {
    if ((await runCommand(command, log, echo)) !== 0) {
      broken = true
      if (command.required) break
    }
  }
  await new Promise((resolve) => log.end(resolve))
  const counts = countTests(readFileSync(path, 'utf8'))
  // A suite that ran nothing, or that broke before it could count, proves nothing: that is a failure of its own.
  if ((broken && counts.failed === 0) || counts.passed + counts.failed === 0) counts.failed += 1
  return counts
}

function sentence({ passed, failed }) {
  return `${passed} passed, ${failed} failed`
}

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !(name in SUITES))
if (unknown.length > 0) {
  console.error(`no such suite: ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}`)
  process.exit(2)
}

mkdirSync(LOGS, { recursive: true })
for (const name of readdirSync(LOGS)) rmSync(join(LOGS, name))

const total = { passed: 0, failed: 0 }
for (const name of chosen.length > 0 ? chosen : Object.keys(SUITES)) {
  say(`${name}: ${SUITES[name].about}`)
  // One suite is run by somebody who watches it; all of them are run for the result.
  const echo = chosen.length === 1
  const counts = await runSuite(name, echo)
  if (counts.failed > 0 && !echo) console.log(readFileSync(join(LOGS, `${name}.log`), 'utf8'))
  say(`${name}: ${sentence(counts)}${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`)
  total.passed += counts.passed
  total.failed += counts.failed
}
writeFileSync(join(LOGS, 'summary'), `${sentence(total)}\n`)
console.log(sentence(total))
process.exitCode = total.failed > 0 ? 1 : 0
