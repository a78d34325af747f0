/** A virtual host with an agent of its own as a process, for tests on real parts. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { HeldProcess } from '../../../lab/host/hold.ts'
import type { VirtualHost } from '../../../lab/host/host.ts'
import type { LabOptions } from '../../../lab/lab.ts'
import { withVirtualHost } from '../../../lab/testing.ts'
import { create, type Init } from '../../../proto/codec.ts'
import type { HostCommand, HostReply, Reported, SliceView } from '../../../proto/generated/weft.v1.ts'
import { callLocal } from '../../../proto/local.ts'
import type { AgentOptions } from '../../main.ts'

const script = join(dirname(fileURLToPath(import.meta.url)), '../inside/agent.ts')

export interface RealHost {
  readonly host: VirtualHost
  /** Starts an agent; settles when it serves. */
  start(options?: Partial<AgentOptions>): Promise<HeldProcess>
  /** Over the agent's own socket. */
  call(command: Init<HostCommand>): Promise<HostReply>
  /** Waits until the VNet's report is as asked for. */
  until(vnet: string, isRight: (reported: Reported) => boolean): Promise<void>
  /** Waits until nothing of the VNet is held. */
  untilGone(vnet: string): Promise<void>
  /** Everything of nodes and links that is on the host, found without the agent. */
  traces(): Promise<readonly string[]>
  /** A command in the host, to its end; standard output, its error where it failed. */
  run(...argv: readonly string[]): Promise<string>
  readonly log: () => string
}

/** @param drivers of its libvirt; none: no libvirtd */
export const realHost = async (t: Test, drivers: LabOptions['drivers'] = ['lxc']): Promise<RealHost> => {
  const host = await withVirtualHost(t, { drivers })
  const hasContainers = drivers.includes('lxc')
  const socket = join(host.directory, 'run/weft/agent.sock')
  const logFile = join(host.logs, 'agent.log')

  const call = (command: Init<HostCommand>): Promise<HostReply> =>
    callLocal(socket, 'HostCommand', create('HostCommand', command), 'HostReply', { timeoutMs: 120_000 })

  const waitFor = async (vnet: string, isRight: (view: SliceView | undefined) => boolean): Promise<void> => {
    const end = performance.now() + 120_000
    let last: unknown
    while (performance.now() < end) {
      try {
        const { slices } = await call({ get: {} })
        const view = slices?.slices.find(({ desired }) => desired?.vnet === vnet)
        if (isRight(view)) return
        last = view?.reported
      } catch (error) {
        last = error
      }
      await sleep(50)
    }
    throw new Error(`still ${JSON.stringify(last)}; log: ${readFileSync(logFile, 'utf8').slice(-3000)}`)
  }

  const run = async (...argv: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await host.exec(argv, { timeoutMs: 120_000 })
    return status === 0 ? stdout : `${stdout}${stderr}`
  }

  const below = (directory: string): readonly string[] => {
    try {
      return readdirSync(join(host.directory, directory)).filter((name) => name !== 'epoch')
    } catch {
      return []
    }
  }

  return {
    host,
    call,
    run,
    log: () => readFileSync(logFile, 'utf8'),

    start: async (options = {}) => {
      const all: AgentOptions = { name: 'host', domain: 'pip1', logLevel: 'debug', ...options }
      const held = await host.spawn([process.execPath, script, JSON.stringify(all)], logFile)
      for (let tries = 0; ; tries++) {
        const answers = await call({ get: {} }).then(
          () => true,
          () => false,
        )
        if (answers) return held
        if (tries > 600) throw new Error(`the agent does not serve: ${readFileSync(logFile, 'utf8').slice(-2000)}`)
        await sleep(100)
      }
    },

    until: (vnet, isRight) => waitFor(vnet, (view) => view?.reported !== undefined && isRight(view.reported)),
    untilGone: (vnet) => waitFor(vnet, (view) => view === undefined),

    traces: async () => {
      const links = (await run('ip', '-br', 'link')).split('\n').map((line) => line.split(/[ @]/)[0] ?? '')
      const domains = hasContainers ? await run('virsh', '-q', '-c', 'lxc:///system', 'list', '--all', '--name') : ''
      const namespaces = await run('ip', 'netns', 'list')
      const groups = await run('find', '/sys/fs/cgroup', '-name', '*weft-*')
      return [
        ...links.filter((name) => /^(vif|wb|wt)/.test(name)),
        ...domains.split('\n').filter((name) => name.startsWith('weft-')),
        ...namespaces.split('\n').filter((name) => name.startsWith('weft-')),
        ...groups.split('\n').filter(Boolean),
        ...below('weft/nodes'),
        ...below('weft/fake'),
        ...below('weft/desired'),
      ]
    },
  }
}
