// A store in a worker, dedicated or of a service: each message is a task, and its port takes the replies.

import { open, type Nook, type Reply } from 'nookdb'

export interface Task {
  readonly calls?: readonly (readonly string[])[]
  /** Waits for an element of a list. */
  readonly pop?: string
  readonly flush?: boolean
}

export interface Answer {
  /** Another one in each worker. */
  readonly worker: string
  readonly replies: readonly Reply[]
}

const worker = crypto.randomUUID()

let opened: Promise<Nook> | undefined

async function run({ calls = [], pop, flush }: Task): Promise<Answer> {
  const db = await (opened ??= open('shop'))
  const replies = calls.map((argv) => db.call(...argv))
  if (pop !== undefined) replies.push((await db.blPop(pop, 10))?.element ?? null)
  if (flush === true) await db.flush()
  return { worker, replies }
}

self.addEventListener('message', (event: MessageEvent<Task>) => {
  const done = run(event.data).then(
    (answer) => event.ports[0]?.postMessage(answer),
    (error: unknown) => event.ports[0]?.postMessage({ worker, replies: [String(error)] }),
  )
  // A service worker may be ended as soon as it is not known to be busy.
  if ('waitUntil' in event && typeof event.waitUntil === 'function') event.waitUntil(done)
})
