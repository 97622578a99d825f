// Steps that wait to be written.

import { endOfFrame, stepsInFrame, type Batch } from './storage/batch.js'

/** The first block is for a store that writes now and then, the largest for one that does nothing else. */
const FIRST_BLOCK_BYTES = 4 * 1024
const LARGEST_BLOCK_BYTES = 1024 * 1024

/** Steps that follow each other in a block. */
interface Run {
  readonly block: Uint8Array<ArrayBuffer>
  /** The steps lie between these places. */
  from: number
  to: number
  count: number
}

/** A queue of steps in their packed form (storage/batch.ts), copied into blocks, whose records stay whole: what a step costs here is its bytes.
 *
 *  Bytes that were handed out stay as they are until they are dropped: what is pushed later goes behind them. The blocks of what was
 *  dropped are filled again, as memory that was just written is nearer than new memory, and leaves nothing to collect. Whoever may
 *  still be looking at what was handed out has it cleared, and not dropped.
 *
 *  Invariant: runs of one block follow each other, and only the last run of all may be without steps. */
export class Backlog {
  #runs: Run[] = []
  #count = 0
  #bytes = 0
  /** Of what was dropped last. */
  #spares: Uint8Array<ArrayBuffer>[] = []

  /** How many steps wait. */
  get count(): number {
    return this.#count
  }
  /** What they come to, packed. */
  get bytes(): number {
    return this.#bytes
  }

  /** Puts a copy of the steps at the end. */
  push({ count, parts }: Batch): void {
    // The parts need not tell how many steps are in each, and runs do.
    let left = count
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index]
      if (part === undefined || part.length === 0) continue
      const inPart = index === parts.length - 1 ? left : stepsIn(part)
      this.#pushPart(part, inPart)
      left -= inPart
    }
  }

  #pushPart(part: Uint8Array, count: number): void {
    let run = this.#runs.at(-1)
    if (run === undefined || run.to + part.length > run.block.length) run = this.#beginBlock(part.length)
    run.block.set(part, run.to)
    run.to += part.length
    run.count += count
    this.#count += count
    this.#bytes += part.length
  }

  #beginBlock(leastBytes: number): Run {
    const last = this.#runs.at(-1)
    if (last?.count === 0) this.#runs.pop()
    const usualBytes = last === undefined ? FIRST_BLOCK_BYTES : Math.min(2 * last.block.length, LARGEST_BLOCK_BYTES)
    const wantedBytes = Math.max(usualBytes, leastBytes)
    const spare = this.#spares.pop()
    const block = spare !== undefined && spare.length >= wantedBytes ? spare : new Uint8Array(wantedBytes)
    const run = { block, from: 0, to: 0, count: 0 }
    this.#runs.push(run)
    return run
  }

  /** As many of the first records as come to at most so many bytes, and one at least. O(runs), and where not all of them fit also
   *  O(records of one run). */
  first(mostBytes: number): Batch {
    const parts: Uint8Array[] = []
    let count = 0
    let leftBytes = mostBytes
    for (const [index, run] of this.#runs.entries()) {
      const isWhole = run.to - run.from <= leftBytes
      const isWanted = (_steps: number, bytes: number, isFirst: boolean): boolean => bytes <= leftBytes || (count === 0 && isFirst)
      const end = isWhole ? run : placeAfter(run, isWanted)
      // What is dropped then are whole runs.
      if (end.count > 0) this.#cut(index, end)
      if (run.count > 0 && end.count > 0) parts.push(run.block.subarray(run.from, end.to))
      count += end.count
      if (!isWhole) break
      leftBytes -= run.to - run.from
    }
    return { count, parts }
  }

  /** Has a run end after so many of its steps, and the rest, or what is pushed next, be another one. */
  #cut(index: number, { to, count }: Pick<Run, 'to' | 'count'>): void {
    const run = this.#runs[index]
    if (run === undefined || (count === run.count && index < this.#runs.length - 1)) return
    this.#runs.splice(index + 1, 0, { block: run.block, from: to, to: run.to, count: run.count - count })
    run.to = to
    run.count = count
  }

  /** Whether so many of the first steps are whole records. */
  areWhole(steps: number): boolean {
    const { wanted, count } = this.#endOf(steps)
    return count === wanted
  }

  /** Lets go of so many of the first steps, which are whole records. Gives how many bytes they were. */
  drop(steps: number): number {
    const { runs, to, wanted, count } = this.#endOf(steps)
    // Before anything is changed: nobody could go on with a part of it.
    if (count !== wanted) throw new Error(`${wanted} more steps are let go, and a record ends after ${count}`)
    const before = this.#bytes
    this.#count -= Math.max(0, Math.min(steps, this.#count))
    const gone = this.#runs.splice(0, runs)
    this.#bytes -= gone.reduce((sum, run) => sum + run.to - run.from, 0)
    this.#letGo(gone)
    const [run] = this.#runs
    if (run !== undefined && count > 0) {
      this.#bytes -= to - run.from
      run.from = to
      run.count -= count
    }
    return before - this.#bytes
  }

  /** Where so many of the first steps end: behind so many runs, and, of the `wanted` ones of the next, `count` in whole records up to `to`. */
  #endOf(steps: number): { runs: number; to: number; wanted: number; count: number } {
    let wanted = Math.max(0, Math.min(steps, this.#count))
    let runs = 0
    for (const run of this.#runs) {
      if (wanted < run.count) break
      wanted -= run.count
      runs++
    }
    const run = this.#runs[runs]
    if (run === undefined || wanted === 0) return { runs, to: 0, wanted, count: 0 }
    return { runs, wanted, ...placeAfter(run, (steps) => steps <= wanted) }
  }

  /** Keeps the blocks that are free now, of a store that has filled them: one that was busy for a while gives them back after that. */
  #letGo(runs: readonly Run[]): void {
    const isFree = ({ block }: Run, at: number): boolean => block !== (runs[at + 1] ?? this.#runs[0])?.block
    const isFull = ({ block, to }: Run): boolean => 2 * to >= block.length && block.length <= LARGEST_BLOCK_BYTES
    this.#spares = runs.filter((run, at) => isFree(run, at) && isFull(run)).map(({ block }) => block)
  }

  /** Lets go of all steps. */
  clear(): void {
    this.#runs = []
    this.#spares = []
    this.#count = 0
    this.#bytes = 0
  }
}

/** How far the first records of a run reach of which `isWanted` says so: given how many steps and bytes they have. */
function placeAfter(
  { block, from, to }: Run, isWanted: (steps: number, bytes: number, isFirst: boolean) => boolean,
): { to: number; count: number } {
  let [at, count] = [from, 0]
  while (at < to) {
    const [end, steps] = [endOfFrame(block, at), stepsInFrame(block, at)]
    if (!isWanted(count + steps, end - from, at === from)) break
    at = end
    count += steps
  }
  return { to: at, count }
}

function stepsIn(part: Uint8Array): number {
  let steps = 0
  for (let at = 0; at < part.length; at = endOfFrame(part, at)) steps += stepsInFrame(part, at)
  return steps
}
