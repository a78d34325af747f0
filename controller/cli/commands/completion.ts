/** `weft completion bash`. */
import type { Run } from '../command.ts'
import { bashCompletion } from '../completion.ts'
import { exit } from '../exit.ts'
import { UsageError } from '../usage-error.ts'

export const run: Run = async ({ stdout, commands }, { args }) => {
  const [shell] = args
  if (shell !== 'bash') throw new UsageError(`there is no completion for "${shell}"`, 'bash')
  stdout.write(bashCompletion(commands))
  return exit.ok
}
