/** Substrates and requests in short, for tests. */
import { create, type Init } from '../../../proto/codec.ts'
import type { Link, Node, SubstrateNode, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import type { SubstrateGraph } from '../mapping.ts'

export const gib = 2 ** 30

/** 4 CPUs, 8 GiB of memory, 100 GiB of disk, lxc, vxlan over bridges. */
export const host = (id: string, changes: Init<SubstrateNode> = {}): SubstrateNode =>
  create('SubstrateNode', {
    id,
    kind: 'host',
    cpuMillis: 4000,
    memoryBytes: 8 * gib,
    diskBytes: 100 * gib,
    hypervisors: ['lxc'],
    datapaths: ['bridge/vxlan'],
    ...changes,
  })

export const fabric = (id: string): SubstrateNode => create('SubstrateNode', { id, kind: 'fabric' })

export interface Wire {
  /** Bits per second; 1 Gbit/s if absent. */
  readonly rate?: number
  /** Microseconds. */
  readonly delay?: number
}

/** Links are given as "a-b" and get that id. */
export const substrate = (nodes: readonly SubstrateNode[], links: Readonly<Record<string, Wire>>): SubstrateGraph => ({
  nodes,
  links: Object.entries(links).map(([id, { rate = 1e9, delay = 0 }]) => {
    const [a = '', b = ''] = id.split('-')
    const end = (node: string) => ({
      node,
      nic: nodes.find((one) => one.id === node)?.kind === 'host' ? `to-${id}` : '',
    })
    return create('SubstrateLink', {
      id,
      a: end(a),
      b: end(b),
      capacityBitsPerSecond: rate,
      delayMicroseconds: delay,
    })
  }),
})

/** Three equal hosts on a fabric. */
export const threeHosts = (changes: Init<SubstrateNode> = {}): SubstrateGraph =>
  substrate([host('h1', changes), host('h2', changes), host('h3', changes), fabric('f')], {
    'h1-f': {},
    'h2-f': {},
    'h3-f': {},
  })

/** Nodes by id; links are given as "a-b" and get that id; interfaces are made as links need them, after those given. */
export const request = (
  nodes: Readonly<Record<string, Init<Node>>>,
  links: Readonly<Record<string, Init<Link>>> = {},
  changes: Init<VNetRequest> = {},
): VNetRequest => {
  const interfaces = new Map(Object.entries(nodes).map(([id, node]) => [id, [...(node.interfaces ?? [])]]))
  const attach = (node: string) => {
    const list = interfaces.get(node) ?? []
    list.push({ index: list.length })
    return { node, interface: list.length - 1 }
  }
  const made = Object.entries(links).map(([id, link]) => {
    const [a = '', b = ''] = id.split('-')
    return { id, a: attach(a), b: attach(b), ...link }
  })
  return create('VNetRequest', {
    name: 'net',
    nodes: Object.entries(nodes).map(([id, node]) => ({ id, ...node, interfaces: interfaces.get(id) ?? [] })),
    links: made,
    ...changes,
  })
}
