/** What bin/weft runs: the command line, with every part of the project to choose from. */
import { readFileSync } from 'node:fs'
import type { Surroundings } from '../controller/cli/context.ts'
import { exit } from '../controller/cli/exit.ts'
import { runProgram } from '../controller/cli/program.ts'
import { commands } from './commands.ts'

/** package.json stands two folders above dist/bin, one above bin. */
const readVersion = (): string => {
  const folder = import.meta.url.endsWith('.ts') ? '../' : '../../'
  return JSON.parse(readFileSync(new URL(`${folder}package.json`, import.meta.url), 'utf8')).version
}

export const main = async (): Promise<void> => {
  const { stdin, stdout, stderr, env } = process
  // Whoever read our output went (`weft get | head -1`): there is nobody left to tell.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exit.pipe)
    throw error
  })
  const surroundings: Surroundings = {
    stdin,
    stdout,
    stderr,
    env,
    version: readVersion(),
    labs: async () => (await import('./labs.ts')).runningLabs(),
  }
  const status = await runProgram(process.argv.slice(2), commands, surroundings)
  // Not process.exitCode: a watch or a stdin that was read could keep the process. Pipes and files are written synchronously on Linux.
  process.exit(status)
}
