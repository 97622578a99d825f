// The writer's lock in Node: a file beside the store's directory that says which process holds it.
//
// Node has no flock, so a lock outlives a process that was killed. It is taken for dead when its process is, and a process is known by
// its pid and, where /proc tells, the time it was started: pids come round again. Two processes that find a dead lock at the same
// moment both replace it; the one whose file is there a little later has it.

import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from './file-system.js'
import type { Lock, LockRequest } from './lock.js'
import { storageError } from './storage.js'

/** Between two looks at a lock that another process holds. */
const LOOK_AGAIN_MS = 50
/** Longer than it takes from reading a dead lock to replacing it. */
const SETTLE_MS = 100

interface Holder {
  readonly host: string
  readonly pid: number
  /** Clock ticks from the start of the machine to that of the process; null where there is no /proc. */
  readonly startedTicks: string | null
  readonly token: string
}

/** Takes the lock in the file `path`.
 *
 *  Its loss is not watched for: who was robbed is told FENCED by its next write.
 *  @throws INUSE */
export async function takeFileLock(path: string, { ifBusy, signal }: Pick<LockRequest, 'ifBusy' | 'signal'>): Promise<Lock> {
  const mine: Holder = { host: hostname(), pid: process.pid, startedTicks: await startedTicks(process.pid), token: randomUUID() }
  const own = `${path}.${mine.token}`
  await writeFile(own, JSON.stringify(mine))
  try {
    for (;;) {
      signal?.throwIfAborted()
      // Linking, unlike writing, makes the file appear with its content, and never replaces one.
      if (await linked(own, path)) return lockIn(path, mine.token)
      const holder = await readHolder(path)
      if (holder === null) continue
      if (ifBusy === 'steal' || !(await isAlive(holder))) {
        if (await replaced(own, path, mine.token)) return lockIn(path, mine.token)
        if (ifBusy !== 'wait') throw inUse(path, await readHolder(path))
        await writeFile(own, JSON.stringify(mine))
        continue
      }
      if (ifBusy === 'error') throw inUse(path, holder)
      await sleep(LOOK_AGAIN_MS, undefined, signal === undefined ? {} : { signal })
    }
  } finally {
    await rm(own, { force: true })
  }
}

function lockIn(path: string, token: string): Lock {
  return {
    async release() {
      if ((await readHolder(path))?.token === token) await rm(path, { force: true })
    },
  }
}

async function linked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

async function replaced(own: string, path: string, token: string): Promise<boolean> {
  await rename(own, path)
  await sleep(SETTLE_MS)
  return (await readHolder(path))?.token === token
}

/** Null when the file is gone, or says nothing that could be understood: then nobody holds it. */
async function readHolder(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    if (error instanceof SyntaxError) return { host: hostname(), pid: 0, startedTicks: null, token: '' }
    throw error
  }
}

async function isAlive({ host, pid, startedTicks: started }: Holder): Promise<boolean> {
  // Of another machine on the same disk nothing can be known from here.
  if (host !== hostname()) return true
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return hasCode(error, 'EPERM')
  }
  return started === null || (await startedTicks(pid)) === started
}

/** Field 22 of /proc/<pid>/stat (proc(5)), counted behind the name, which may hold spaces and ends with the last ')'. */
async function startedTicks(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function inUse(path: string, holder: Holder | null): Error {
  const by = holder === null ? 'another process' : `process ${holder.pid} on ${holder.host}`
  return storageError('INUSE', `the store is open in ${by}, says ${path}`)
}
