/** `weft lab up`: the lab is held by a process of its own, in the background unless it is told to stay. */
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FlagValues, Run } from '../../controller/cli/command.ts'
import type { Context } from '../../controller/cli/context.ts'
import { exit } from '../../controller/cli/exit.ts'
import { UsageError } from '../../controller/cli/usage-error.ts'
import { formatKinds } from '../../lab/kinds.ts'
import { startStack, weft } from '../../lab/stack.ts'
import { type LabState, labDirectory, readLabState } from '../../lab/state.ts'
import { defaultLab, type labUpFlags } from '../declare-lab.ts'
import { endingSignals } from '../ending.ts'
import { hostsOfLab } from '../labs.ts'

type Flags = FlagValues<typeof labUpFlags>

export const run: Run<typeof labUpFlags> = async (context, { flags, args }) => {
  const name = args[0] ?? context.globals.lab ?? defaultLab
  if (flags.hosts !== undefined && flags.substrate !== undefined) {
    throw new UsageError('--hosts is of a generated substrate, --substrate names another', 'one of the two')
  }
  return flags.foreground ? hold(context, name, flags) : startInBackground(context, name, flags)
}

const upLine = (lab: LabState): string => `lab/${lab.name} is up: ${hostsOfLab(lab).join(', ')}\n`

/** Holds the lab until a signal. */
const hold = async (context: Context, name: string, flags: Flags): Promise<number> => {
  const { hosts, kind: kinds, substrate: substrateFile, broker: brokerUrl, parts, timeout: timeoutMs } = flags
  forgetOwnFlags()
  const ending = endingSignals()
  const stack = await startStack({
    name,
    parts,
    timeoutMs,
    drivers: flags.drivers === 'lxc' ? ['lxc'] : ['lxc', 'qemu'],
    signal: ending.signal,
    onLogs: (directory) => context.stderr.write(`the logs are in ${directory}\n`),
    ...(hosts === undefined ? {} : { hosts }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(substrateFile === undefined ? {} : { substrateFile }),
    ...(brokerUrl === undefined ? {} : { brokerUrl }),
  }).catch((error: unknown) => {
    if (ending.signal.aborted) return undefined
    throw error
  })
  if (!stack) return exit.interrupted
  const state = readLabState(stack.lab.directory)
  if (state) context.stdout.write(upLine(state))
  try {
    await Promise.race([ending.told, stack.broken])
  } finally {
    await stack.down()
  }
  return exit.ok
}

/** Flags in our environment are ours: the roles and agents of the lab are told theirs. */
const forgetOwnFlags = (): void => {
  for (const variable of Object.keys(process.env)) {
    if (variable.startsWith('WEFT_') && variable !== 'WEFT_LAB_DIR') delete process.env[variable]
  }
}

/** Starts a process that holds the lab, and goes once the lab is ready. */
const startInBackground = async (context: Context, name: string, flags: Flags): Promise<number> => {
  const directory = labDirectory(name)
  const places = mkdtempSync(join(tmpdir(), 'weft-lab-'))
  const said = join(places, 'stderr')
  const output = openSync(said, 'a')
  const child = spawn(process.execPath, [weft(), 'lab', 'up', name, '--foreground', ...again(flags)], {
    detached: true,
    stdio: ['ignore', 'ignore', output],
  })
  closeSync(output)
  let status: number | undefined
  child.once('error', () => {
    status = exit.error
  })
  child.once('exit', (code) => {
    status = code ?? exit.error
  })
  const ending = endingSignals()
  ending.signal.addEventListener('abort', () => child.kill('SIGTERM'))
  try {
    while (status === undefined) {
      const state = readLabState(directory)
      if (state?.ready && state.supervisor.pid === child.pid) {
        child.unref()
        context.stdout.write(upLine(state))
        return exit.ok
      }
      await sleep(50)
    }
    context.stderr.write(readFileSync(said))
    return ending.signal.aborted ? exit.interrupted : status
  } finally {
    rmSync(places, { recursive: true, force: true })
  }
}

/** The flags as they would be typed: what came from the environment as well. */
const again = ({ hosts, kind, drivers, substrate, broker, parts, timeout }: Flags): readonly string[] => [
  ...(hosts === undefined ? [] : ['--hosts', String(hosts)]),
  ...(kind === undefined ? [] : ['--kind', formatKinds(kind)]),
  ...(substrate === undefined ? [] : ['--substrate', substrate]),
  ...(broker === undefined ? [] : ['--broker', broker]),
  ...['--drivers', drivers, '--parts', parts, '--timeout', `${timeout}ms`],
]
