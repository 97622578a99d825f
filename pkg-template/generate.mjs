// Writes src/commands/generated.ts, the typed methods, and pkg/commands.json, the prose of the commands, from the table of
// commands: `node --import tsx pkg-template/generate.mjs`.
//
// A row lists its methods (`Method` in src/commands/row.rs). Of each this makes a signature with its documentation, and
// a line of the table from which src/commands/methods.ts makes the function.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ENCODERS } from './src/commands/arguments.ts'
import { TRANSFORMS } from './src/commands/replies.ts'
import { giveUp, output, root, say } from './steps.mjs'

const TARGET = 'pkg-template/src/commands/generated.ts'

/** Splits at commas outside of all brackets. */
function splitParameters(text) {
  const parts = ['']
  let depth = 0
  for (const letter of text) {
    if ('<([{'.includes(letter)) depth++
    if ('>)]}'.includes(letter)) depth--
    if (letter === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

/** A parameter: `...name?: Type`, where a type that is left out is `Bytes`. */
function readParameter(text, place) {
  const [, rest = '', name, optional = '', type = 'Bytes'] = /^(\.\.\.)?(\w+)(\?)?(?:: (.+))?$/.exec(text) ?? giveUp(`no parameter: ${text}`)
  const encoder = Object.hasOwn(ENCODERS, type) ? type : ''
  const list = encoder === '' && /^(?:Many<|readonly )/.test(type) ? '*' : ''
  return { name, signature: `${rest}${name}${optional}: ${type}`, type, word: `${place}${rest}${list}${encoder}` }
}

/** What is sent behind the name of the command. */
function readSends(method, parameters) {
  if (method.sends === '') return parameters.map(({ word }) => word)
  return method.sends.split(' ').map((name) => {
    const parameter = parameters.find((each) => each.name === name)
    if (parameter === undefined && name !== name.toUpperCase()) giveUp(`${method.name} sends ${name}, which it does not take`)
    return parameter?.word ?? name
  })
}

/** A method with its command: with a dot where the command has a space (`client.SetName`); where the name is another, with the
 *  command behind it (`zPopMinCount=ZPOPMIN`). */
function readHead(method, command) {
  const words = command.split(' ')
  let at = 0
  const parts = words.map((word) => method.name.slice(at, (at += word.length)))
  const isTheName = at === method.name.length && parts.every((part, n) => part.toUpperCase() === words[n])
  return isTheName ? parts.join('.') : `${method.name}=${words.join('.')}`
}

/** Answers that need no transform are made of these alone. */
const AS_IT_COMES = /^(Text|number|[01]|null|'OK'|\w+: |[[\]()|, ])+$/

/** The name of the transform, empty where there is none. */
function readTransform(method) {
  const name = method.answers.replaceAll('<Text>', '')
  if (Object.hasOwn(TRANSFORMS, name)) return name
  if (!AS_IT_COMES.test(method.answers)) giveUp(`${method.name} answers ${method.answers}, which replies.ts does not know`)
  return ''
}

function documentation(row) {
  const facts = [`\`${`${row.name} ${row.usage}`.trim()}\``, row.complexity, `since ${row.since}`]
  const lines = [row.summary, '', facts.filter((fact) => fact !== '').join(' · ')]
  return ['  /**', ...lines.map((line) => `   * ${line.replaceAll('*/', '*\\/')}`.trimEnd()), '   */']
}

function readMethod(row, method) {
  const parameters = splitParameters(method.parameters).map(readParameter)
  const blocks = row.flags.includes('blocking')
  const words = [...readSends(method, parameters), ...(blocks ? [`!${parameters.length}`] : [])]
  const transform = readTransform(method)
  const signatures = parameters.map(({ signature }) => signature)
  if (blocks) signatures.push('waiting?: BlockingOptions')
  return {
    name: method.name,
    isLeftOut: isLeftOutOfSlim(row),
    blocks,
    types: parameters.map(({ type }) => type),
    answers: method.answers,
    head: readHead(method, row.name),
    rest: words.map((word) => ` ${word}`).join('') + (transform === '' ? '' : ` > ${transform}`),
    declaration: [
      ...documentation(row),
      `  ${method.name}(${signatures.join(', ')}): ${blocks ? 'BlockingAnswer' : 'Answer'}<M, ${method.answers}>`,
    ],
  }
}

const BUILT_IN = new Set(['Text', 'Record', 'Date'])

/** Names of types within quotation marks are values. */
function typeNames(texts) {
  const names = texts.flatMap((text) => text.replaceAll(/'[^']*'/g, '').match(/\b[A-Z]\w*/g) ?? [])
  return [...new Set(names)].filter((name) => !BUILT_IN.has(name)).sort()
}

function importTypes(texts, module) {
  const names = typeNames(texts)
  return names.length === 0 ? '' : `import type { ${names.join(', ')} } from '${module}'\n`
}

/** Of which families the slim engine has no row: those that Cargo.toml names under `families`. tests/packaging asks the engine itself. */
function isLeftOutOfSlim({ group, name }) {
  return ['list', 'set', 'sorted-set', 'pubsub'].includes(group) || /^(?:CLIENT|COMMAND|INFO|LCS|MEMORY|OBJECT|SORT|SORT_RO|WAIT)\b/.test(name)
}

function source(methods) {
  const ofClient = methods.map(({ blocks }) => (blocks ? 'BlockingAnswer BlockingOptions Mode' : 'Answer Mode'))
  return `// Made by pkg-template/generate.mjs from the table of commands in src/commands; changes here are lost.

${importTypes(ofClient, '../client.js')}${importTypes(methods.flatMap(({ types }) => types), './arguments.js')}${importTypes(methods.map(({ answers }) => answers), './replies.js')}
/**
 * The methods of commands, for a client that answers in mode \`M\` and has bulk strings as \`Text\`.
 *
 * Their names, arguments and answers are node-redis's. An integer past 2^53 - 1 comes as a bigint: the types do not say so,
 * for the sake of all the programs that will never meet one.
 */
export interface Commands<M extends Mode, Text extends string | Uint8Array<ArrayBuffer>> {
${methods.flatMap(({ declaration }) => declaration).join('\n')}
}

/** The methods of commands that the slim engine does not have. */
export type LeftOutOfSlim =
${methods.filter(({ isLeftOut }) => isLeftOut).map(({ name }) => `  | '${name}'`).join('\n')}

/** A line for all methods that differ in their names alone: the names with their commands (\`client.SetName\`, \`zPopMinCount=ZPOPMIN\`), the
 *  words behind that with parameters by their place, and the transform of the reply. */
export const METHODS = \`${linesOf(methods).join('\n')}\`
`
}

function linesOf(methods) {
  const heads = new Map()
  for (const { head, rest } of methods) heads.set(rest, [...(heads.get(rest) ?? []), head])
  return Array.from(heads, ([rest, heads]) => heads.join(',') + rest)
}

const printed = await output('cargo', ['run', '--quiet', '--bin', 'nookdb-table'], { stdio: ['ignore', 'pipe', 'inherit'] })
if (printed === null) giveUp('the table of commands does not build')
const rows = JSON.parse(printed)
const methods = rows.flatMap((row) => row.methods.map((method) => readMethod(row, method)))
const twice = methods.find(({ name }, at) => methods.findIndex((other) => other.name === name) !== at)
if (twice !== undefined) giveUp(`two rows have a method ${twice.name}`)
writeFileSync(join(root, TARGET), source(methods))
mkdirSync(join(root, 'pkg'), { recursive: true })
writeFileSync(join(root, 'pkg/commands.json'), `${JSON.stringify(rows.map(({ methods, ...prose }) => prose))}\n`)
say(`${TARGET}: ${methods.length} methods`)
