/**
 * Debian's kernel, its modules and a static busybox, downloaded by apt and unpacked in the user's cache: never installed. About 480 MB,
 * prepared once and used until the directory is deleted. Root is not needed.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { WeftError } from '../../proto/errors.ts'
import { findProgram } from '../host/libvirt.ts'
import { run, runChecked } from '../processes.ts'
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
export const kernelCache = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weft-kernel-host', '1')

/** Most time for one run of apt or dpkg: a download of 70 MB, an unpacked 400 MB, on a loaded machine. */
const timeoutMs = 600_000

/** Why this machine cannot prepare one; false where it is prepared or may be. */
export const kernelFilesProblem = (cache = kernelCache()): string | false => {
  if (existsSync(join(cache, 'release'))) return false
  const missing = ['apt-get', 'apt-cache', 'dpkg-deb'].find((program) => !findProgram(program))
  return missing ? `${missing} is not there: the kernel is one of Debian's packages` : false
}

/** Throws not-supported where the packages cannot be had, with apt's words. Two processes may prepare at once. */
export const kernelFiles = async (cache = kernelCache()): Promise<KernelFiles> => {
  if (!existsSync(join(cache, 'release'))) await prepare(cache)
  const kernel = join(cache, 'vmlinux')
  return {
    release: readFileSync(join(cache, 'release'), 'utf8').trim(),
    kernel: existsSync(kernel) ? kernel : join(cache, 'vmlinuz'),
    layer: join(cache, 'layer'),
  }
}

const prepare = async (cache: string): Promise<void> => {
  const parent = join(cache, '..')
  mkdirSync(parent, { recursive: true })
  const work = mkdtempSync(join(parent, '.prepare-'))
  try {
    await download(work)
    const unpacked = join(work, 'unpacked')
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      await runChecked(['dpkg-deb', '--extract', join(work, file), unpacked], { timeoutMs })
    }
    await arrange(unpacked, join(work, 'ready'))
    // A directory that another process has put there meanwhile is as good as ours: rename(2) refuses to replace it.
    if (!existsSync(join(cache, 'release'))) renameSync(join(work, 'ready'), cache)
  } catch (error) {
    if (!existsSync(join(cache, 'release'))) throw error
  } finally {
    rmSync(work, { recursive: true, force: true })
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
  await runChecked([busybox, 'depmod', '-b', base, release], { timeoutMs })
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

/** Downloads the packages into a directory: by the machine's lists of packages or, where those are missing or too old, by fresh ones of our own. */
const download = async (directory: string): Promise<void> => {
  const words = await tryDownload(directory, [])
  if (words === '') return
  const state = join(directory, 'apt')
  mkdirSync(join(state, 'lists/partial'), { recursive: true })
  const own = [`Dir::State::lists=${join(state, 'lists')}`, `Dir::Cache=${state}`, 'Debug::NoLocking=1']
  const options = own.flatMap((option) => ['-o', option])
  await run(['apt-get', ...options, '-qq', 'update'], { timeoutMs })
  const secondWords = await tryDownload(directory, options)
  if (secondWords === '') return
  throw new WeftError('not-supported', `Debian's kernel cannot be downloaded: ${secondWords}`, {
    hint: `apt-get download ${metaPackage} shows why`,
  })
}

/** '' where all were downloaded, else what apt said. */
const tryDownload = async (directory: string, options: readonly string[]): Promise<string> => {
  const shown = await run(['apt-cache', ...options, '--no-all-versions', 'show', metaPackage], { timeoutMs })
  const kernel = /^Depends:.*?\b(linux-image-[\w.+-]+)/m.exec(shown.stdout)?.[1]
  if (kernel === undefined) return shown.stderr.trim() || `apt knows no ${metaPackage}`
  const argv = ['apt-get', ...options, '-q', 'download', kernel, 'busybox-static']
  const { status, stderr } = await run(['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', directory, ...argv], {
    timeoutMs,
  })
  const errors = stderr.split('\n').filter((line) => line.startsWith('E: '))
  return status === 0 ? '' : errors.join('; ') || stderr.trim()
}
