// What is downloaded, as benches/sizes.mjs prints it.

import { join } from 'node:path'
import { giveUp, output, root } from '../../pkg-template/steps.mjs'

export const about = 'what is downloaded'

export const rows = []

export async function measure() {
  const text = await output(process.execPath, [join(root, 'benches/sizes.mjs')])
  if (text === null) giveUp('there is no pkg/ to measure: run make build')
  return { lines: text.trimEnd().split('\n') }
}

export const report = ({ lines }) => ['```text', ...lines, '```'].join('\n')
