/**
 * The tiny image of virtual machines: Debian's cloud kernel and an initramfs with busybox, ip, ping and QEMU's guest agent, made of Debian's
 * packages in the user's cache. It boots in seconds under software emulation, in 128 MiB; nothing that is written in it is kept.
 * `node lab/images/tiny.ts [DIRECTORY]` makes it and, where a directory of images is named, puts it there.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WeftError } from '../../proto/errors.ts'
import { cacheDirectory, prepareOnce } from '../emulated/cache.ts'
import { type ArchiveEntry, directoryEntry, fileEntry, linkEntry, writeArchive } from '../emulated/cpio.ts'
import { loadOrder } from '../emulated/modules.ts'
import { type Ask, kernelBehind, packagesProblem, unpackPackages } from '../emulated/packages.ts'
import { unpackVmlinux } from '../emulated/vmlinux.ts'
import { needsOf } from './elf.ts'

const here = join(dirname(fileURLToPath(import.meta.url)), 'tiny')

/** Its files, as a directory of images has them. */
export const tinyFiles = ['kernel', 'initrd', 'cmdline'] as const

/** The kernel as a boot loader takes it, beside the files of the image. */
export const packedKernel = 'vmlinuz'

/** Where a hypervisor's console is: the last one that is there is the one that init speaks on. */
const commandLine = 'console=hvc0 console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on'

/**
 * Of busybox's init: the guest agent is started again where it ends, a shell is there for whoever presses Enter on the console. Guests of Xen have
 * no button: their kernel itself is told to shut down.
 */
const inittab = `::respawn:/usr/sbin/guest-agent
::respawn:/bin/sh -c 'until [ -e /dev/input/event0 ]; do sleep 10; done; exec acpid -f -d -l /dev/null'
::askfirst:-/bin/ash
::ctrlaltdel:/sbin/reboot
`

/** Devices of QEMU's virtual machines, then of Xen's. */
const modules = [
  ...['virtio_pci', 'virtio_mmio', 'virtio_net', 'virtio_blk', 'virtio_console', 'virtio_rng', 'virtio_balloon'],
  ...['button', 'evdev', 'pvpanic_mmio'],
  ...['xen_netfront', 'xen_blkfront'],
]

/** With a shell that runs the programs that are there: busybox's own would take its own ip and ping. */
const rootPackages = ['qemu-guest-agent', 'dash', 'iproute2', 'iputils-ping']

/** The number is that of this layout: another one is prepared anew. */
export const tinyCache = (): string => cacheDirectory('image-tiny', '4')

/** Why this machine cannot make it; false where it is made or may be. */
export const tinyProblem = (cache = tinyCache()): string | false =>
  existsSync(join(cache, 'cmdline')) ? false : packagesProblem()

/** The directory with its files. Throws not-supported where the packages cannot be had. Two processes may make it at once. */
export const tinyImage = async (cache = tinyCache()): Promise<string> => {
  await prepareOnce(cache, 'cmdline', async (work) => {
    const unpacked = join(work, 'unpacked')
    await unpackPackages(work, unpacked, choosePackages)
    arrange(unpacked, join(work, 'ready'))
  })
  return cache
}

/** Programs with all libraries that they may need: which of them they do, their files tell. */
const choosePackages = async (ask: Ask): Promise<readonly string[]> => {
  const narrow = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`)
  const { stdout } = await ask('apt-cache', ['depends', '--recurse', ...narrow, ...rootPackages])
  const libraries = stdout.split('\n').filter((line) => /^z?lib[\w.+-]+$/.test(line) && !line.includes('perl'))
  return [await kernelBehind(ask, 'linux-image-cloud-amd64'), 'busybox-static', ...rootPackages, ...new Set(libraries)]
}

/** Debian 12 has /bin, /sbin and /lib beside /usr, Debian 13 below it. */
const find = (unpacked: string, ...paths: readonly string[]): string => {
  const found = paths
    .flatMap((path) => [join(unpacked, path), join(unpacked, 'usr', path)])
    .find((path) => existsSync(path))
  if (found) return found
  throw new WeftError('not-supported', `the packages of the tiny image have no ${paths[0]}`)
}

const arrange = (unpacked: string, ready: string): void => {
  mkdirSync(ready, { recursive: true, mode: 0o755 })
  const [release = ''] = readdirSync(find(unpacked, 'lib/modules'))
  const vmlinuz = readFileSync(find(unpacked, `boot/vmlinuz-${release}`))
  writeFileSync(join(ready, 'kernel'), unpackVmlinux(vmlinuz) ?? vmlinuz)
  writeFileSync(join(ready, packedKernel), vmlinuz)
  writeFileSync(join(ready, 'initrd'), writeArchive(entriesOf(unpacked, release)))
  writeFileSync(join(ready, 'cmdline'), `${commandLine}\n`)
}

const entriesOf = (unpacked: string, release: string): readonly ArchiveEntry[] => {
  const busybox = find(unpacked, 'bin/busybox')
  const programs = [
    { path: 'bin/sh', from: find(unpacked, 'bin/dash') },
    { path: 'bin/ip', from: find(unpacked, 'bin/ip', 'sbin/ip') },
    { path: 'bin/ping', from: find(unpacked, 'bin/ping') },
    { path: 'usr/sbin/qemu-ga', from: find(unpacked, 'sbin/qemu-ga', 'usr/sbin/qemu-ga') },
  ]
  const real = new Set([...programs.map(({ path }) => basename(path)), 'busybox'])
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean)
  const directories = ['bin', 'dev', 'etc', 'lib', 'lib/modules', 'lib64', 'proc', 'root', 'run', 'sbin', 'sys', 'tmp']
  return [
    ...[...directories, 'usr', 'usr/bin', 'usr/sbin', 'var', 'var/log'].map(directoryEntry),
    fileEntry('bin/busybox', readFileSync(busybox), 0o755),
    ...applets.filter((name) => !real.has(name)).map((name) => linkEntry(`bin/${name}`, 'busybox')),
    ...['acpid', 'init', 'poweroff', 'reboot', 'ip'].map((name) =>
      linkEntry(`sbin/${name}`, `../bin/${real.has(name) ? name : 'busybox'}`),
    ),
    ...programs.map(({ path, from }) => fileEntry(path, readFileSync(from), 0o755)),
    ...libraryEntries(
      unpacked,
      programs.map(({ from }) => from),
    ),
    ...moduleEntries(find(unpacked, 'lib/modules', 'lib/modules'), release, busybox),
    fileEntry('init', readFileSync(join(here, 'init.sh')), 0o755),
    fileEntry('usr/sbin/guest-agent', readFileSync(join(here, 'guest-agent.sh')), 0o755),
    fileEntry('etc/inittab', inittab),
    directoryEntry('etc/acpi'),
    directoryEntry('etc/acpi/PWRF'),
    fileEntry('etc/acpi/PWRF/00000080', '#!/bin/sh\nexec poweroff\n', 0o755),
    fileEntry('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    fileEntry('etc/group', 'root:x:0:\n'),
    fileEntry('etc/hosts', '127.0.0.1 localhost\n::1 localhost\n'),
    fileEntry('etc/os-release', 'ID=weft-tiny\nPRETTY_NAME="Weft tiny image"\n'),
  ]
}

/** The loader, and every library that is needed, also by another. All in /lib: the loader looks there without being told. */
const libraryEntries = (unpacked: string, programs: readonly string[]): readonly ArchiveEntry[] => {
  const entries = new Map<string, ArchiveEntry>()
  const pending = programs.map((path) => path)
  for (let path = pending.shift(); path !== undefined; path = pending.shift()) {
    const needs = needsOf(readFileSync(path))
    const interpreter = needs?.interpreter?.slice(1)
    if (interpreter && !entries.has(interpreter)) {
      entries.set(
        interpreter,
        fileEntry(interpreter, readFileSync(findLibrary(unpacked, basename(interpreter))), 0o755),
      )
    }
    for (const name of needs?.libraries ?? []) {
      if (entries.has(`lib/${name}`)) continue
      const library = findLibrary(unpacked, name)
      entries.set(`lib/${name}`, fileEntry(`lib/${name}`, readFileSync(library), 0o755))
      pending.push(library)
    }
  }
  return [...entries.values()]
}

const findLibrary = (unpacked: string, name: string): string =>
  realpathSync(find(unpacked, `lib/x86_64-linux-gnu/${name}`, `lib64/${name}`, `lib/${name}`))

const moduleEntries = (top: string, release: string, busybox: string): readonly ArchiveEntry[] => {
  // Tables of modules are made where a kernel is installed.
  execFileSync(busybox, ['depmod', '-b', join(top, '../..'), release])
  const directory = join(top, release)
  const order = loadOrder(readFileSync(join(directory, 'modules.dep'), 'utf8'), modules)
  return [
    ...order.map((path) => fileEntry(`lib/modules/${basename(path)}`, readFileSync(join(directory, path)))),
    fileEntry('lib/modules/order', `${order.map((path) => basename(path)).join('\n')}\n`),
  ]
}

/** Puts the image into a directory of images as `tiny`, in place of what may be there. */
export const placeTiny = async (images: string): Promise<void> => {
  const cache = await tinyImage()
  const made = join(images, '.tiny.new')
  rmSync(made, { recursive: true, force: true })
  mkdirSync(made, { recursive: true })
  for (const file of tinyFiles) copyFileSync(join(cache, file), join(made, file))
  rmSync(join(images, 'tiny'), { recursive: true, force: true })
  renameSync(made, join(images, 'tiny'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [images] = process.argv.slice(2)
  if (images === undefined) process.stdout.write(`${await tinyImage()}\n`)
  else await placeTiny(images)
}
