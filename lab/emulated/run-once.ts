/** Runs an emulated machine for one command: boots it, and ends with what the command printed. */
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WeftError } from '../../proto/errors.ts'
import { ended, type Output, spawnHeld } from '../processes.ts'
import { type CommandOptions, commandScript, type EmulatedMachine, type MachineOptions } from './machine.ts'

export interface RunOptions extends MachineOptions, CommandOptions {
  /** For all of it, the boot included; 20 minutes without it: what takes 10 s alone may take minutes on a loaded machine. */
  readonly timeoutMs?: number
}

/** kernelMachine or xenMachine. */
type LayDown = (directory: string, script: string, options: MachineOptions) => Promise<EmulatedMachine>

/** The kind is for people, for instance 'kernel host'. Throws lab.failed where the command did not come to its end, and what `layDown` throws. */
export const runOnce = async (
  kind: string,
  layDown: LayDown,
  argv: readonly string[],
  options: RunOptions,
): Promise<Output> => {
  const directory = mkdtempSync(join(tmpdir(), `weft-${kind.toLowerCase().replaceAll(' ', '-')}-`))
  try {
    const machine = await layDown(directory, commandScript(argv, options), options)
    return await boot(kind, machine, join(directory, 'console'), options.timeoutMs ?? 1_200_000)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const boot = async (
  kind: string,
  { argv, shared }: EmulatedMachine,
  consoleFile: string,
  timeoutMs: number,
): Promise<Output> => {
  const console = openSync(consoleFile, 'a')
  const qemu = spawnHeld(argv, { stdio: ['ignore', console, console] })
  closeSync(console)
  let late = false
  const timer = setTimeout(() => {
    late = true
    qemu.kill('SIGKILL')
  }, timeoutMs)
  const failed = new Promise<never>((_, reject) => qemu.once('error', reject))
  await Promise.race([ended(qemu), failed]).finally(() => clearTimeout(timer))

  const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
  const output = { stdout: textOf(join(shared, 'stdout')), stderr: textOf(join(shared, 'stderr')) }
  const status = textOf(join(shared, 'status')).trim()
  if (status !== '') return { status: Number(status), ...output }
  const words = [textOf(consoleFile), output.stdout, output.stderr].map((text) =>
    text.trim().split('\n').slice(-8).join('\n'),
  )
  const why = late ? `did not end in ${Math.round(timeoutMs / 1000)} s` : 'went down before the command had ended'
  throw new WeftError(
    'lab.failed',
    `the ${kind} ${why}; its last words: ${words.filter(Boolean).join(' | ') || 'none'}`,
  )
}
