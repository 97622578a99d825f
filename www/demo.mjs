// `make demo`: builds the package, the server and the site, starts the server on them and says where to look.
//
// Stays in the foreground until Ctrl-C. What is stored is kept in target/demo/ for the next time.
// HTTP_PORT and PORT choose other ports than 8080 and 6379.

import { mkdirSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { cargoMetadata, fingerprint, giveUp, root, run, say, unlessUnchanged } from '../pkg-template/steps.mjs'

const BIND = '127.0.0.1'
const START_LIMIT_MS = 10_000

/** The wished port if it is free, otherwise one that the kernel picks: a redis-server may well own 6379. */
function freePort(wished) {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', (error) => (wished === 0 ? reject(error) : resolve(freePort(0))))
    probe.listen(wished, BIND, () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

async function buildServer(targetDirectory) {
  say('server: cargo build --release (the first time takes minutes)')
  await run('cargo', ['build', '--release', '--features', 'server', '--bin', 'nookdb-server'])
  return join(targetDirectory, 'release', 'nookdb-server')
}

async function buildSite() {
  const sources = readdirSync(join(root, 'www')).filter((name) => name !== 'dist' && name !== 'node_modules')
  const inputs = fingerprint([...sources.map((name) => `www/${name}`), 'package-lock.json', 'pkg/commands.json', 'pkg/dist', 'pkg/wasm'])
  await unlessUnchanged('www/dist/.built', inputs, 'site: vite build', () =>
    run(join(root, 'node_modules/.bin/vite'), ['build', 'www', '--logLevel', 'warn']),
  )
}

/** Resolves when the server answers, or gives up: a server that ended has said why on its own output. */
async function untilHealthy(address, server) {
  const deadline = Date.now() + START_LIMIT_MS
  while (Date.now() < deadline && server.exitCode === null) {
    const healthy = await fetch(`${address}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (healthy) return
    await sleep(50)
  }
  server.kill('SIGTERM')
  giveUp('the server did not start')
}

const { targetDirectory } = await cargoMetadata()
const program = await buildServer(targetDirectory)
await buildSite()

const folder = join(root, 'target/demo')
mkdirSync(folder, { recursive: true })
const port = await freePort(Number(process.env.PORT ?? 6379))
const httpPort = await freePort(Number(process.env.HTTP_PORT ?? 8080))
const server = spawn(
  program,
  [
    '--bind', BIND, '--port', String(port), '--http-port', String(httpPort), '--site', join(root, 'www/dist'),
    '--dir', folder, '--appendonly', 'yes',
  ],
  // In a group of its own: Ctrl-C would reach it beside the signal from here, and a second one ends it before all is kept.
  { stdio: 'inherit', detached: true },
)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => server.kill('SIGTERM'))
// However this script ends, by an error too. A server that has ended already is sent nothing.
process.on('exit', () => server.kill('SIGTERM'))
server.on('close', (code) => process.exit(code ?? 1))
const address = `http://${BIND}:${httpPort}`
await untilHealthy(address, server)
say('ready')
console.log(`
  the site         ${address}/
  redis-cli        redis-cli -p ${port}
  what is kept     ${folder}

Ctrl-C ends it.`)
