/** The addon, or why this machine lacks it, and what tests need to know of libvirt. */
import { type LibvirtAddon, loadLibvirt } from '../../libvirt.ts'

/** A reason to skip; false where the addon is there. */
export const libvirtProblem = (): string | false => {
  try {
    loadLibvirt()
    return false
  } catch (error) {
    return (error as Error).message
  }
}

/** Loads late, so that a file whose tests are skipped can be read. */
export const libvirt = (): LibvirtAddon => loadLibvirt()

export const testDomain = (name: string, extra = ''): string =>
  `<domain type='test'><name>${name}</name><memory unit='MiB'>8</memory><os><type>hvm</type></os>${extra}</domain>`

/** virDomainState */
export const state = { running: 1, paused: 3, shutOff: 5 } as const
/** virDomainEventType */
export const lifecycle = { defined: 0, undefined: 1, started: 2, suspended: 3, resumed: 4, stopped: 5 } as const
