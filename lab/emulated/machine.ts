/**
 * The machines of emulated hosts: QEMU's software emulation of one that has the machine's own files, read-only over 9p, below layers of its
 * own; what is written there is gone with it. Its first process ends by running `command.sh` of the directory that it shares.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WeftError } from '../../proto/errors.ts'
import { findProgram } from '../host/libvirt.ts'
import { type ArchiveEntry, directoryEntry, fileEntry, linkEntry, writeArchive } from './cpio.ts'
import { type KernelFiles, kernelFiles, kernelFilesProblem } from './kernel-files.ts'
import { kernelMemoryBytes, xenMemoryBytes } from './memory.ts'
import { loadOrder } from './modules.ts'
import { kernelArguments, type QemuMachine, type QemuNic, tscKhzOf, xenArguments } from './qemu.ts'
import { xenFiles, xenFilesProblem } from './xen-files.ts'

const here = dirname(fileURLToPath(import.meta.url))
const emulator = 'qemu-system-x86_64'

/** What is needed to reach a root file system over 9p, and interfaces; all else is loaded as it is asked for. */
const bootModules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'virtio_net']

export interface MachineOptions {
  /** kernelMemoryBytes or xenMemoryBytes without it. */
  readonly memoryBytes?: number
  /** 1 without it. */
  readonly cpus?: number
  readonly nics?: readonly QemuNic[]
}

export interface CommandOptions {
  /** The directory that the command runs in; that of this process without it. */
  readonly cwd?: string
  /** Beside PATH, this process's Node first, and HOME. */
  readonly env?: Readonly<Record<string, string>>
}

export interface EmulatedMachine {
  /** Command line of QEMU; the machine's console is its standard output. */
  readonly argv: readonly string[]
  /** Directory that the guest has at /run/shared. */
  readonly shared: string
}

/** What a kind of host boots. */
interface HostKind {
  readonly kernel: KernelFiles
  /** Directories laid over the machine's own root, the uppermost first. */
  readonly layers: readonly string[]
  readonly memoryBytes: number
  /** A script of this directory that makes the host ready before the command runs; a status other than 0 ends it. */
  readonly prepare?: string
  /** For that script. */
  readonly env?: Readonly<Record<string, string>>
  readonly argumentsOf: (machine: QemuMachine) => readonly string[]
}

/** Why this machine cannot run a kernel host, as a reason to skip a test; false where it can, as far as is known before the download. */
export const kernelHostProblem = (): string | false => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'an emulated host needs Linux on x86-64'
  if (!findProgram(emulator)) return `${emulator} is not installed (sh scripts/setup.sh test)`
  if (!findProgram('setpriv')) return 'setpriv is not installed (sh scripts/setup.sh run)'
  return kernelFilesProblem()
}

/** The same of a Xen host. */
export const xenHostProblem = (): string | false => kernelHostProblem() || xenFilesProblem()

const throwing = (problem: string | false): void => {
  if (problem) throw new WeftError('not-supported', problem)
}

/**
 * Lays down in `directory` what a kernel host boots from; `script` is what its first process becomes at last. The first one downloads the kernel.
 * Throws not-supported where there is no emulator or no kernel.
 */
export const kernelMachine = async (
  directory: string,
  script: string,
  options: MachineOptions = {},
): Promise<EmulatedMachine> => {
  throwing(kernelHostProblem())
  const kernel = await kernelFiles()
  const kind = { kernel, layers: [kernel.layer], memoryBytes: kernelMemoryBytes, argumentsOf: kernelArguments }
  return layDown(kind, directory, script, options)
}

/** The same of a Xen host: the script runs in its Dom0 once libvirt answers. The first one downloads Xen, too. */
export const xenMachine = async (
  directory: string,
  script: string,
  options: MachineOptions = {},
): Promise<EmulatedMachine> => {
  throwing(xenHostProblem())
  const [kernel, xen] = await Promise.all([kernelFiles(), xenFiles()])
  const kind = {
    kernel,
    layers: [xen.layer, kernel.layer],
    memoryBytes: xenMemoryBytes,
    prepare: 'dom0.sh',
    env: { XEN_PROGRAMS: xen.programs, SCRIPTS: here },
    argumentsOf: xenArguments(xen.hypervisor),
  }
  return layDown(kind, directory, script, options)
}

const layerTag = (position: number): string => `layer${position}`

const layDown = (kind: HostKind, directory: string, script: string, options: MachineOptions): EmulatedMachine => {
  const { memoryBytes = kind.memoryBytes, cpus = 1, nics = [] } = options
  const shared = join(directory, 'shared')
  mkdirSync(shared)
  copyFileSync(join(here, 'enter.sh'), join(shared, 'enter.sh'))
  if (kind.prepare !== undefined) copyFileSync(join(here, kind.prepare), join(shared, 'prepare.sh'))
  writeFileSync(join(shared, 'environment.sh'), exportLines(kind.env ?? {}).join(''))
  writeFileSync(join(shared, 'command.sh'), script)
  writeFileSync(join(directory, 'initramfs'), writeArchive(initramfsOf(kind)))
  const argv = kind.argumentsOf({
    emulator: findProgram(emulator),
    kernel: kind.kernel.kernel,
    initramfs: join(directory, 'initramfs'),
    memoryBytes,
    cpus,
    tscKhz: tscKhzOf(readFileSync('/proc/cpuinfo', 'utf8')),
    shares: [
      { tag: 'root', path: '/', writable: false },
      ...kind.layers.map((path, position) => ({ tag: layerTag(position), path, writable: false })),
      { tag: 'shared', path: shared, writable: true },
    ],
    nics,
  })
  return { argv, shared }
}

const initramfsOf = ({ kernel, layers }: HostKind): readonly ArchiveEntry[] => {
  const modules = join(kernel.layer, 'usr/lib/modules', kernel.release)
  const order = loadOrder(readFileSync(join(modules, 'modules.dep'), 'utf8'), bootModules)
  const tags = layers.map((_, position) => layerTag(position))
  return [
    ...['bin', 'dev', 'proc', 'sys', 'modules', 'root', ...tags, 'written', 'host'].map(directoryEntry),
    fileEntry('bin/busybox', readFileSync(join(kernel.layer, 'usr/bin/busybox')), 0o755),
    ...['mount', 'insmod', 'mkdir', 'switch_root', 'poweroff'].map((applet) => linkEntry(`bin/${applet}`, 'busybox')),
    ...order.map((path) => fileEntry(`modules/${basename(path)}`, readFileSync(join(modules, path)))),
    fileEntry('modules/order', `${order.map((path) => basename(path)).join('\n')}\n`),
    fileEntry('layers', tags.map((tag) => `${tag}\n`).join('')),
    fileEntry('init', readFileSync(join(here, 'initramfs.sh')), 0o755),
  ]
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

const exportLines = (env: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`)

/** A script that becomes the command, in the guest as it would run here. */
export const commandScript = (argv: readonly string[], options: CommandOptions): string => {
  const path = [
    dirname(process.execPath),
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ]
  return [
    ...exportLines({ PATH: path.join(delimiter), HOME: '/root', ...options.env }),
    `cd ${quote(options.cwd ?? process.cwd())} || exit 126\n`,
    `exec ${argv.map(quote).join(' ')}\n`,
  ].join('')
}
