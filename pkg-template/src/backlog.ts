// Steps that wait to be written.

import { endOfStep, type Batch } from './storage/batch.js'

/** The first block is for a store that writes now and then, the largest for one that does nothing else. */
const FIRST_BLOCK_BYTES = 4 * 1024
const LARGEST_BLOCK_BYTES = 1024 * 1024

interface Block {
  readonly bytes: Uint8Array
  /** The steps that wait lie between these places. */
  from: number
  to: number
  count: number
}

/** A queue of steps in their packed form (storage/batch.ts), copied into blocks: what a step costs here is its bytes.
 *
 *  Bytes that were handed out stay as they are: what is pushed later goes behind them, and a block is never used twice. */
export class Backlog {
  #blocks: Block[] = []
  #count = 0
  #bytes = 0

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
    // The parts need not tell how many steps are in each, and blocks do.
    let left = count
    for (const [index, part] of parts.entries()) {
      const inPart = index === parts.length - 1 ? left : stepsIn(part)
      this.#pushPart(part, inPart)
      left -= inPart
    }
  }

  #pushPart(part: Uint8Array, count: number): void {
    if (count === 0) return
    let block = this.#blocks.at(-1)
    if (block === undefined || block.to + part.length > block.bytes.length) {
      const roomBytes = block === undefined ? FIRST_BLOCK_BYTES : Math.min(2 * block.bytes.length, LARGEST_BLOCK_BYTES)
      block = { bytes: new Uint8Array(Math.max(roomBytes, part.length)), from: 0, to: 0, count: 0 }
      this.#blocks.push(block)
    }
    block.bytes.set(part, block.to)
    block.to += part.length
    block.count += count
    this.#count += count
    this.#bytes += part.length
  }

  /** As many of the first steps as come to at most so many bytes, and one at least. O(blocks), and where not all of them fit also
   *  O(steps of one block). */
  first(mostBytes: number): Batch {
    const parts: Uint8Array[] = []
    let count = 0
    let leftBytes = mostBytes
    for (const block of this.#blocks) {
      if (block.to - block.from <= leftBytes) {
        parts.push(block.bytes.subarray(block.from, block.to))
        count += block.count
        leftBytes -= block.to - block.from
        continue
      }
      const { to, steps } = placeAfter(block, (steps, bytes) => bytes <= leftBytes || (count === 0 && steps === 1))
      if (steps > 0) parts.push(block.bytes.subarray(block.from, to))
      return { count: count + steps, parts }
    }
    return { count, parts }
  }

  /** Lets go of so many of the first steps. Gives how many bytes they were. */
  drop(count: number): number {
    const before = this.#bytes
    let left = Math.min(count, this.#count)
    this.#count -= left
    let gone = 0
    for (const block of this.#blocks) {
      if (left < block.count || left === 0) break
      left -= block.count
      this.#bytes -= block.to - block.from
      gone++
    }
    this.#blocks.splice(0, gone)
    const [block] = this.#blocks
    if (block !== undefined && left > 0) {
      const { to } = placeAfter(block, (steps) => steps <= left)
      this.#bytes -= to - block.from
      block.from = to
      block.count -= left
    }
    return before - this.#bytes
  }

  clear(): void {
    this.drop(this.#count)
  }
}

/** How far the first steps of a block reach of which `isWanted` says so: given how many they are, and how many bytes. */
function placeAfter({ bytes, from, to }: Block, isWanted: (steps: number, bytes: number) => boolean): { to: number; steps: number } {
  let [at, steps] = [from, 0]
  while (at < to) {
    const end = endOfStep(bytes, at)
    if (!isWanted(steps + 1, end - from)) break
    at = end
    steps++
  }
  return { to: at, steps }
}

function stepsIn(part: Uint8Array): number {
  let steps = 0
  for (let at = 0; at < part.length; at = endOfStep(part, at)) steps++
  return steps
}
