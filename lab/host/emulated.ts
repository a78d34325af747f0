/**
 * A host of a lab that is a machine of its own, emulated by QEMU in a network namespace that holds its end of the wires: each NIC of the substrate is joined, by a
 * bridge of two ports, to the tap of an interface of the guest that has its name. Nothing but frames passes there; commands, the agent's socket and
 * the broker go over a management network of the two (../emulated/inside/addresses.ts).
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { WeftError } from '../../proto/errors.ts'
import { createGroup } from '../cgroup.ts'
import { inside as address, managementNic, outside, ports } from '../emulated/inside/addresses.ts'
import type { HostConfiguration } from '../emulated/inside/host.ts'
import { commandScript, kernelMachine, xenMachine } from '../emulated/machine.ts'
import { placeTiny, tinyProblem } from '../images/tiny.ts'
import { lastWords } from '../last-words.ts'
import { run } from '../processes.ts'
import { entering, type HeldProcess, hold, runIn, spawnIn } from './hold.ts'
import type { HostOptions, VirtualHost } from './host.ts'

const here = dirname(fileURLToPath(import.meta.url))
const emulated = join(here, '../emulated')

export type EmulatedKind = 'kernel' | 'xen'

export interface EmulatedHostOptions extends HostOptions {
  readonly kind: EmulatedKind
  /** Of the lab: tells its MAC addresses from those of others. */
  readonly position: number
  /** Interfaces that it has of the substrate. */
  readonly nics: readonly { readonly name: string; readonly mtu: number }[]
  /** For `ip -batch` in the guest: addresses and routes. */
  readonly lines: readonly string[]
  readonly memoryBytes?: number
}

const tapOf = (index: number): string => `tap${index}`
const bridgeOf = (index: number): string => `br${index}`

/** Locally administered; the last interface is that of management. */
const macOf = (position: number, index: number): string => {
  const byte = (value: number): string => value.toString(16).padStart(2, '0')
  return `52:54:00:${byte(position >> 8)}:${byte(position & 255)}:${byte(index)}`
}

const tapLines = ({ nics }: EmulatedHostOptions): readonly string[] => [
  ...nics.flatMap(({ mtu }, index) => [
    `tuntap add dev ${tapOf(index)} mode tap`,
    `link set ${tapOf(index)} mtu ${mtu}`,
    `link add ${bridgeOf(index)} mtu ${mtu} type bridge`,
    `link set ${tapOf(index)} master ${bridgeOf(index)} up`,
    `link set ${bridgeOf(index)} up`,
  ]),
  `tuntap add dev ${managementNic} mode tap`,
  `address add ${outside}/30 dev ${managementNic}`,
  `link set ${managementNic} up`,
]

/** For `ip -batch` in its namespace once the wires are laid: they end in it by the names of the NICs. */
export const joinLines = (nics: readonly { readonly name: string }[]): readonly string[] =>
  nics.map(({ name }, index) => `link set ${name} master ${bridgeOf(index)} up`)

const configurationOf = ({ name, position, nics, lines }: EmulatedHostOptions): HostConfiguration => ({
  name,
  nics: Object.fromEntries(
    [...nics.map((nic) => nic.name), managementNic].map((nic, index) => [macOf(position, index), nic]),
  ),
  lines: [...nics.map(({ name: nic, mtu }) => `link set ${nic} mtu ${mtu} up`), ...lines],
})

/** What its first process becomes. A Xen host comes with a libvirtd. */
const scriptOf = (kind: EmulatedKind): string => {
  const serve = [process.execPath, join(emulated, 'inside/host.ts'), '/run/shared/host.json']
  const argv =
    kind === 'xen'
      ? serve
      : ['sh', '-c', 'sh "$1" lxc; shift; exec "$@"', 'host', join(emulated, 'libvirt.sh'), ...serve]
  return commandScript(argv, { cwd: '/' })
}

/** Starts one; settles before it has booted: `ready` does when it serves. Throws lab.failed, not-supported. */
export const startEmulatedHost = async (options: EmulatedHostOptions): Promise<VirtualHost> => {
  const { name, directory, logs, hierarchies, group, nics, position, timeoutMs } = options
  mkdirSync(join(directory, 'run/weft'), { recursive: true })
  createGroup(hierarchies, `${group}/${name}`)
  const held = await hold({
    name,
    namespaces: ['net'],
    script: join(here, 'network.sh'),
    env: {},
    hierarchies,
    group: `${group}/${name}`,
    outerGroup: `${group}/.holders`,
    log: join(logs, 'init.log'),
    timeoutMs,
  })
  const inside = [process.execPath, join(emulated, 'run-inside.ts')]
  const holder = { ...held, inside }
  options.onHeld(holder)
  const { status, stderr } = await runIn(held, ['ip', '-batch', '-'], { input: `${tapLines(options).join('\n')}\n` })
  if (status !== 0) throw new WeftError('lab.failed', `the interfaces of ${name} were not made: ${stderr.trim()}`)

  const makeMachine = { kernel: kernelMachine, xen: xenMachine }[options.kind]
  const machine = await makeMachine(directory, scriptOf(options.kind), {
    nics: [...nics.map((_, index) => tapOf(index)), managementNic].map((tap, index) => ({
      tap,
      mac: macOf(position, index),
    })),
    ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
  })
  if (options.kind === 'xen' && !tinyProblem()) await placeTiny(join(machine.shared, 'images'))
  writeFileSync(join(machine.shared, 'host.json'), JSON.stringify(configurationOf(options)))
  const log = join(logs, 'machine.log')
  const qemu = await spawnIn(held, machine.argv, log)
  let ended: string | undefined
  void qemu.exited.then((how) => {
    ended = `its machine ended (${how}): ${lastWords(log)}`
  })

  const consoleSocket = join(directory, 'console.sock')
  let door: Promise<HeldProcess> | undefined
  return {
    name,
    holder,
    directory,
    logs,
    libvirtUri: () => {
      throw new WeftError('not-supported', `libvirt of ${name} is reached in the host alone`, {
        object: `host/${name}`,
      })
    },
    exec: (argv, runOptions) => runIn(held, [...inside, ...argv], runOptions),
    spawn: (argv, logFile, env) => spawnIn(held, [...inside, ...argv], logFile, env),
    ready: async () => {
      const end = performance.now() + timeoutMs
      let answer = ''
      while (performance.now() < end) {
        const output = await run(entering(held, ['--', ...inside, 'true']), { timeoutMs: 60_000 })
        if (output.status === 0) return
        answer = ended ?? output.stderr.trim()
        if (ended !== undefined) break
        await sleep(500)
      }
      throw new WeftError('lab.failed', `the emulated host ${name} is not ready: ${answer}`, {
        object: `host/${name}`,
        hint: `its console is ${log}`,
      })
    },
    consoleFlags: ['--console', `${address}:${ports.consoles}`, '--console-endpoint', `unix:${consoleSocket}`],
    brokerUrl: async (socketUrl) => {
      const agentSocket = join(directory, 'run/weft/agent.sock')
      const sockets = [agentSocket, socketUrl.replace(/^unix:/, ''), consoleSocket]
      const argv = [process.execPath, join(emulated, 'door.ts'), ...sockets]
      door ??= spawnIn(held, argv, join(logs, 'door.log'))
      await door
      return `mqtt://${outside}:${ports.broker}`
    },
  }
}
