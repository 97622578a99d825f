// The commands that may go the short way, by their names.

/** A command that may go the short way. */
export interface DirectCommand {
  readonly name: string
  /** Its number among all of these. */
  readonly at: number
  /** Whether it takes no time and tells none, so that any moment of the turn will do. */
  readonly isTimeless: boolean
}

/** Commands that take a time or tell one. */
const TIMED = /EX(?!IS)|TTL/

const commands = new Map<string, DirectCommand>()

/** The command of a name in capitals. */
export function commandNamed(name: string): DirectCommand {
  let command = commands.get(name)
  if (command === undefined) commands.set(name, (command = { name, at: commands.size, isTimeless: !TIMED.test(name) }))
  return command
}
