/** What the daemons share: where they keep and serve things, their password, an embedded broker, an end. */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Broker, startBroker } from '../broker/broker.ts'
import { parseListener } from '../broker/main.ts'
import { type Running, untilSignal } from '../roles/run.ts'
import type { Context } from './context.ts'
import { exit } from './exit.ts'
import { defaultRunDirectory, type Role } from './flags.ts'
import { readPassword } from './password.ts'
import { UsageError } from './usage-error.ts'

/** The agent's too, whose containers must be able to walk through it; what a role keeps is its own. */
const stateDirectory = '/var/lib/weft'

export interface PlaceFlags {
  readonly store: string | undefined
  readonly 'password-file': string | undefined
}

export interface Places {
  readonly socketPath: string
  readonly storePath: string
  readonly password: string | undefined
}

const runDirectory = (context: Context): string => context.globals['run-dir'] ?? defaultRunDirectory

/** Makes the directories. */
export const placesOf = async (context: Context, role: Role, flags: PlaceFlags): Promise<Places> => {
  const socketPath = context.globals.socket ?? join(runDirectory(context), `${role}.sock`)
  const storePath = flags.store ?? join(stateDirectory, role, 'store.db')
  await mkdir(dirname(socketPath), { recursive: true })
  if (flags.store === undefined) await mkdir(stateDirectory, { recursive: true })
  await mkdir(dirname(storePath.replace(/^sqlite:/, '')), { recursive: true, mode: 0o700 })
  return { socketPath, storePath, password: await readPassword(flags['password-file']) }
}

export interface BrokerFlags {
  readonly broker: string | undefined
  readonly listen: readonly string[]
}

/** Runs a role until it is told to end, with a broker of its own where it was given none. */
export const runWithBroker = async (
  context: Context,
  role: Role,
  { broker: url, listen }: BrokerFlags,
  start: (brokerUrl: string) => Promise<Running>,
): Promise<number> => {
  if (url !== undefined && listen.length > 0) {
    throw new UsageError('--listen is of the embedded broker, --broker names another', 'one of the two')
  }
  const embedded = url === undefined ? await embedBroker(context, role, listen) : undefined
  try {
    return await runUntilSignal(await start(url ?? embedded?.urls[0] ?? ''))
  } finally {
    // After the role: its farewell goes through it.
    await embedded?.close()
  }
}

const embedBroker = async (context: Context, role: Role, listen: readonly string[]): Promise<Broker> => {
  const urls = listen.length > 0 ? listen : [`unix:${join(runDirectory(context), `${role}-broker.sock`)}`]
  const listeners = urls.map(parseListener)
  for (const listener of listeners) if ('path' in listener) await mkdir(dirname(listener.path), { recursive: true })
  const say = (text: string): void => void context.stderr.write(`broker: ${text}\n`)
  const broker = await startBroker({ listeners, onProblem: say })
  say(`listens at ${broker.urls.join(', ')}`)
  return broker
}

export const runUntilSignal = async (running: Running): Promise<number> => {
  await untilSignal([running])
  return exit.ok
}
