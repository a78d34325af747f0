/**
 * A kernel host (DESIGN section 8): a virtual machine under QEMU's software emulation that has Debian's kernel with all its modules,
 * and the machine's own files, read-only; what is written there is gone with it. For what the machine's own kernel lacks.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WeftError } from '../../proto/errors.ts'
import { findProgram } from '../host/libvirt.ts'
import { ended, type Output, spawnHeld } from '../processes.ts'
import { type ArchiveEntry, directoryEntry, fileEntry, linkEntry, writeArchive } from './cpio.ts'
import { type KernelFiles, kernelFiles, kernelFilesProblem } from './kernel-files.ts'
import { loadOrder } from './modules.ts'
import { qemuArguments, tscKhzOf } from './qemu.ts'

const here = dirname(fileURLToPath(import.meta.url))
const emulator = 'qemu-system-x86_64'

/** What is needed to reach a root file system over 9p; all else is loaded as it is asked for. */
const bootModules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay']

export interface KernelHostOptions {
  /** For all of it, the boot included; 20 minutes without it: what takes 10 s alone may take minutes on a loaded machine. */
  readonly timeoutMs?: number
  /** 1 GiB without it; half of it is for files that are written. */
  readonly memoryBytes?: number
  /** 1 without it. */
  readonly cpus?: number
  /** The directory that the command runs in; that of this process without it. */
  readonly cwd?: string
  /** Beside PATH, this process's Node first, and HOME. */
  readonly env?: Readonly<Record<string, string>>
}

/** Why this machine cannot run one, as a reason to skip a test; false where it can, as far as is known before the download. */
export const kernelHostProblem = (): string | false => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'a kernel host needs Linux on x86-64'
  if (!findProgram(emulator)) return `${emulator} is not installed (sh scripts/setup.sh test)`
  if (!findProgram('setpriv')) return 'setpriv is not installed (sh scripts/setup.sh run)'
  return kernelFilesProblem()
}

/**
 * Boots a kernel host, runs a command in it as root, and ends it; what the command printed and its exit status come back. The first one
 * downloads the kernel. Throws not-supported where there is no emulator or no kernel, lab.failed where the command did not come to its
 * end: in time, or because the machine went down under it.
 */
export const runInKernelHost = async (argv: readonly string[], options: KernelHostOptions = {}): Promise<Output> => {
  const problem = kernelHostProblem()
  if (problem) throw new WeftError('not-supported', problem)
  const files = await kernelFiles()
  const directory = mkdtempSync(join(tmpdir(), 'weft-kernel-host-'))
  try {
    const shared = join(directory, 'shared')
    mkdirSync(shared)
    copyFileSync(join(here, 'enter.sh'), join(shared, 'enter.sh'))
    writeFileSync(join(shared, 'command.sh'), commandScript(argv, options))
    writeFileSync(join(directory, 'initramfs'), writeArchive(initramfsOf(files)))
    return await boot(files, directory, options)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const initramfsOf = ({ layer, release }: KernelFiles): readonly ArchiveEntry[] => {
  const modules = join(layer, 'usr/lib/modules', release)
  const order = loadOrder(readFileSync(join(modules, 'modules.dep'), 'utf8'), bootModules)
  return [
    ...['bin', 'dev', 'proc', 'sys', 'modules', 'root', 'layer', 'written', 'host'].map(directoryEntry),
    fileEntry('bin/busybox', readFileSync(join(layer, 'usr/bin/busybox')), 0o755),
    ...['mount', 'insmod', 'mkdir', 'switch_root', 'poweroff'].map((applet) => linkEntry(`bin/${applet}`, 'busybox')),
    ...order.map((path) => fileEntry(`modules/${basename(path)}`, readFileSync(join(modules, path)))),
    fileEntry('modules/order', `${order.map((path) => basename(path)).join('\n')}\n`),
    fileEntry('init', readFileSync(join(here, 'initramfs.sh')), 0o755),
  ]
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

const commandScript = (argv: readonly string[], options: KernelHostOptions): string => {
  const path = [
    dirname(process.execPath),
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ]
  const env = { PATH: path.join(delimiter), HOME: '/root', ...options.env }
  return [
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`),
    `cd ${quote(options.cwd ?? process.cwd())} || exit 126`,
    `exec ${argv.map(quote).join(' ')}`,
    '',
  ].join('\n')
}

const boot = async (files: KernelFiles, directory: string, options: KernelHostOptions): Promise<Output> => {
  const { timeoutMs = 1_200_000, memoryBytes = 2 ** 30, cpus = 1 } = options
  const shared = join(directory, 'shared')
  const consoleFile = join(directory, 'console')
  const argv = qemuArguments({
    emulator: findProgram(emulator),
    kernel: files.kernel,
    initramfs: join(directory, 'initramfs'),
    memoryBytes,
    cpus,
    tscKhz: tscKhzOf(readFileSync('/proc/cpuinfo', 'utf8')),
    shares: [
      { tag: 'root', path: '/', writable: false },
      { tag: 'layer', path: files.layer, writable: false },
      { tag: 'shared', path: shared, writable: true },
    ],
  })
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
    `the kernel host ${why}; its last words: ${words.filter(Boolean).join(' | ') || 'none'}`,
  )
}
