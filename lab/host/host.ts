/**
 * A virtual host (DESIGN section 8): namespaces, directories of its own in place of the machine's, its own libvirtd. Real netlink,
 * real eBPF, real libvirt; only the hardware is shared.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WeftError } from '../../proto/errors.ts'
import { createGroup, type Hierarchy, mountLines } from '../cgroup.ts'
import { placeTiny, tinyProblem } from '../images/tiny.ts'
import { lastWords } from '../last-words.ts'
import type { Output, RunOptions } from '../processes.ts'
import { run, until } from '../processes.ts'
import { type HeldProcess, type Holder, hold, runIn, spawnIn } from './hold.ts'
import { findProgram, type LibvirtDriver, makeHostDirectories, writeLibvirtConfiguration } from './libvirt.ts'

const here = dirname(fileURLToPath(import.meta.url))

export interface VirtualHost {
  readonly name: string
  readonly holder: Holder
  /** Its state on the machine; weft/ is its /var/lib/weft, run/ its /run. */
  readonly directory: string
  readonly logs: string
  /** URI at which its libvirtd is reached from outside, for instance lxc:///system?socket=…. */
  libvirtUri(driver: LibvirtDriver): string
  /** Runs a command in it, to its end. */
  exec(argv: readonly string[], options?: RunOptions): Promise<Output>
  /** Starts a command in it that goes on, its output appended to a file. It ends with the host at the latest. */
  spawn(argv: readonly string[], logFile: string, env?: NodeJS.ProcessEnv): Promise<HeldProcess>
  /** Settles when it takes commands; it may need its wires for that. Throws lab.failed. */
  ready(): Promise<void>
  /** Of its agent: where it serves consoles, so that the PIP, outside, reaches them. */
  readonly consoleFlags: readonly string[]
  /** How its agent reaches the broker behind a unix socket of the machine, and whoever is outside the agent's own socket. */
  brokerUrl(socketUrl: string): Promise<string>
}

export interface HostOptions {
  readonly name: string
  /** Where state and logs go; made here. */
  readonly directory: string
  readonly logs: string
  readonly hierarchies: readonly Hierarchy[]
  /** Group of the lab; the host's own is made below it. */
  readonly group: string
  /** Drivers of its libvirtd; none: no libvirtd. */
  readonly drivers: readonly LibvirtDriver[]
  readonly timeoutMs: number
  /** Called as soon as there is something to end. */
  readonly onHeld: (holder: Holder) => void
}

/**
 * Starts one; settles when its libvirtd answers. One that was there before, and was ended, boots again: what was on its disk is there, what was in
 * its memory is not, /run among it. Throws lab.failed, not-supported.
 */
export const startHost = async (options: HostOptions): Promise<VirtualHost> => {
  const { name, directory, logs, hierarchies, drivers } = options
  const isNew = !existsSync(join(directory, 'etc/libvirtd.conf'))
  rmSync(join(directory, 'run'), { recursive: true, force: true })
  makeHostDirectories(directory, logs)
  if (isNew) {
    writeLibvirtConfiguration(directory, randomUUID(), drivers)
    if (drivers.includes('qemu') && !tinyProblem()) await placeTiny(join(directory, 'weft/images'))
    writeFileSync(join(directory, 'hosts'), `127.0.0.1 localhost ${name}\n`)
  }
  writeFileSync(join(directory, 'boot-id'), `${randomUUID()}\n`)
  // Mount points for what the host has of its own; empty on a machine that is no host itself.
  for (const path of ['/etc/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt', '/var/lib/weft']) {
    mkdirSync(path, { recursive: true })
  }
  createGroup(hierarchies, `${options.group}/${name}`)
  const holder = await hold({
    name,
    namespaces: ['net', 'mount', 'uts', 'cgroup'],
    script: join(here, 'init.sh'),
    env: {
      HOST_NAME: name,
      HOST_DIR: directory,
      LOG_DIR: logs,
      CGROUPS: mountLines(hierarchies),
      LIBVIRTD: drivers.length > 0 ? findProgram('libvirtd') : '',
      VIRTLOGD: drivers.includes('qemu') ? findProgram('virtlogd') : '',
      LIBVIRT_DRIVER_DIR: join(directory, 'drivers'),
    },
    hierarchies,
    group: `${options.group}/${name}`,
    outerGroup: `${options.group}/.holders`,
    log: join(logs, 'init.log'),
    timeoutMs: options.timeoutMs,
  })
  options.onHeld(holder)
  const host: VirtualHost = {
    name,
    holder,
    directory,
    logs,
    libvirtUri: (driver) => `${driver}:///system?socket=${join(directory, 'run/libvirt/libvirt-sock')}`,
    exec: (argv, runOptions) => runIn(holder, argv, runOptions),
    spawn: (argv, logFile, env) => spawnIn(holder, argv, logFile, env),
    // It is, once it is started; and it sees all files of the machine.
    ready: async () => undefined,
    // Files are what it has in common with the machine; networks are not.
    consoleFlags: ['--console', `unix:${join(directory, 'console.sock')}`],
    brokerUrl: async (socketUrl) => socketUrl,
  }
  for (const driver of drivers) await waitForLibvirt(host, driver, options.timeoutMs)
  return host
}

const waitForLibvirt = async (host: VirtualHost, driver: LibvirtDriver, timeoutMs: number): Promise<void> => {
  const end = performance.now() + timeoutMs
  const socket = join(host.directory, 'run/libvirt/libvirt-sock')
  let answer = ''
  while (performance.now() < end) {
    if (await until(() => existsSync(socket), end - performance.now())) {
      const { status, stderr } = await run(['virsh', '-c', host.libvirtUri(driver), 'version'], {
        timeoutMs: Math.ceil(Math.max(1, end - performance.now())),
      })
      if (status === 0) return
      answer = stderr.trim()
    }
  }
  const log = join(host.logs, 'init.log')
  throw new WeftError(
    'lab.failed',
    `libvirtd of ${host.name} did not answer in ${timeoutMs} ms: ${answer || 'it has no socket'}`,
    { object: `host/${host.name}`, hint: `the last words of ${log}: ${lastWords(log)}` },
  )
}
