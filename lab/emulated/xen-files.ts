/**
 * Debian's Xen with its tools, QEMU for its devices, and libvirt with its Xen and LXC drivers, downloaded by apt and unpacked in the user's
 * cache: never installed. About 90 MB, prepared once and used until the directory is deleted. Root is not needed.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { WeftError } from '../../proto/errors.ts'
import { cacheDirectory, prepareOnce } from './cache.ts'
import { type Ask, packageBehind, packagesProblem, unpackLayer } from './packages.ts'

export interface XenFiles {
  /** What QEMU starts: the hypervisor, unpacked. */
  readonly hypervisor: string
  /** Laid over the machine's own root. */
  readonly layer: string
  /** Where Xen's own programs are in that layer, for instance /usr/lib/xen-4.17/bin. */
  readonly programs: string
}

const metaPackage = 'xen-system-amd64'

/** libvirt all from one version, whatever the machine has; Xen's device model carries the channels and disks of guests, GRUB starts what is on those. */
const besides = [
  'xenstore-utils',
  'qemu-system-xen',
  'grub-xen-host',
  'libvirt0',
  'libvirt-daemon',
  'libvirt-daemon-driver-xen',
  'libvirt-daemon-driver-lxc',
  'libvirt-clients',
]

/** The number is that of this layout: another one is prepared anew. */
export const xenCache = (): string => cacheDirectory('xen-host', '2')

/** Why this machine cannot prepare it; false where it is prepared or may be. */
export const xenFilesProblem = (cache = xenCache()): string | false =>
  existsSync(join(cache, 'xen')) ? false : packagesProblem()

/** Throws not-supported where the packages cannot be had, with apt's words. Two processes may prepare at once. */
export const xenFiles = async (cache = xenCache()): Promise<XenFiles> => {
  await prepareOnce(cache, 'xen', async (work) => {
    const ready = join(work, 'ready')
    const layer = join(ready, 'layer')
    mkdirSync(layer, { recursive: true })
    for (const directory of [ready, layer]) chmodSync(directory, 0o755)
    await unpackLayer(work, layer, packagesOf)
    const image = readdirSync(join(layer, 'boot')).find((name) => /^xen-[\d.]+-amd64\.gz$/.test(name))
    if (image === undefined) throw new WeftError('not-supported', 'the packages of Xen have no hypervisor')
    writeFileSync(join(work, 'xen'), gunzipSync(readFileSync(join(layer, 'boot', image))))
    renameSync(join(work, 'xen'), join(ready, 'xen'))
  })
  const layer = join(cache, 'layer')
  const version = readdirSync(join(layer, 'usr/lib')).find((name) => /^xen-[\d.]+$/.test(name))
  return { hypervisor: join(cache, 'xen'), layer, programs: `/usr/lib/${version}/bin` }
}

/** Those named, and what of their dependencies the machine does not have: apt is asked what it would install, and installs nothing. */
const packagesOf = async (ask: Ask): Promise<readonly string[]> => {
  const names = [
    await packageBehind(ask, metaPackage, 'xen-hypervisor-4'),
    await packageBehind(ask, metaPackage, 'xen-utils-'),
    ...besides,
  ]
  const { status, stdout, stderr } = await ask('apt-get', ['-s', '-qq', 'install', '--no-install-recommends', ...names])
  if (status !== 0)
    throw new WeftError('not-supported', `Xen's packages do not go with this machine's: ${stderr.trim()}`)
  const missing = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name)
  return [...new Set([...names, ...missing])]
}
