// Measures ours and the peers in turn, in one run, and writes benches/README.md: `make bench`.

import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { cargoMetadata, giveUp, output, root, run, say } from '../pkg-template/steps.mjs'
import { measure, serve, TESTS } from './served.mjs'

const ROUNDS = 9
const SERVED_ROUNDS = 5

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** For each name, the medians of two lists of measurements. */
function medians(ours, theirs) {
  return Object.keys(ours[0]).map((name) => ({
    name,
    ours: median(ours.map((round) => round[name])),
    theirs: median(theirs.map((round) => round[name])),
  }))
}

async function embedded() {
  const rounds = { nookdb: [], map: [] }
  for (let round = 1; round <= ROUNDS; round++) {
    say(`calls from JavaScript, round ${round} of ${ROUNDS}`)
    for (const which of ['nookdb', 'map']) {
      const json = await output(process.execPath, [join(root, 'benches/embedded.mjs'), which])
      if (json === null) giveUp(`node benches/embedded.mjs ${which} failed; run it to see why`)
      rounds[which].push(JSON.parse(json))
    }
  }
  return medians(rounds.nookdb, rounds.map)
}

async function served(program, pipeline, requests) {
  const rounds = { nookdb: [], redis: [] }
  for (let round = 1; round <= SERVED_ROUNDS; round++) {
    say(`redis-benchmark -P ${pipeline}, round ${round} of ${SERVED_ROUNDS}`)
    for (const [which, path] of [['nookdb', program], ['redis', 'redis-server']]) {
      const server = await serve(path)
      try {
        rounds[which].push(await measure(server.port, pipeline, requests))
      } finally {
        server.stop()
      }
    }
  }
  return medians(rounds.nookdb, rounds.redis)
}

const table = (head, rows) => [head, head.map((_, at) => (at === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const callRows = (rows) => rows.map(({ name, ours, theirs }) => [name, ours.toFixed(0), theirs.toFixed(0), (ours / theirs).toFixed(2)])
const servedRows = (rows) => rows.map(({ name, ours, theirs }) => [name, Math.round(ours), Math.round(theirs), (ours / theirs).toFixed(2)])

async function machine() {
  const release = (await output('sh', ['-c', '. /etc/os-release && echo "$PRETTY_NAME"'])) ?? process.platform
  const redis = (await output('redis-server', ['--version'])) ?? ''
  const memoryGib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores of ${cpus()[0].model.trim()}, ${memoryGib} GiB, ${release.trim()}, Node ${process.versions.node}, redis-server ${/v=(\S+)/.exec(redis)?.[1]}`
}

const { targetDirectory } = await cargoMetadata()
say('the server, as it is released')
await run('cargo', ['build', '--release', '--features', 'server', '--bin', 'nookdb-server'])
const program = join(targetDirectory, 'release/nookdb-server')

const sizes = await output(process.execPath, [join(root, 'benches/sizes.mjs')])
if (sizes === null) giveUp('there is no pkg/ to measure: run make build')
const calls = await embedded()
const plain = await served(program, 1, 100_000)
const pipelined = await served(program, 16, 400_000)

const text = `# Measurements

Written by \`make bench\` on ${new Date().toISOString().slice(0, 10)}: ${await machine()}.
Ours and the peer's were measured in turn in one run; figures are medians. No test asserts a time.

## What a page downloads

\`\`\`text
${sizes.trimEnd()}
\`\`\`

## Calls from JavaScript, in nanoseconds

Node, 100,000 keys of 20 characters that are built for each call, values of 64 characters, ${ROUNDS} processes each
(\`benches/embedded.mjs\`). A \`Map\` has no deadlines, no bound, no events and no undo; ours has them on.

${table(['call', 'nookdb', 'Map', 'ours / Map'], callRows(calls))}

## The server, in requests per second

\`redis-benchmark -c 50 -r 100000 -t ${TESTS.join(',')}\`, both servers keeping nothing, ${SERVED_ROUNDS} rounds each
(\`benches/served.mjs\`). More is better.

One request at a time on each connection:

${table(['test', 'nookdb-server', 'redis-server', 'ours / theirs'], servedRows(plain))}

Sixteen at a time (\`-P 16\`):

${table(['test', 'nookdb-server', 'redis-server', 'ours / theirs'], servedRows(pipelined))}
`
writeFileSync(join(root, 'benches/README.md'), text)
say('written to benches/README.md')
console.log(`\n${text}`)
