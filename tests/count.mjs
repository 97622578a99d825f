// Reads how many tests passed and failed from what the runners print.

/** cargo test, and wasm-bindgen-test, which prints the same. */
const CARGO = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm

/** `node --test`: a line per count, "ℹ pass 3" in the spec form and "# pass 3" in TAP. */
const NODE = /^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)$/gm

/** A check of tests/lint.mjs. */
const CHECK = /^check (passed|failed): /gm

const COLOUR = /\x1b\[[0-9;]*m/g

/** The counts of every runner whose output is in `log`. */
export function countTests(log) {
  const plain = log.replace(COLOUR, '')
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const [, passed, failed, ignored] of plain.matchAll(CARGO)) {
    counts.passed += Number(passed)
    counts.failed += Number(failed)
    counts.skipped += Number(ignored)
  }
  const kind = { pass: 'passed', fail: 'failed', cancelled: 'failed', skipped: 'skipped', todo: 'skipped' }
  for (const [, word, count] of plain.matchAll(NODE)) counts[kind[word]] += Number(count)
  for (const [, result] of plain.matchAll(CHECK)) counts[result] += 1
  return counts
}
