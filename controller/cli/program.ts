/** Runs a command line to its exit status: parse, load the one command, run it, say what went wrong. */
import type { Command } from './command.ts'
import type { Context, Surroundings } from './context.ts'
import { exit } from './exit.ts'
import { commandHelp, programHelp } from './help.ts'
import { findCommand, parseCommand } from './parse.ts'
import { renderError } from './render-error.ts'
import { takesColour } from './terminal.ts'

/** Never rejects. */
export const runProgram = async (
  argv: readonly string[],
  commands: readonly Command[],
  surroundings: Surroundings,
): Promise<number> => {
  const { stdout, stderr, env } = surroundings
  const colour = { stdout: takesColour(stdout, env), stderr: takesColour(stderr, env) }
  let verbose = argv.includes('-v') || argv.includes('--verbose')
  let failed: number = exit.error
  try {
    const found = findCommand(argv, commands)
    const { command } = found
    failed = command?.failureStatus ?? exit.error
    const { globals, input } = parseCommand(found, env)
    verbose = globals.verbose
    if (!command || !input) return showHelp(command, globals.help, commands, surroundings)
    const { run } = await command.load()
    const context: Context = {
      ...surroundings,
      globals,
      commands,
      colour,
      verbose: (text) => {
        if (verbose) stderr.write(`${text}\n`)
      },
    }
    return await run(context, input)
  } catch (thrown) {
    stderr.write(renderError(thrown, { colour: colour.stderr, verbose }))
    return failed
  }
}

const showHelp = (
  command: Command | undefined,
  asked: boolean,
  commands: readonly Command[],
  { stdout, stderr }: Surroundings,
): number => {
  const text = command ? commandHelp(command) : programHelp(commands)
  // Nothing was asked for: that is no answer, but words on how to ask.
  ;(asked ? stdout : stderr).write(text)
  return asked ? exit.ok : exit.error
}
