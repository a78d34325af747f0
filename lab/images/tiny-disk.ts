/**
 * The tiny image as a disk of one ext4 file system, with a grub.cfg that starts it: for hypervisors whose guests have a boot loader of the host's,
 * as Xen's have. Made once of the tiny image in the user's cache.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { WeftError } from '../../proto/errors.ts'
import { cacheDirectory, prepareOnce } from '../emulated/cache.ts'
import { packedKernel, tinyImage } from './tiny.ts'

const run = promisify(execFile)

/** The number is that of this layout: another one is prepared anew. */
const diskCache = (): string => cacheDirectory('image-tiny-disk', '1')

/** What is in it and some room to write. */
const megabytes = 64

/** Commands of e2fsprogs. */
const maker = '/usr/sbin/mke2fs'

const menu = (commandLine: string): string =>
  [
    'set timeout=0',
    'menuentry tiny {',
    `  linux /boot/vmlinuz ${commandLine} console=hvc0`,
    '  initrd /boot/initrd',
    '}',
    '',
  ].join('\n')

/** Path of the disk, raw. Throws not-supported where its parts cannot be had. Two processes may make it at once. */
export const tinyDisk = async (cache = diskCache()): Promise<string> => {
  const disk = join(cache, 'disk.raw')
  if (!existsSync(disk) && !existsSync(maker)) {
    throw new WeftError('not-supported', `a disk cannot be made without ${maker}`, { hint: 'install e2fsprogs' })
  }
  await prepareOnce(cache, 'disk.raw', async (work) => {
    const tiny = await tinyImage()
    const [boot, ready] = [join(work, 'tree/boot'), join(work, 'ready')]
    await mkdir(join(boot, 'grub'), { recursive: true })
    await mkdir(ready)
    const commandLine = (await readFile(join(tiny, 'cmdline'), 'utf8')).trim()
    await copyFile(join(tiny, packedKernel), join(boot, 'vmlinuz'))
    // The loader reads slowly.
    await writeFile(join(boot, 'initrd'), gzipSync(await readFile(join(tiny, 'initrd'))))
    await writeFile(join(boot, 'grub/grub.cfg'), menu(commandLine))
    await run(maker, ['-q', '-t', 'ext4', '-d', join(work, 'tree'), join(ready, 'disk.raw'), `${megabytes}M`])
  })
  return disk
}
