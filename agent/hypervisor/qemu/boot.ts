/** What a virtual machine starts from, made of its image and of the request. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WeftError } from '../../../proto/errors.ts'
import { prepareDisk } from '../../images/disk.ts'
import type { OpenImage } from '../../images/image.ts'
import type { NodeSpec } from '../driver.ts'
import type { Boot } from './domain-xml.ts'
import { writeSeed } from './seed.ts'

/** Whether a guest agent answers in it; of an image that nobody has described it is tried. */
export const hasGuestAgent = ({ guestAgent, digest }: OpenImage): boolean => guestAgent || digest === ''

/**
 * Words for a kernel whose processor is emulated: it would measure its clock against a timer that a loaded machine delivers late. QEMU's emulation
 * has the time stamp counter of the machine.
 */
const emulationWords = async (): Promise<string> => {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  const megahertz = Number(/^cpu MHz\s*: ([\d.]+)/m.exec(cpuinfo)?.[1] ?? 0)
  return megahertz > 0 ? ` tsc=reliable tsc_early_khz=${Math.round(megahertz * 1000)} no_timer_check` : ''
}

/** Makes what is missing in the node's directory. Throws image.unsuitable, image.no-space, not-supported. */
export const prepareBoot = async (
  image: OpenImage,
  spec: NodeSpec,
  directory: string,
  isAccelerated: boolean,
): Promise<Boot> => {
  switch (image.kind) {
    case 'kernel': {
      const words = isAccelerated ? '' : await emulationWords()
      const { kernel, initrd, commandLine } = image
      return { kind: 'kernel', kernel, initrd, commandLine: `${commandLine.trim()}${words}` }
    }
    case 'disk': {
      const disk = await prepareDisk(image, join(directory, 'disk.qcow2'), spec.node.diskBytes)
      const seed = image.cloudInit
        ? await writeSeed(join(directory, 'seed.iso'), spec, { isConfiguredLater: hasGuestAgent(image) })
        : undefined
      return { kind: 'disk', disk, seed }
    }
    default: {
      const object = `node/${spec.node.id}`
      const hint = 'a disk (raw, qcow2) or a kernel'
      throw new WeftError('image.unsuitable', `a virtual machine cannot start from ${image.name}, a tree of files`, {
        object,
        hint,
      })
    }
  }
}
