/** Configuration of a virtual host's own libvirtd, as files. libvirtd(8), and the comments in the files that libvirt ships. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { WeftError } from '../../proto/errors.ts'
import { cacheDirectory } from '../emulated/cache.ts'

export type LibvirtDriver = 'lxc' | 'qemu'

/** libvirtd's own defaults ask polkit and groups of the machine, which a virtual host does not have. */
export const libvirtdConf = (hostUuid: string): string =>
  [
    // Equal ones refuse to migrate to each other.
    `host_uuid = "${hostUuid}"`,
    'unix_sock_group = "root"',
    'auth_unix_ro = "none"',
    'auth_unix_rw = "none"',
    'listen_tls = 0',
    'listen_tcp = 0',
    '',
  ].join('\n')

export const qemuConf = (): string =>
  [
    'user = "root"',
    'group = "root"',
    'dynamic_ownership = 0',
    'remember_owner = 0',
    'security_driver = "none"',
    'namespaces = []',
    '',
  ].join('\n')

/** A security driver of the machine (AppArmor) knows nothing of a virtual host's directories. */
export const lxcConf = (): string => 'security_driver = "none"\n'

/** Where a program is, '' where it is not: daemons often stand outside the PATH of whoever starts a lab. */
export const findProgram = (name: string): string =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path)) ?? ''

/** Debian: /usr/lib/TRIPLET/libvirt/connection-driver; others /usr/lib64/libvirt/connection-driver. */
const driverDirectory = (): string | undefined => {
  const triplets = readdirSync('/usr/lib', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const parents = ['/usr/lib64', '/usr/lib', ...triplets.map((entry) => join('/usr/lib', entry.name))]
  return parents.map((parent) => join(parent, 'libvirt/connection-driver')).find((directory) => existsSync(directory))
}

const modulePath = (driver: LibvirtDriver): string | undefined => {
  const directory = driverDirectory()
  const path = directory && join(directory, `libvirt_driver_${driver}.so`)
  return path && existsSync(path) ? path : undefined
}

/** Why this machine cannot run a libvirtd with the drivers; undefined where it can. */
export const libvirtProblem = (drivers: readonly LibvirtDriver[]): string | undefined => {
  if (drivers.length === 0) return undefined
  if (!findProgram('libvirtd')) return 'libvirtd is not installed (sh scripts/setup.sh run)'
  const missing = drivers.find((driver) => !modulePath(driver))
  // libvirt_lxc shows each container a /proc/meminfo of its own by it.
  if (drivers.includes('lxc') && !existsSync('/dev/fuse')) return 'there is no /dev/fuse (modprobe fuse)'
  return missing && `libvirt's driver ${missing} is not installed (libvirt-daemon-driver-${missing})`
}

/**
 * Writes a host's etc/ and drivers/. A libvirtd loads what it finds in its driver directory; given lxc alone it is ready in a tenth of
 * a second. With qemu's it asks each emulator what it can, for some seconds once.
 */
export const writeLibvirtConfiguration = (
  directory: string,
  hostUuid: string,
  drivers: readonly LibvirtDriver[],
): void => {
  const etc = join(directory, 'etc')
  writeFileSync(join(etc, 'libvirtd.conf'), libvirtdConf(hostUuid))
  writeFileSync(join(etc, 'qemu.conf'), qemuConf())
  writeFileSync(join(etc, 'lxc.conf'), lxcConf())
  writeFileSync(join(etc, 'virtlogd.conf'), '')
  if (drivers.includes('qemu')) {
    shareCapabilities(directory)
    for (const file of ['passwd', 'group'] as const) {
      const text = withQemuAccount(file, readFileSync(join('/etc', file), 'utf8'))
      if (text !== undefined) writeFileSync(join(directory, file), text)
    }
  }
  for (const driver of drivers) {
    const path = modulePath(driver)
    if (!path) throw new WeftError('not-supported', libvirtProblem(drivers) ?? `no driver ${driver}`)
    symlinkSync(path, join(directory, 'drivers', `libvirt_driver_${driver}.so`))
  }
}

/**
 * /etc/passwd or /etc/group with the account that Debian's libvirt is built to run QEMU as; undefined where it has that. libvirt looks it up before it
 * reads in qemu.conf whom to take instead, and has no driver where it is missing: libvirt-daemon-system makes it, libvirt's driver of QEMU does not.
 */
export const withQemuAccount = (file: 'passwd' | 'group', text: string): string | undefined => {
  if (/^libvirt-qemu:/m.test(text)) return undefined
  // The numbers are those that Debian keeps for it.
  const line =
    file === 'passwd'
      ? 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin'
      : 'libvirt-qemu:x:64055:libvirt-qemu'
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
}

/**
 * What libvirt found out about each emulator, which takes it seconds: one for all hosts of this machine. It knows by itself when that is out of
 * date, and reads a file that another is just writing as one that is not there.
 */
const shareCapabilities = (directory: string): void => {
  const shared = cacheDirectory('libvirt', 'qemu-capabilities')
  mkdirSync(shared, { recursive: true, mode: 0o755 })
  mkdirSync(join(directory, 'cache/qemu'), { mode: 0o755 })
  symlinkSync(shared, join(directory, 'cache/qemu/capabilities'))
}

/** Directories of a host; those that containers walk through are open to their mapped users. */
export const makeHostDirectories = (directory: string, logs: string): void => {
  for (const name of ['etc', 'drivers', 'lib', 'cache', 'run/libvirt', 'run/lock', 'weft']) {
    mkdirSync(join(directory, name), { recursive: true, mode: 0o755 })
  }
  mkdirSync(join(logs, 'libvirt/lxc'), { recursive: true })
  mkdirSync(join(logs, 'libvirt/qemu'), { recursive: true })
}
