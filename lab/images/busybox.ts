/**
 * The image `busybox` of containers: Debian's static busybox and nothing else, so that a node sees none of the host's own programs. It is made of
 * the machine's own busybox where that is static, else of Debian's package, in the user's cache.
 * `node lab/images/busybox.ts [DIRECTORY]` makes it and, where a directory of images is named, puts it there.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WeftError } from '../../proto/errors.ts'
import { cacheDirectory, prepareOnce } from '../emulated/cache.ts'
import { packagesProblem, unpackPackages } from '../emulated/packages.ts'
import { needsOf } from './elf.ts'

/** As requests name it. */
export const busyboxName = 'busybox'

const program = 'bin/busybox'

/** The number is that of this layout: another one is prepared anew. */
export const busyboxCache = (): string => cacheDirectory('image-busybox', '1')

/** The machine's own, where it needs no library. */
const installed = (): string | undefined => {
  const path = `/${program}`
  if (!existsSync(path)) return undefined
  const needs = needsOf(readFileSync(path))
  return needs && needs.interpreter === undefined && needs.libraries.length === 0 ? path : undefined
}

/** Why this machine cannot make it; false where it is made or may be. */
export const busyboxProblem = (cache = busyboxCache()): string | false =>
  existsSync(join(cache, program)) || installed() !== undefined ? false : packagesProblem()

/** Its directory. Throws not-supported where the package cannot be had. Two processes may make it at once. */
export const busyboxImage = async (cache = busyboxCache()): Promise<string> => {
  await prepareOnce(cache, program, async (work) => {
    const own = installed()
    if (own !== undefined) return arrange(own, join(work, 'ready'))
    const unpacked = join(work, 'unpacked')
    await unpackPackages(work, unpacked, async () => ['busybox-static'])
    const found = [program, `usr/${program}`].map((path) => join(unpacked, path)).find((path) => existsSync(path))
    if (found === undefined) throw new WeftError('not-supported', `the package busybox-static has no ${program}`)
    arrange(found, join(work, 'ready'))
  })
  return cache
}

const arrange = (busybox: string, ready: string): void => {
  for (const name of ['bin', 'etc']) mkdirSync(join(ready, name), { recursive: true, mode: 0o755 })
  copyFileSync(busybox, join(ready, program))
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean)
  for (const name of applets) if (name !== 'busybox') symlinkSync('busybox', join(ready, 'bin', name))
  writeFileSync(join(ready, 'etc/os-release'), 'ID=weft-busybox\nPRETTY_NAME="Weft busybox image"\n')
}

/** Puts the image into a directory of images, in place of what may be there. */
export const placeBusybox = async (images: string): Promise<void> => {
  const cache = await busyboxImage()
  const made = join(images, `.${busyboxName}.new`)
  rmSync(made, { recursive: true, force: true })
  mkdirSync(images, { recursive: true })
  cpSync(cache, made, { recursive: true, verbatimSymlinks: true })
  rmSync(join(images, busyboxName), { recursive: true, force: true })
  renameSync(made, join(images, busyboxName))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [images] = process.argv.slice(2)
  if (images === undefined) process.stdout.write(`${await busyboxImage()}\n`)
  else await placeBusybox(images)
}
