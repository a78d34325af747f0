/** A kernel made up for tests of the plan: links, addresses and disciplines as values. */
import type { Address } from '../../../netlink/address.ts'
import type { Link } from '../../../netlink/link/link.ts'
import type { TrafficClass } from '../../../netlink/traffic/class.ts'
import type { Filter } from '../../../netlink/traffic/filter.ts'
import { formatHandle, handle, parent } from '../../../netlink/traffic/handle.ts'
import type { Qdisc, QdiscOptions } from '../../../netlink/traffic/qdisc.ts'
import { addressesOf } from '../../addresses.ts'
import { blocks } from '../../bridge/isolation.ts'
import type { Operation } from '../../bridge/operation.ts'
import { wireBridge, wirePort } from '../../bridge/ports.ts'
import { type BridgeSnapshot, type Reading, snapshotOf } from '../../bridge/snapshot.ts'
import { vxlanSettings } from '../../bridge/tunnel.ts'
import type { LinkStep } from '../../driver.ts'
import { describeEgress } from '../../egress.ts'
import { interfacesOf } from '../../interfaces.ts'
import { linkMark, nodeMark } from '../../mark.ts'
import { describeFlow, vxlanPort } from '../../underlay/flow.ts'
import { trafficOf } from '../../underlay/reading.ts'

export const iface = (index: number, name: string, more: Partial<Link> = {}): Link => ({
  index,
  name,
  hardware: 1,
  flags: 0,
  up: true,
  lowerUp: true,
  mtu: 1500,
  mac: '02:00:00:00:00:01',
  alias: '',
  master: 0,
  lower: 0,
  lowerNamespace: undefined,
  qdisc: '',
  transmitQueueLength: 1000,
  addressGeneration: 0,
  info: undefined,
  port: undefined,
  counters: undefined,
  unknown: [],
  ...more,
})

const port = { kind: 'bridge', ...wirePort, unknown: [] } as const

/** A vif as the hypervisor leaves it, or as a port. */
export const vif = (index: number, name: string, vnet = 'a.v', master = 0): Link =>
  iface(index, name, {
    alias: nodeMark(vnet, name),
    mtu: 1450,
    addressGeneration: 1,
    info: { kind: 'veth' },
    master,
    port: master === 0 ? undefined : port,
  })

export const bridge = (index: number, name: string, alias = linkMark('a.v', 'l1')): Link =>
  iface(index, name, { alias, mtu: 1450, addressGeneration: 1, info: { kind: 'bridge', ...wireBridge, unknown: [] } })

export const tunnel = (
  index: number,
  name: string,
  identifier: number,
  lower: number,
  master: number,
  alias = linkMark('a.v', 'l1'),
): Link =>
  iface(index, name, {
    alias,
    mtu: 1450,
    addressGeneration: 1,
    master,
    port,
    info: {
      kind: 'vxlan',
      identifier,
      lower,
      local: '192.0.2.1',
      remote: '192.0.2.2',
      port: vxlanPort,
      ...vxlanSettings,
      unknown: [],
    },
  })

export const address = (index: number, prefix: string): Address => ({
  index,
  family: 4,
  address: prefix,
  scope: 0,
  flags: 0,
})

export const guard = (index: number): Qdisc => ({
  index,
  handle: handle(0xffff),
  parent: parent.clsact,
  options: { kind: 'clsact', ingressBlock: blocks.ingress, egressBlock: blocks.egress },
})

export const root = (index: number, options: QdiscOptions, of = handle(0x8001)): Qdisc => ({
  index,
  handle: of,
  parent: parent.root,
  options,
})

/** What all links share, as lists. */
export interface Lists {
  readonly interfaces?: readonly Link[]
  readonly qdiscs?: readonly Qdisc[]
  readonly classes?: readonly TrafficClass[]
  readonly filters?: readonly Filter[]
  readonly addresses?: readonly Address[]
}

export const kernel = ({ interfaces = [], qdiscs = [], classes = [], filters = [], addresses = [] }: Lists) => ({
  interfaces: interfacesOf(interfaces),
  traffic: trafficOf({ qdiscs, classes, filters }),
  addresses: addressesOf(addresses),
})

export const snapshot = (reading: Lists & Partial<Omit<Reading, keyof Lists>>): BridgeSnapshot =>
  snapshotOf({ routed: new Set(), guarded: true, said: new Map(), nicRates: new Map(), ...reading, ...kernel(reading) })

/** Operations as lines that can be read. */
export const lines = (step: LinkStep | undefined): readonly string[] =>
  (step?.operations as readonly Operation[] | undefined)?.map(line) ?? []

const line = (operation: Operation): string => {
  switch (operation.op) {
    case 'add-bridge':
      return `add bridge ${operation.name} mtu ${operation.mtu} alias ${operation.alias}`
    case 'add-tunnel': {
      const { name, mtu, ends, nic, lower } = operation
      const on = lower === nic ? '' : ` on ${lower}`
      const far = ends.remote === '' ? '' : ` ${ends.local} to ${ends.remote}`
      return `add tunnel ${name} mtu ${mtu} ${describeFlow(ends)}${far} by ${nic}${on}`
    }
    case 'set':
    case 'set-port':
      return `${operation.op} ${operation.name} ${JSON.stringify(operation.to)} from ${JSON.stringify(operation.from)}`
    case 'isolate':
      return `isolate ${operation.name}, hooks ${operation.hooks}`
    case 'join':
    case 'leave':
      return `${operation.op} ${operation.name} ${operation.bridge}`
    case 'limit':
      return `limit ${operation.name} to ${describeEgress(operation.to)}`
    case 'underlay':
      return `underlay ${operation.nic} at ${operation.rateBitsPerSecond}: ${operation.missing.join(', ')}`
    case 'reserve':
      return `reserve ${operation.nic} ${describeFlow(operation.flow)} ${operation.to ? operation.to.options.bytesPerSecond * 8 : 'none'}`
    case 'add-service':
      return `add service ${operation.name} VLAN ${operation.service} on ${operation.nic}`
    case 'drop-service':
      return `drop service ${operation.name} of ${operation.nic}`
    case 'add-uplink':
      return `add uplink ${operation.a} ${operation.b} to ${operation.nic}`
    case 'drop-uplink':
      return `drop uplink ${operation.a} of ${operation.nic}`
    case 'say-class':
      return `say-class ${operation.name} ${formatHandle(operation.to)}`
    case 'raise':
    case 'lower':
    case 'delete':
      return `${operation.op} ${operation.name}`
    case 'give-back':
      return `give back ${JSON.stringify(operation.note)}`
    case 'tidy':
      return `tidy ${operation.nic}`
  }
}
