// Ours with a storage that keeps chunks and journal in this process: what keeping costs where the medium costs nothing.
//
// No entry of the package offers it, so it is put together from the modules behind them, bundled as the entries are.

import { readFileSync } from 'node:fs'
import { bundle } from '../../pkg-template/bundle.mjs'

const FOLDER = 'target/bench-parts'
const part = (path) => import(new URL(`../../${FOLDER}/${path}`, import.meta.url))

export async function open() {
  await bundle(['open', 'platform/node', 'storage/memory'].map((name) => `pkg-template/src/${name}.ts`), FOLDER)
  const [{ storesOf }, { node }, { MemoryStorage }] = await Promise.all([part('open.js'), part('node.js'), part('memory.js')])
  const loadModule = () => WebAssembly.compile(readFileSync(new URL('../../pkg/wasm/nookdb_bg.wasm', import.meta.url)))
  const lock = async () => ({ release: async () => undefined })
  const keeping = async () => ({ ...(await node('nookdb').keeping()), storage: () => new MemoryStorage(), lock })
  const platform = { ...node('nookdb'), loadModule, keeping }
  const db = await storesOf(platform).open('bench', { durability: 'everysec' })
  return { db, set: (key, value) => void db.set(key, value), close: () => db.close() }
}
