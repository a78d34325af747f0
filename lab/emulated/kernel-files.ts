/**
 * Debian's kernel, its modules and a static busybox, downloaded by apt and unpacked in the user's cache: never installed. About 480 MB,
 * prepared once and used until the directory is deleted. Root is not needed.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WeftError } from '../../proto/errors.ts'
import { runChecked } from '../processes.ts'
import { cacheDirectory, prepareOnce } from './cache.ts'
import { kernelBehind, packagesProblem, packagesTimeoutMs, unpackPackages } from './packages.ts'
import { unpackVmlinux } from './vmlinux.ts'

export interface KernelFiles {
  /** As `uname -r` says it there. */
  readonly release: string
  /** What QEMU starts: the ELF image, or the packed one where it could not be unpacked. */
  readonly kernel: string
  /** Laid over the machine's own root: usr/lib/modules/RELEASE with depmod's tables, usr/bin/busybox. */
  readonly layer: string
}

const metaPackage = 'linux-image-amd64'

/** The number is that of this layout: another one is prepared anew. */
export const kernelCache = (): string => cacheDirectory('kernel-host', '1')

/** Why this machine cannot prepare one; false where it is prepared or may be. */
export const kernelFilesProblem = (cache = kernelCache()): string | false =>
  existsSync(join(cache, 'release')) ? false : packagesProblem()

/** Throws not-supported where the packages cannot be had, with apt's words. Two processes may prepare at once. */
export const kernelFiles = async (cache = kernelCache()): Promise<KernelFiles> => {
  await prepareOnce(cache, 'release', async (work) => {
    const unpacked = join(work, 'unpacked')
    await unpackPackages(work, unpacked, async (ask) => [await kernelBehind(ask, metaPackage), 'busybox-static'])
    await arrange(unpacked, join(work, 'ready'))
  })
  const kernel = join(cache, 'vmlinux')
  return {
    release: readFileSync(join(cache, 'release'), 'utf8').trim(),
    kernel: existsSync(kernel) ? kernel : join(cache, 'vmlinuz'),
    layer: join(cache, 'layer'),
  }
}

/** Debian 12 has its modules below /lib and its busybox in /bin, Debian 13 below /usr. */
const firstOf = (what: string, ...paths: readonly string[]): string => {
  const found = paths.find((path) => existsSync(path))
  if (found === undefined) throw new WeftError('not-supported', `the packages of Debian's kernel have no ${what}`)
  return found
}

const arrange = async (unpacked: string, ready: string): Promise<void> => {
  const base = join(firstOf('modules', join(unpacked, 'lib/modules'), join(unpacked, 'usr/lib/modules')), '../..')
  const busybox = firstOf('busybox', join(unpacked, 'bin/busybox'), join(unpacked, 'usr/bin/busybox'))
  const [release = ''] = readdirSync(join(base, 'lib/modules'))
  await runChecked([busybox, 'depmod', '-b', base, release], { timeoutMs: packagesTimeoutMs })
  const vmlinuz = join(unpacked, 'boot', `vmlinuz-${release}`)
  mkdirSync(join(ready, 'layer/usr/lib'), { recursive: true })
  mkdirSync(join(ready, 'layer/usr/bin'))
  for (const directory of [ready, join(ready, 'layer'), join(ready, 'layer/usr')]) chmodSync(directory, 0o755)
  renameSync(join(base, 'lib/modules'), join(ready, 'layer/usr/lib/modules'))
  renameSync(busybox, join(ready, 'layer/usr/bin/busybox'))
  const kernel = unpackVmlinux(readFileSync(vmlinuz))
  if (kernel) writeFileSync(join(ready, 'vmlinux'), kernel)
  else renameSync(vmlinuz, join(ready, 'vmlinuz'))
  writeFileSync(join(ready, 'release'), `${release}\n`)
}
