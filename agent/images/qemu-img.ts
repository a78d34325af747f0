/** qemu-img(1), of the package qemu-utils: what a disk's file is, and a layer over one. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { WeftError } from '../../proto/errors.ts'

const run = promisify(execFile)

/** Reading a header takes milliseconds; a machine may be loaded. */
const timeoutMs = 120_000

/** Throws not-supported where it is not installed, and Error with its own words. */
export const qemuImg = async (...argv: readonly string[]): Promise<string> => {
  try {
    const { stdout } = await run('qemu-img', argv, { timeout: timeoutMs, maxBuffer: 1 << 20 })
    return stdout
  } catch (error) {
    const { code, stderr = '', message } = error as Error & { code?: unknown; stderr?: string }
    if (code === 'ENOENT') {
      const hint = 'install qemu-utils'
      throw new WeftError('not-supported', 'this host has no qemu-img, which disks of nodes need', {
        hint,
        cause: error,
      })
    }
    const words = stderr.trim().replace(/^qemu-img: /, '') || message
    const isFull = /No space left on device|Disk quota exceeded/.test(words)
    throw Object.assign(new Error(words, { cause: error }), isFull ? { code: 'ENOSPC' } : {})
  }
}

interface Info {
  readonly format: string
  readonly 'virtual-size': number
  readonly 'backing-filename'?: string
  readonly 'format-specific'?: { readonly data?: { readonly 'data-file'?: string } }
}

/**
 * Size of a disk as its guest sees it. Throws image.invalid where it is no disk of the format, or where it takes its content from another file: it could
 * name any file of the host. `-U` since nodes may have it open.
 */
export const checkDisk = async (name: string, path: string, format: 'raw' | 'qcow2'): Promise<number> => {
  let info: Info
  try {
    info = JSON.parse(await qemuImg('info', '-U', '--output=json', '-f', format, path)) as Info
  } catch (error) {
    if (error instanceof WeftError) throw error
    const message = `image ${name} is no disk of the format ${format}: ${(error as Error).message}`
    throw new WeftError('image.invalid', message, { cause: error })
  }
  const other = info['backing-filename'] ?? info['format-specific']?.data?.['data-file']
  if (other !== undefined) {
    const hint = 'make one whole file of it: qemu-img convert'
    throw new WeftError('image.invalid', `image ${name} takes its content from another file, ${other}`, { hint })
  }
  return info['virtual-size']
}
