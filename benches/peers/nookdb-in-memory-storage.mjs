// Ours with a storage that keeps chunks and journal in this process: what keeping costs where the medium costs nothing.
//
// No entry of the package offers it, so it is put together from the modules behind them.

const part = (path) => import(new URL(`../../pkg/dist/${path}`, import.meta.url))

export async function open() {
  const [{ storesOf }, { node }, { MemoryStorage }] = await Promise.all([part('open.js'), part('platform/node.js'), part('storage/memory.js')])
  const lock = async () => ({ release: async () => undefined })
  const db = await storesOf({ ...node('nookdb'), storage: () => new MemoryStorage(), lock }).open('bench', { durability: 'everysec' })
  return { db, set: (key, value) => void db.set(key, value), close: () => db.close() }
}
