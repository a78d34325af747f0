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

/** Settles when a reader has taken all that was written; a pipe takes 64 KiB at a time (pipe(7)). */
const flushed = (stream: NodeJS.WritableStream): Promise<void> =>
  new Promise((resolve) => stream.write('', () => resolve()))

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
  await Promise.all([stdout, stderr].map(flushed))
  // Not process.exitCode: a call that was given up or a stdin that was read could keep the process.
  process.exit(status)
}
