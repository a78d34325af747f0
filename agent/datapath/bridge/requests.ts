/** Pure: the requests of an operation on interfaces. What concerns a NIC's queueing is done by underlay/. */
import type { Link } from '../../netlink/link/link.ts'
import { addLink, getLink, setLink } from '../../netlink/link/requests.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { deleteQdisc, replaceQdisc } from '../../netlink/traffic/qdisc.ts'
import { vxlanPort } from '../underlay/flow.ts'
import type { UnderlayOperation } from '../underlay/operation.ts'
import { isolateRequests } from './isolation.ts'
import type { InterfaceSettings, Operation, TunnelSettings } from './operation.ts'
import { newBridge, tunnelSettings } from './ports.ts'

/** A request, and the errors that mean that it is done already. */
export interface Wish {
  readonly request: Request
  readonly unless: readonly string[]
}

/** All that is done by requests about the interfaces that it names. */
export type InterfaceOperation = Exclude<Operation, UnderlayOperation | { op: 'delete' }>

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
      const { name, alias, mtu, identifier, local, remote, nic } = operation
      const info = {
        kind: 'vxlan',
        identifier,
        local,
        remote,
        lower: indexIn(links, nic),
        port: vxlanPort,
        ...tunnelSettings,
      } as const
      return newInterface(addLink({ name, mtu, info }), name, { alias })
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
      const index = indexIn(links, operation.name)
      if (operation.to === undefined) return [wish(deleteQdisc(index, parent.root), ...noQdisc)]
      return [wish(replaceQdisc({ index, parent: parent.root, options: operation.to }))]
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
      const { nic, up, mtu, addressGeneration } = operation.note
      return [
        wish(setLink(nic, { master: 0 }), ...gone),
        wish(setLink(nic, { up, mtu }), ...gone),
        ...(addressGeneration === undefined
          ? []
          : [wish(setLink(nic, { addressGeneration }), ...gone, ...withoutIpv6)]),
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

const linkSettings = ({ bridge, tunnel, ...plain }: InterfaceSettings, links: Links) => ({
  ...plain,
  ...(bridge === undefined ? {} : { info: { kind: 'bridge', ...bridge } as const }),
  ...(tunnel === undefined ? {} : { info: { kind: 'vxlan', ...vxlanSettings(tunnel, links) } as const }),
})

const vxlanSettings = ({ nic, ...settings }: TunnelSettings, links: Links) => ({
  ...settings,
  ...(nic === undefined ? {} : { lower: indexIn(links, nic) }),
})

const isIn = (links: Links, name: string, bridge: string): boolean => {
  const master = links.get(name)?.master ?? 0
  return master !== 0 && master === indexIn(links, bridge)
}

/** Interfaces of which an operation needs to know more than the name. */
export const needsLink = (operation: Operation): readonly string[] => {
  switch (operation.op) {
    case 'add-tunnel':
    case 'underlay':
    case 'reserve':
    case 'tidy':
      return [operation.nic]
    case 'set':
      return operation.to.tunnel?.nic === undefined ? [] : [operation.to.tunnel.nic]
    case 'isolate':
    case 'limit':
      return [operation.name]
    case 'join':
    case 'leave':
      return [operation.name, operation.bridge]
    default:
      return []
  }
}
