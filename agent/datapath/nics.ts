/** The host's own network interfaces, for the inventory and the substrate monitor: those that are not part of a VNet. */
import { type EthtoolSocket, openEthtool } from '../netlink/ethtool.ts'
import { hardware, type Link } from '../netlink/link/link.ts'
import { openRoute, type RouteSocket } from '../netlink/route.ts'
import { isAddressed } from './addresses.ts'
import { isServiceMark, markOf } from './mark.ts'

export interface HostNic {
  readonly name: string
  readonly mac: string
  /** `192.0.2.1/24`; those that IPv6 gives itself are left out. */
  readonly addresses: readonly string[]
  readonly mtu: number
  /** As the driver says it, bits per second; 0 where it does not. */
  readonly rateBitsPerSecond: number
  /** Administratively up and with a carrier. */
  readonly up: boolean
  readonly receiveBytes: number
  readonly transmitBytes: number
}

/**
 * Kinds that are made of other interfaces or of nothing, and so are no way out of the host. Linux puts some of the tunnels into every namespace, once
 * their module is there.
 */
const madeKinds: ReadonlySet<string> = new Set([
  ...['bridge', 'vrf', 'openvswitch', 'tun', 'ifb'],
  ...['vxlan', 'geneve', 'gretap', 'ip6gretap', 'erspan', 'ip6erspan'],
])

const kindOf = ({ info }: Link): string => (info?.kind === 'other' ? info.name : (info?.kind ?? ''))

/** Whether a link may be one of the host's NICs: physical, or standing for one (a veth of a virtual host, a macvlan, a VLAN, a bond). */
export const isNic = (link: Link): boolean =>
  link.hardware === hardware.ether &&
  !madeKinds.has(kindOf(link)) &&
  // Most of all that there are.
  !/^vif\d+\.\d+$/.test(link.name) &&
  markOf(link) === undefined &&
  !isServiceMark(link.alias)

/** Whether the kernel has packets wait at an interface when it cannot send: what is made of others leaves that to them. */
export const hasQueue = ({ qdisc }: Link): boolean => qdisc !== 'noqueue'

export interface NicReader {
  /** Reads them now. Rejects with NetlinkError. */
  read(): Promise<readonly HostNic[]>
  close(): void
}

/** `ip -statistics address show` and `ethtool`, of the namespace given or of the process's own. */
export const openNicReader = (options: { readonly namespace?: string } = {}): NicReader => {
  const route = openRoute(options)
  const speeds = speedReader(options)
  return {
    read: () => readNics(route, speeds.speed),
    close: () => {
      route.close()
      speeds.close()
    },
  }
}

const readNics = async (route: RouteSocket, speed: (link: Link) => Promise<number>): Promise<readonly HostNic[]> => {
  const [links, addresses] = await Promise.all([route.links({ counters: true }), route.addresses()])
  return Promise.all(
    links.filter(isNic).map(async (link) => ({
      name: link.name,
      mac: link.mac,
      addresses: addresses
        .filter((address) => address.index === link.index && isAddressed([address]))
        .map(({ address }) => address),
      mtu: link.mtu,
      rateBitsPerSecond: await speed(link),
      up: link.up && link.lowerUp,
      receiveBytes: link.counters?.receiveBytes ?? 0,
      transmitBytes: link.counters?.transmitBytes ?? 0,
    })),
  )
}

export interface SpeedReader {
  /** Bits per second; 0 where nobody knows. Never rejects. */
  speed(link: Link): Promise<number>
  close(): void
}

/** A driver may take milliseconds to tell a speed, which changes with a cable: it is remembered for a while. */
const rememberedMs = 30_000

export const speedReader = (options: { readonly namespace?: string | undefined }): SpeedReader => {
  let socket: Promise<EthtoolSocket> | undefined
  const remembered = new Map<string, { readonly until: number; readonly speed: number }>()

  const ask = async (name: string): Promise<number> => {
    socket ??= openEthtool(options)
    return (await socket).speed(name)
  }

  return {
    speed: async ({ index, name, lowerUp }) => {
      const key = `${index} ${name} ${lowerUp}`
      const known = remembered.get(key)
      if (known !== undefined && known.until > performance.now()) return known.speed
      // A kernel without ethtool over netlink tells no speed; the agent's configuration may.
      const speed = await ask(name).catch(() => 0)
      remembered.set(key, { until: performance.now() + rememberedMs, speed })
      return speed
    },
    close: () => {
      void socket?.then((open) => open.close()).catch(() => undefined)
    },
  }
}
