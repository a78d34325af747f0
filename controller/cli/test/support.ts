/** A command line run in this process against a role that a test plays. */
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Test } from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { ApiReply, ApiRequest, HostCommand, HostReply, VNetState } from '../../../proto/generated/weft.v1.ts'
import { serveLocal } from '../../../proto/local.ts'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import type { Input, Surroundings } from '../context.ts'
import { consoleCommands } from '../declare-console.ts'
import { formatCommands } from '../declare-formats.ts'
import { hostCommands } from '../declare-hosts.ts'
import { linkCommands } from '../declare-links.ts'
import { otherCommands } from '../declare-other.ts'
import { roleCommands } from '../declare-roles.ts'
import { vnetCommands } from '../declare-vnets.ts'
import { runProgram } from '../program.ts'

export const commands = [
  ...vnetCommands,
  ...linkCommands,
  ...formatCommands,
  ...hostCommands,
  ...consoleCommands,
  ...roleCommands,
  ...otherCommands,
]

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface Options extends Partial<Omit<Surroundings, 'stdout' | 'stderr'>> {
  /** Both outputs are a terminal of 80 columns. */
  readonly isTTY?: boolean
  /** Called with all of stdout so far, after each write. */
  readonly onOutput?: (stdout: string) => void
}

export const typed = (lines: string, isTTY = true): Input => ({
  isTTY,
  async *[Symbol.asyncIterator]() {
    yield lines
  },
})

/** Runs `weft ARGV`; nothing of the test's own environment reaches it. */
export const weft = async (argv: readonly string[], options: Options = {}): Promise<Outcome> => {
  const { isTTY, onOutput, ...surroundings } = options
  const taken = { stdout: '', stderr: '' }
  const output = (name: 'stdout' | 'stderr') => ({
    ...(isTTY ? { isTTY, columns: 80 } : {}),
    write: (text: string | Uint8Array) => {
      taken[name] += typeof text === 'string' ? text : Buffer.from(text).toString()
      if (name === 'stdout') onOutput?.(taken.stdout)
    },
  })
  const status = await runProgram(argv, commands, {
    stdin: typed('', false),
    env: {},
    version: '1.2.3',
    ...surroundings,
    stdout: output('stdout'),
    stderr: output('stderr'),
  })
  return { status, ...taken }
}

export const plain = stripVTControlCharacters

type Answer = (request: ApiRequest) => Init<ApiReply> | Promise<Init<ApiReply>>

export interface PlayedRole {
  /** For --run-dir. */
  readonly directory: string
  readonly requests: ApiRequest[]
  /** To whoever watches. */
  tell(state: VNetState): void
  /** Ends as a role does, and its socket with it. */
  leave(): Promise<void>
  comeBack(): Promise<void>
}

/** Plays a role at a socket of its own: `answer` for calls (a throw is an error), `standing` for what a watch sees first. */
export const play = async (
  t: Test,
  role: 'vno' | 'vnp' | 'pip',
  answer: Answer,
  standing: () => readonly VNetState[] = () => [],
): Promise<PlayedRole> => {
  const directory = temporaryDirectory(t)
  const requests: ApiRequest[] = []
  const listeners = new Set<(state: VNetState) => void>()
  const serve = () =>
    serveLocal(
      join(directory, `${role}.sock`),
      'ApiRequest',
      'ApiReply',
      async (request) => {
        requests.push(request)
        return create('ApiReply', await answer(request))
      },
      async ({ watch }, emit, signal) => {
        if (!watch) return false
        const listener = (vnet: VNetState) => {
          if (watch.vnet === '' || watch.vnet === vnet.vnet) emit(create('ApiReply', { vnet }))
        }
        for (const state of standing()) listener(state)
        listeners.add(listener)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        listeners.delete(listener)
        return true
      },
    )
  let server = await serve()
  t.teardown(() => server.close())
  return {
    leave: () => server.close(),
    comeBack: async () => {
      server = await serve()
    },
    directory,
    requests,
    tell: (state) => {
      for (const listener of listeners) listener(state)
    },
  }
}

export const playAgent = async (t: Test, answer: (command: HostCommand) => Init<HostReply>): Promise<string> => {
  const directory = temporaryDirectory(t)
  const server = await serveLocal(join(directory, 'agent.sock'), 'HostCommand', 'HostReply', async (command) =>
    create('HostReply', answer(command)),
  )
  t.teardown(() => server.close())
  return directory
}

/** A VNet of two nodes and a link, ready, changed as told. */
export const shop = (change: Init<VNetState> = {}): VNetState =>
  create('VNetState', {
    vnet: 'shop',
    owner: 'alice',
    generation: 3,
    phase: 'PHASE_READY',
    nodes: [
      {
        id: 'r1',
        provider: 'pip1',
        host: 'h1',
        hypervisor: 'lxc',
        state: 'OBJECT_STATE_READY',
        domain: 'weft-1',
        vifs: [{ index: 0, name: 'vif1.0', mac: '02:00:00:00:00:01', addresses: ['10.1.0.1/30'] }],
      },
      {
        id: 'r2',
        provider: 'pip1',
        host: 'h2',
        hypervisor: 'lxc',
        state: 'OBJECT_STATE_READY',
        domain: 'weft-2',
        vifs: [{ index: 0, name: 'vif1.0', mac: '02:00:00:00:00:02', addresses: ['10.1.0.2/30'] }],
      },
    ],
    links: [{ id: 'r1-r2', state: 'OBJECT_STATE_READY', technology: 'vxlan', mtu: 1450, path: ['h1', 'h2'] }],
    timings: [
      { name: 'mapping', seconds: 0.02 },
      { name: 'nodes', seconds: 1.5 },
    ],
    request: {
      name: 'shop',
      prefix: '10.1.0.0/16',
      nodes: [
        { id: 'r1', memoryBytes: 64 * 2 ** 20, interfaces: [{ index: 0, addresses: ['10.1.0.1/30'] }] },
        { id: 'r2', memoryBytes: 64 * 2 ** 20, interfaces: [{ index: 0, addresses: ['10.1.0.2/30'] }] },
      ],
      links: [
        {
          id: 'r1-r2',
          a: { node: 'r1', interface: 0 },
          b: { node: 'r2', interface: 0 },
          rateAToBBitsPerSecond: 10e6,
          rateBToABitsPerSecond: 10e6,
          technology: 'vxlan',
        },
      ],
    },
    ...change,
  })
