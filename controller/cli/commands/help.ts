/** `weft help`. */
import type { Run } from '../command.ts'
import { exit } from '../exit.ts'
import { commandHelp, programHelp } from '../help.ts'
import { findCommand } from '../parse.ts'
import { UsageError } from '../usage-error.ts'

export const run: Run = async ({ stdout, commands }, { args }) => {
  const { command } = findCommand(args, commands)
  if (command && command.name !== args.join(' ')) {
    throw new UsageError(`there is no command "${args.join(' ')}"`, `weft help ${command.name}`)
  }
  stdout.write(command ? commandHelp(command) : programHelp(commands))
  return exit.ok
}
