import { destroyIndexedDB, IndexedDBStorage } from '../../../pkg-template/src/storage/indexeddb.js'
import type { Storage } from '../../../pkg-template/src/storage/storage.js'
import type { World } from '../../js/storage/conformance.js'

/** Between two moments of `crashDuring`: some of them fall into each phase of a transaction. */
const MOMENT_MS = 0.25

let worlds = 0

/** A store that is written through the IndexedDB of a frame: to crash, the frame is taken away, and the browser closes its
 *  connections and aborts the transactions that it had not committed, as it does for a tab. */
export async function indexedDBWorld(wrap: (storage: Storage) => Storage = (storage) => storage): Promise<World> {
  const name = `world ${worlds++}`
  let frame = addFrame()
  const crash = async (): Promise<void> => {
    frame.remove()
    frame = addFrame()
  }
  return {
    notifies: true,
    connect: () => wrap(new IndexedDBStorage(name, { factory: factoryOf(frame) })),
    crash,
    async crashDuring(moment, work) {
      const done = work().then(() => false)
      // Fails, if at all, because its frame is gone.
      done.catch(() => undefined)
      const crashed = await Promise.race([done, pause(moment * MOMENT_MS).then(() => true)])
      if (crashed) await crash()
      return crashed
    },
    wipe: () => destroyIndexedDB(name),
    setFormat: (format) => setFormat(name, format),
    async dispose() {
      frame.remove()
      await destroyIndexedDB(name)
    },
  }
}

/** Has the head of a store say another format. */
async function setFormat(name: string, format: number): Promise<void> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const connection = await done(indexedDB.open(`nookdb:${name}`))
  const meta = connection.transaction('meta', 'readwrite').objectStore('meta')
  const head = (await done<object>(meta.get('head'))) ?? {}
  await done(meta.put({ ...head, format }, 'head'))
  connection.close()
}

function addFrame(): HTMLIFrameElement {
  return document.body.appendChild(document.createElement('iframe'))
}

function factoryOf(frame: HTMLIFrameElement): IDBFactory {
  if (frame.contentWindow === null) throw new Error('the frame is gone')
  return frame.contentWindow.indexedDB
}

/** Finer than setTimeout, which waits for 4 ms once it is nested. */
async function pause(pauseMs: number): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  const end = performance.now() + pauseMs
  while (performance.now() < end) {
    await new Promise((resolve) => {
      port1.onmessage = resolve
      port2.postMessage(null)
    })
  }
  port1.close()
}
