/**
 * Which devices' packets are taken in XDP without being asked to: those of hardware, in a router whose packets go to such devices alone. What XDP
 * sends to a guest's interface is lost, or is slow without offloads; what it sends to hardware without XDP is lost (Linux's
 * Documentation/networking/af_xdp.rst and drivers: ndo_xdp_xmit needs its rings).
 */
import { WeftError } from '../../../proto/errors.ts'
import { hardware, type Link } from '../../netlink/link/link.ts'
import type { Attach, Compiled } from '../compile/compile.ts'
import type { Interfaces } from './configuration.ts'

/** Interfaces that are made by software have a kind. */
const isHardware = (link: Link | undefined): boolean => link?.hardware === hardware.ether && link.info === undefined

/** Names of devices. `refused` are those that have said no to XDP. */
export const xdpDevices = (
  { elements }: Pick<Compiled, 'elements'>,
  interfaces: Interfaces,
  refused: ReadonlySet<string>,
): readonly string[] => {
  const valuesOf = (wanted: string) =>
    elements.filter(({ element }) => element.class === wanted).map(({ configured }) => configured.values)
  const takes = (device: string, attach: Attach): boolean =>
    attach === 'xdp' || (attach === 'auto' && !refused.has(device) && isHardware(interfaces.get(device)))
  const sources = valuesOf('FromDevice').map((values) => {
    const device = String(values['DEVNAME'])
    const attach = values['ATTACH'] as Attach
    return { device, attach, xdp: takes(device, attach) }
  })
  const able = new Set(sources.filter(({ xdp }) => xdp).map(({ device }) => device))
  if (!valuesOf('ToDevice').every((values) => able.has(String(values['DEVNAME'])))) return []
  return sources.filter(({ attach, xdp }) => xdp && attach === 'auto').map(({ device }) => device)
}

/** Compiles for XDP what can be; where an element cannot, all of it is compiled as if nobody had tried. */
export const preferXdp = <T>(devices: readonly string[], compile: (xdp: readonly string[]) => T): T | undefined => {
  if (devices.length === 0) return undefined
  try {
    return compile(devices)
  } catch (error) {
    if (error instanceof WeftError && error.code === 'not-supported') return undefined
    throw error
  }
}
