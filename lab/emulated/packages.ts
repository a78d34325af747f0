/** Debian's packages, downloaded by apt, which checks them by the archive's signatures, and unpacked: nothing is installed. Root is not needed. */
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { WeftError } from '../../proto/errors.ts'
import { findProgram } from '../host/libvirt.ts'
import { type Output, run, runChecked } from '../processes.ts'

/** Most time for one run of apt or dpkg: a download of 70 MB, an unpacked 400 MB, on a loaded machine. */
export const packagesTimeoutMs = 600_000

/** Runs one of apt's programs on the lists of packages that are to be used. */
export type Ask = (program: 'apt-get' | 'apt-cache', argv: readonly string[]) => Promise<Output>

/** Names of packages. Throws not-supported where the lists do not tell: it is asked again with fresh ones. */
export type Choose = (ask: Ask) => Promise<readonly string[]>

/** Why this machine cannot download packages; false where it may. */
export const packagesProblem = (): string | false => {
  const missing = ['apt-get', 'apt-cache', 'dpkg-deb'].find((program) => !findProgram(program))
  return missing ? `${missing} is not there: what is emulated comes from Debian's packages` : false
}

/**
 * Downloads packages into a directory: by the machine's lists or, where those are missing or too old, by fresh ones of our own. Throws
 * not-supported with apt's words.
 */
export const downloadPackages = async (directory: string, choose: Choose): Promise<void> => {
  if ((await tryDownload(directory, [], choose)) === undefined) return
  const state = join(directory, 'apt')
  mkdirSync(join(state, 'lists/partial'), { recursive: true })
  const own = [`Dir::State::lists=${join(state, 'lists')}`, `Dir::Cache=${state}`, 'Debug::NoLocking=1']
  const options = own.flatMap((option) => ['-o', option])
  await run(['apt-get', ...options, '-qq', 'update'], { timeoutMs: packagesTimeoutMs })
  const problem = await tryDownload(directory, options, choose)
  if (problem) throw problem
}

/** What apt said, as an error; undefined where all were downloaded. */
const tryDownload = async (
  directory: string,
  options: readonly string[],
  choose: Choose,
): Promise<WeftError | undefined> => {
  const timeoutMs = packagesTimeoutMs
  try {
    const names = await choose((program, argv) => run([program, ...options, ...argv], { timeoutMs }))
    const argv = ['apt-get', ...options, '-q', 'download', ...names]
    const inside = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', directory]
    const { status, stderr } = await run([...inside, ...argv], { timeoutMs })
    if (status === 0) return undefined
    const errors = stderr.split('\n').filter((line) => line.startsWith('E: '))
    const words = errors.join('; ') || stderr.trim()
    const hint = `apt-get download ${names.join(' ')} shows why`
    return new WeftError('not-supported', `Debian's packages cannot be downloaded: ${words}`, { hint })
  } catch (error) {
    if (error instanceof WeftError && error.code === 'not-supported') return error
    throw error
  }
}

/** What a meta package depends on in its current version, by the beginning of the name. Throws not-supported. */
export const packageBehind = async (ask: Ask, metaPackage: string, beginning: string): Promise<string> => {
  const { stdout, stderr } = await ask('apt-cache', ['--no-all-versions', 'show', metaPackage])
  const depends = /^Depends: (.*)$/m.exec(stdout)?.[1] ?? ''
  const names = depends.split(/[,|]/).map((word) => word.trim().split(' ')[0] ?? '')
  const found = names.find((name) => name.startsWith(beginning))
  if (found !== undefined) return found
  throw new WeftError('not-supported', stderr.trim() || `apt knows no ${metaPackage}`)
}

export const kernelBehind = (ask: Ask, metaPackage: string): Promise<string> =>
  packageBehind(ask, metaPackage, 'linux-image-')

const debsIn = (directory: string): readonly string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(directory, name))

/** Downloads packages into `work` and unpacks them, each as it is, into `to`. */
export const unpackPackages = async (work: string, to: string, choose: Choose): Promise<void> => {
  await downloadPackages(work, choose)
  for (const file of debsIn(work)) {
    await runChecked(['dpkg-deb', '--extract', file, to], { timeoutMs: packagesTimeoutMs })
  }
}

/** The same, as a layer to be laid over a machine whose /bin, /lib and so on are links to those below /usr. */
export const unpackLayer = async (work: string, to: string, choose: Choose): Promise<void> => {
  await downloadPackages(work, choose)
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(to, 'usr', name), { recursive: true, mode: 0o755 })
    symlinkSync(`usr/${name}`, join(to, name))
  }
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"'
  for (const file of debsIn(work)) {
    await runChecked(['sh', '-c', script, 'sh', file, to], { timeoutMs: packagesTimeoutMs })
  }
}
