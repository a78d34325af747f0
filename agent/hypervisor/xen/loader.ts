/**
 * The boot loader of Xen guests that start from a disk: GRUB, built as a kernel of a PVH or PV guest, reads /boot/grub/grub.cfg on that disk and
 * starts what it names, so that nothing of the guest's is read in Dom0. Debian: grub-xen-host.
 */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { WeftError } from '../../../proto/errors.ts'
import { type GuestType, guestTypes } from './guest-type.ts'

const names: Readonly<Record<GuestType, string>> = { pvh: 'grub-i386-xen_pvh.bin', pv: 'grub-x86_64-xen.bin' }

export const loaderDirectory = '/usr/lib/grub-xen'

export const loaderOf = (type: GuestType, directory = loaderDirectory): string => join(directory, names[type])

/** Kinds of guests that this host has a loader for. Throws not-supported where there is none. */
export const loaderTypes = async (node: string, directory = loaderDirectory): Promise<readonly GuestType[]> => {
  const there = await Promise.all(
    guestTypes.map((type) =>
      access(loaderOf(type, directory)).then(
        () => true,
        () => false,
      ),
    ),
  )
  const types = guestTypes.filter((_, i) => there[i])
  if (types.length > 0) return types
  throw new WeftError(
    'not-supported',
    `node ${node} starts from a disk, and there is no GRUB for Xen guests in ${directory}`,
    {
      object: `node/${node}`,
      hint: 'install grub-xen-host',
    },
  )
}
