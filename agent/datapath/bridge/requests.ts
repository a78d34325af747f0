/** Pure: the requests of an operation on interfaces. What concerns a NIC's queueing is done by underlay/. */
import type { Link } from '../../netlink/link/link.ts'
import { addLink, getLink, type LinkSettings, setLink } from '../../netlink/link/requests.ts'
import { vlanProtocol } from '../../netlink/link/vlan.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { egressRequests } from '../egress.ts'
import { serviceMark } from '../mark.ts'
import type { UnderlayOperation } from '../underlay/operation.ts'
import { isolateRequests } from './isolation.ts'
import { giveBackRequests } from './note.ts'
import type { InterfaceSettings, Operation } from './operation.ts'
import { newBridge } from './ports.ts'
import { gretapOf, tunnelKind } from './tunnel.ts'

/** A request, and the errors that mean that it is done already. */
export interface Wish {
  readonly request: Request
  readonly unless: readonly string[]
}

/** All that is done by requests about the interfaces that it names. */
export type InterfaceOperation = Exclude<
  Operation,
  UnderlayOperation | { op: 'delete' | 'drop-service' | 'say-class' | 'add-uplink' | 'drop-uplink' }
>

/** Interfaces that are known, by name. */
export type Links = ReadonlyMap<string, Pick<Link, 'index' | 'master'>>

/** Index of an interface; 0 where it is not there, of which the kernel says ENODEV. */
const indexIn = (links: Links, name: string): number => links.get(name)?.index ?? 0

const wish = (request: Request, ...unless: readonly string[]): Wish => ({ request, unless })
/** A kernel without IPv6 knows no way to generate its addresses. */
const withoutIpv6 = ['EAFNOSUPPORT', 'EOPNOTSUPP']
const gone = ['ENODEV']
const noQdisc = ['ENOENT', 'EINVAL', 'ENODEV']

export const wishesOf = (operation: InterfaceOperation, links: Links): readonly Wish[] => {
  switch (operation.op) {
    case 'add-bridge': {
      const { name, alias, mtu } = operation
      return newInterface(addLink({ name, info: { kind: 'bridge', ...newBridge } }), name, { alias, mtu })
    }
    case 'add-tunnel': {
      const { name, alias, mtu, ends, lower } = operation
      return newInterface(addLink({ name, mtu, ...tunnelKind(ends, indexIn(links, lower)) }), name, { alias })
    }
    case 'add-service': {
      const { name, service, nic, mtu } = operation
      const info = { kind: 'vlan', identifier: service, protocol: vlanProtocol.service } as const
      const [add, ...rest] = newInterface(addLink({ name, lower: indexIn(links, nic), info }), name, {
        alias: serviceMark(service, nic),
        mtu,
      })
      // It takes no address, and answers for none of the host's.
      const raise = wish(setLink(name, { up: true, arp: false }))
      return [
        ...(add === undefined ? [] : [{ ...add, unless: ['EEXIST'] }]),
        ...rest.slice(0, -1),
        raise,
        wish(getLink(name)),
      ]
    }
    case 'set':
      return [wish(setLink(operation.name, linkSettings(operation.to, links)))]
    case 'isolate': {
      const requests = isolateRequests(indexIn(links, operation.name), operation.hooks)
      return requests.map((request) => wish(request, ...(request.operation === 'qdisc add' ? ['EEXIST'] : [])))
    }
    case 'join':
      return [wish(setLink(operation.name, { master: indexIn(links, operation.bridge) }))]
    case 'set-port':
      return [wish(setLink(operation.name, { port: operation.to }))]
    case 'limit': {
      const { name, from, to } = operation
      const isPlain = to.bucket === undefined && to.netem === undefined
      const requests = egressRequests(indexIn(links, name), from, to)
      return requests.map((request) => wish(request, ...(isPlain ? noQdisc : [])))
    }
    case 'raise':
      return [wish(setLink(operation.name, { up: true }))]
    case 'lower':
      return [wish(setLink(operation.name, { up: false }), ...gone)]
    case 'leave':
      // Another step may have put it into its own bridge meanwhile.
      if (!isIn(links, operation.name, operation.bridge)) return []
      return [
        wish(setLink(operation.name, { up: false }), ...gone),
        wish(setLink(operation.name, { master: 0 }), ...gone),
      ]
    case 'give-back': {
      const { note } = operation
      return [
        wish(setLink(note.nic, { master: 0 }), ...gone),
        ...giveBackRequests(note).map((request) => wish(request, ...gone, ...withoutIpv6)),
      ]
    }
  }
}

/**
 * In one datagram, so that a process that is killed leaves no interface without its mark; the last request tells its index. A bridge is
 * given its MTU after it was made: the kernel lets a bridge's MTU follow its ports' until somebody sets it.
 */
const newInterface = (add: Request, name: string, settings: { alias: string; mtu?: number }): readonly Wish[] => [
  wish(add),
  wish(setLink(name, settings)),
  wish(setLink(name, { addressGeneration: 1 }), ...withoutIpv6),
  wish(getLink(name)),
]

const linkSettings = ({ bridge, vxlan, gretap, ...plain }: InterfaceSettings, links: Links): LinkSettings => {
  if (bridge !== undefined) return { ...plain, info: { kind: 'bridge', ...bridge } }
  if (vxlan !== undefined) {
    const { nic, ...settings } = vxlan
    const lower = nic === undefined ? {} : { lower: indexIn(links, nic) }
    return { ...plain, info: { kind: 'vxlan', ...settings, ...lower } }
  }
  if (gretap === undefined) return plain
  return { ...plain, info: { kind: 'gretap', ...gretapOf(gretap), lower: indexIn(links, gretap.nic) } }
}

const isIn = (links: Links, name: string, bridge: string): boolean => {
  const master = links.get(name)?.master ?? 0
  return master !== 0 && master === indexIn(links, bridge)
}

/** Interfaces of which an operation needs to know more than the name. */
export const needsLink = (operation: Operation): readonly string[] => {
  switch (operation.op) {
    case 'add-tunnel':
      return [operation.nic, operation.lower]
    case 'add-service':
    case 'drop-service':
      return [operation.nic, operation.name]
    case 'underlay':
    case 'reserve':
    case 'tidy':
      return [operation.nic]
    case 'set':
      return [operation.to.vxlan?.nic ?? operation.to.gretap?.nic ?? []].flat()
    case 'isolate':
    case 'limit':
    case 'say-class':
      return [operation.name]
    case 'join':
    case 'leave':
      return [operation.name, operation.bridge]
    default:
      return []
  }
}
