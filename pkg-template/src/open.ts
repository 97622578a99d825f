import { Core } from './core.js'
import type { Mode } from './durability.js'
import { NookError, requireOneOf, shown } from './errors.js'
import type { Keeper } from './keeper.js'
import { Nook } from './nook.js'
import type { Place, Platform } from './platform/platform.js'
import type { IfBusy } from './storage/lock.js'

/** The name of a store that is kept nowhere and shared with nobody. */
export const MEMORY = 'memory:'

export interface OpenOptions {
  /** When steps are kept: as soon as possible, at most every second, or with snapshots only. `flush` waits for what it takes in any mode.
   *  @default 'everysec', in Workers 'always' */
  readonly durability?: Mode
  /** What to do when another tab or process has the store open: fail with INUSE, wait for it to let go, or take its place.
   *  @default 'error' */
  readonly ifBusy?: IfBusy
  /** What it means that the user has deleted what was kept: that nothing is kept any more, or that all is written again.
   *  @default 'stop' */
  readonly onWipe?: 'stop' | 'rewrite'
  /** What keys and values may weigh, in bytes up to 2^32 - 1; commands that would go beyond it fail with OOM, or evict. 0 is without bound.
   *  @default 256 MB in a page, 64 MB in workerd, none in Node */
  readonly maxMemory?: number
  /** Whether short strings, and short parts of lists and sorted sets, that are read again and again are kept in JavaScript as well, some
   *  MB at most: `js_cache_bytes` of INFO.
   *  What is answered is the same either way.
   *  @default true */
  readonly readCache?: boolean
  /** Settings by the names of `CONFIG SET`: `{ 'maxmemory-policy': 'allkeys-lru' }`. */
  readonly config?: Readonly<Record<string, string>>
}

/** Every option, and those words that it may be where it is one of few. */
const OPTIONS: Readonly<Record<keyof (OpenOptions & Place), readonly string[] | null>> = {
  durability: ['always', 'everysec', 'no'],
  ifBusy: ['error', 'wait', 'steal'],
  onWipe: ['stop', 'rewrite'],
  maxMemory: null,
  readCache: null,
  config: null,
  directory: null,
  storage: null,
}

/** What an entry of the package offers. */
export interface Stores {
  /** Opens a store, made if there is none, with what was kept of it. `memory:` is kept nowhere.
   *  @throws NookError INUSE where another tab or process has it open, DAMAGED, UNSUPPORTED where a newer version of nookdb has written
   *  what is kept, which stays as it is, UNREACHABLE where a part of the package that is loaded
   *  now cannot be had, and whatever the storage fails with */
  open(name: string, options?: OpenOptions & Place): Promise<Nook>
  /** The names of the stores that are kept. */
  list(place?: Place): Promise<string[]>
  /** Deletes what is kept of a store. Whoever has it open is told by `wiped`. */
  destroy(name: string, place?: Place): Promise<void>
}

export function storesOf(given: Platform): Stores {
  const platform: Platform = { ...given, loadModule: once(given.loadModule) }
  return {
    open: (name, options = {}) => openStore(platform, name, options),
    list: async (place = {}) => (await platform.keeping()).list(place),
    destroy: async (name, place = {}) => {
      requireName(name)
      return (await platform.keeping()).destroy(name, place)
    },
  }
}

async function openStore(platform: Platform, name: string, options: OpenOptions & Place): Promise<Nook> {
  requireOptions(options)
  if (name !== MEMORY) requireName(name)
  const module = platform.loadModule()
  // Whoever waits for it hears of it; where the keeper fails first, nobody does.
  module.catch(() => undefined)
  const keeper = name === MEMORY ? null : await makeKeeper(platform, name, options, () => core)
  const core: Core = new Core({
    module,
    maxMemory: options.maxMemory ?? platform.maxMemory,
    timers: platform.timers(options),
    platform,
    config: options.config ?? {},
    readCache: options.readCache ?? true,
    keeper,
  })
  if (keeper !== null) await keeper.lock()
  // The module is compiled by other threads: what can be made without it is made meanwhile.
  const started = core.start()
  const nook = new Nook(name, core, {
    health: () => keeper?.health() ?? null,
    estimate: async () => keeper?.estimate() ?? { usedBytes: null, quotaBytes: null },
    persist: async () => keeper?.persist() ?? false,
  })
  try {
    await started
  } catch (error) {
    await keeper?.close().catch(() => undefined)
    throw error
  }
  return nook
}

async function makeKeeper(platform: Platform, name: string, options: OpenOptions & Place, core: () => Core): Promise<Keeper> {
  const { Keeper, storage, lock, destroy, isOfStore } = await platform.keeping()
  return new Keeper({
    storage: storage(name, options),
    takeLock: (request) => lock({ ...request, name }, options),
    ifBusy: options.ifBusy ?? 'error',
    options: {
      mode: options.durability ?? platform.durability,
      onWipe: options.onWipe ?? 'stop',
      destroy: () => destroy(name, options),
      isOfStore,
    },
    onNews: ({ name, error }) => {
      if (name === 'fenced') core().becomeReadOnly()
      core().events.emit(name, error)
    },
  })
}

/** Names stay readable as names of databases, files and locks. */
function requireName(name: string): void {
  if (typeof name === 'string' && /^[\w.@-][\w .@-]{0,127}$/.test(name) && !/^\.+$/.test(name)) return
  throw new NookError('ERR', `ERR '${name}' cannot be the name of a store: letters, digits, _ - . @ and spaces can, up to 128 of them`)
}

/** JavaScript has no compiler to say so, and a misspelt `ifBusy` would wait forever. */
function requireOptions(options: OpenOptions): void {
  for (const [name, value] of Object.entries(options)) {
    requireOneOf('an option', name, Object.keys(OPTIONS))
    const choices = OPTIONS[name as keyof typeof OPTIONS]
    if (choices !== null) requireOneOf(name, value, choices)
  }
  const { maxMemory = 0 } = options
  // What the engine would count, of whatever it is.
  if (Number(maxMemory) >>> 0 === maxMemory) return
  throw new NookError('ERR', `ERR maxMemory is ${shown(maxMemory)}, which is no whole number of bytes from 0 to 4294967295`)
}

/** Does the work once, and again only where it failed. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null
  return () => {
    result ??= work().catch((error: unknown) => {
      result = null
      throw error
    })
    return result
  }
}
