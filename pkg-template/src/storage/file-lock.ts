// The writer's lock in Node: a file beside the store's directory that says which process holds it.
//
// Node has no flock, so a lock outlives a process that was killed. It is taken for dead when its process is, and a process is known by
// its pid and, where /proc tells, the time it was started and the boot of the machine: pids come round again. Two processes that find a dead lock at the same
// moment both replace it; the one whose file is there a little later has it.
//
// Each process that asks for the lock has a file of its own beside it, path.<token>, which becomes the lock. Those of processes that were
// killed meanwhile go with the next one that has it.

import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NookError } from '../errors.js'
import { hasCode, nodeFileSystem } from './file-system.js'
import { inUse, type Lock, type LockRequest } from './lock.js'

/** Between two looks at a lock that another process holds. */
const LOOK_AGAIN_MS = 50
/** Longer than it takes from reading a dead lock to replacing it. */
const SETTLE_MS = 100
/** Longer than a process takes to write its own file. */
const WRITTEN_MS = 60_000

interface Holder {
  readonly host: string
  readonly pid: number
  /** Clock ticks from the start of the machine to that of the process; null where there is no /proc. */
  readonly startedTicks: string | null
  /** A new one with each start of the machine; null where there is no /proc, and not there in files of earlier versions. */
  readonly bootId?: string | null
  readonly token: string
}

type TicksOf = (pid: number) => Promise<string | null>

/** Of a file that says nothing. */
const NOBODY: Holder = { host: hostname(), pid: 0, startedTicks: null, token: '' }

/** Takes the lock in the file `path`.
 *
 *  Its loss is not watched for: who was robbed is told FENCED by its next write.
 *  @param ticksOf  what the system says of the start of a process
 *  @throws INUSE */
export async function takeFileLock(
  path: string,
  { ifBusy, signal }: Pick<LockRequest, 'ifBusy' | 'signal'>,
  ticksOf: TicksOf = startedTicks,
): Promise<Lock> {
  const mine: Holder = {
    host: hostname(), pid: process.pid, startedTicks: await ticksOf(process.pid), bootId: await currentBoot(), token: randomUUID(),
  }
  const own = `${path}.${mine.token}`
  // It is not there yet, or has become the lock, or another one has swept it away, whose view of processes is not this one's.
  const withOwn = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      await writeFile(own, JSON.stringify(mine))
      return call()
    }
  }
  try {
    for (;;) {
      signal?.throwIfAborted()
      // Linking, unlike writing, makes the file appear with its content, and never replaces one.
      if (await withOwn(() => nodeFileSystem.link(own, path))) return await lockIn(path, mine.token, ticksOf)
      const holder = await readHolder(path)
      if (holder === null) continue
      if (ifBusy === 'steal' || !(await isAlive(holder, ticksOf))) {
        await withOwn(() => rename(own, path))
        if (await isSettled(path, mine.token)) return await lockIn(path, mine.token, ticksOf)
        if (ifBusy !== 'wait') throw heldBy(path, await readHolder(path))
        continue
      }
      if (ifBusy === 'error') throw heldBy(path, holder)
      await sleep(LOOK_AGAIN_MS, undefined, signal === undefined ? {} : { signal })
    }
  } finally {
    // One that stays goes once this process has ended. It is no reason not to have the lock.
    await rm(own, { force: true }).catch(() => undefined)
  }
}

async function lockIn(path: string, token: string, ticksOf: TicksOf): Promise<Lock> {
  await sweep(path, ticksOf).catch(() => undefined)
  return {
    async release() {
      if ((await readHolder(path))?.token === token) await rm(path, { force: true })
    },
  }
}

/** Removes what processes that are no more have left of asking for the lock. One that is being written says nothing yet. */
async function sweep(path: string, ticksOf: TicksOf): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`)) continue
    const left = join(dirname(path), name)
    const holder = await readHolder(left)
    if (holder === null || (await isAlive(holder, ticksOf))) continue
    if (holder !== NOBODY || Date.now() - (await stat(left)).mtimeMs > WRITTEN_MS) await rm(left, { force: true })
  }
}

/** Whether of those that found a dead lock at the same moment this one was the last to replace it. */
async function isSettled(path: string, token: string): Promise<boolean> {
  await sleep(SETTLE_MS)
  return (await readHolder(path))?.token === token
}

/** Null when the file is gone. */
async function readHolder(path: string): Promise<Holder | null> {
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as Holder | null) ?? NOBODY
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    if (error instanceof SyntaxError) return NOBODY
    throw error
  }
}

async function isAlive({ host, pid, startedTicks: started, bootId }: Holder, ticksOf: TicksOf): Promise<boolean> {
  // Of another machine on the same disk nothing can be known from here.
  if (host !== hostname()) return true
  if (pid <= 0) return false
  // No process outlives the machine.
  const boot = await currentBoot()
  if (typeof bootId === 'string' && boot !== null && bootId !== boot) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return hasCode(error, 'EPERM')
  }
  if (started === null) return true
  // That it cannot be read, as without /proc or file descriptors, says nothing.
  const now = await ticksOf(pid)
  return now === null || now === started
}

function currentBoot(): Promise<string | null> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((id) => id.trim(), () => null)
}

/** Field 22 of /proc/<pid>/stat (proc(5)), counted behind the name, which may hold spaces and ends with the last ')'. */
async function startedTicks(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function heldBy(path: string, holder: Holder | null): NookError {
  const by = holder === null ? 'another process' : `process ${holder.pid} on ${holder.host}`
  return inUse(`the store is open in ${by}, says ${path}`)
}
