/**
 * A request in the making, from a file in another's form: nodes with interfaces and commands, links of two ends or more. It becomes the tree
 * that our own file would have given, with places in theirs, so that all rules and their errors are the same.
 */
import { type Cidr, hostAddressProblem, overlaps, parseCidr, sameSubnet } from '../cidr.ts'
import type { Position } from '../request-errors.ts'
import { type Entry, list, type MapNode, map, scalar, type TreeNode } from '../tree.ts'
import { createNamer, type Namer } from './names.ts'
import type { Notes } from './notes.ts'

/** A text with its place. */
export interface Told {
  readonly text: string
  readonly at: Position
}

export interface DraftInterface {
  readonly at: Position
  /** Each with its prefix length. */
  readonly addresses: Told[]
  /** Properties beside them, as in a file. */
  readonly entries: Entry[]
}

export interface DraftNode {
  readonly name: string
  readonly at: Position
  /** Properties as in a file, but for interfaces and start-up. */
  readonly entries: Entry[]
  readonly interfaces: Map<number, DraftInterface>
  /** Lines of its start-up's command. */
  readonly commands: Told[]
  /** Files of its start-up, by their paths. */
  readonly files: Entry[]
  /** Joins its interfaces into one Ethernet: a switch. */
  isBridge: boolean
}

export interface DraftEnd {
  readonly node: DraftNode
  readonly index: number
  readonly at: Position
  /** Of the link from this end to the bridge, where there are more than two ends: its first end is the node's. */
  readonly entries?: readonly Entry[]
}

export interface DraftLink {
  readonly name: string
  readonly at: Position
  readonly ends: readonly DraftEnd[]
  /** Properties as in a file, but for the ends. */
  readonly entries: readonly Entry[]
}

export interface Draft {
  /** For texts that name a node of the file: what it is called here. */
  readonly nodeNames: Namer
  readonly linkNames: Namer
  addNode(name: string, at: Position): DraftNode
  addLink(link: DraftLink): void
  /** `prefix`: for ends of links without addresses, where that can be: see prefixOf. */
  finish(vnet: Told, top?: readonly Entry[]): MapNode
}

export const text = (key: string, value: string, at: Position): Entry => ({ key, at, value: scalar(at, value) })

export const number = (key: string, value: number, at: Position): Entry => ({
  key,
  at,
  value: scalar(at, String(value), value),
})

export const mapping = (key: string, entries: readonly Entry[], at: Position): Entry => ({
  key,
  at,
  value: map(at, entries),
})

export const interfaceOf = (node: DraftNode, index: number, at: Position): DraftInterface => {
  let found = node.interfaces.get(index)
  if (!found) {
    found = { at, addresses: [], entries: [] }
    node.interfaces.set(index, found)
  }
  return found
}

/** The lowest index from `from` on that the node has no interface of. */
export const freeIndex = ({ interfaces }: DraftNode, from: number): number => {
  let index = from
  while (interfaces.has(index)) index++
  return index
}

/** What makes a container a switch, in words of iproute2. */
const bridgeCommand = `ip link add br0 type bridge
for i in /sys/class/net/eth*; do ip link set "\${i##*/}" master br0 up; done
ip link set br0 up`

export const createDraft = (notes: Notes): Draft => {
  const nodes: DraftNode[] = []
  const links: DraftLink[] = []
  const nodeNames = createNamer('node')
  const linkNames = createNamer('link')

  const addNode = (name: string, at: Position): DraftNode => {
    const node: DraftNode = {
      name: nodeNames.name(name, at),
      at,
      entries: [],
      interfaces: new Map(),
      commands: [],
      files: [],
      isBridge: false,
    }
    nodes.push(node)
    return node
  }

  const addLink = (link: DraftLink): void => {
    const { ends, at, name, entries } = link
    for (const end of ends) interfaceOf(end.node, end.index, end.at)
    if (ends.length < 2) {
      const message = ends.length === 0 ? 'it joins nothing' : 'it has one end'
      notes.add({ message: `the link ${name} is left out: ${message}`, object: `link/${name}`, at })
    } else if (ends.length === 2) links.push({ ...link, name: linkNames.name(name, at) })
    else {
      const bridge = addNode(name, at)
      bridge.isBridge = true
      notes.add({
        message: `${name} joins ${ends.length} interfaces, and a link has two ends: the node ${bridge.name} is its switch`,
        object: `node/${bridge.name}`,
        at,
      })
      for (const [index, end] of ends.entries()) {
        interfaceOf(bridge, index, end.at)
        links.push({
          name: linkNames.name(`${bridge.name}-${end.node.name}`.slice(0, 40), end.at),
          at: end.at,
          ends: [end, { node: bridge, index, at: end.at }],
          entries: [...entries, ...(end.entries ?? [])],
        })
      }
    }
  }

  const finish = (vnet: Told, top: readonly Entry[] = []): MapNode => {
    for (const node of nodes) if (node.isBridge) makeBridge(node)
    const linked = new Set(links.flatMap(({ ends }) => ends.map(({ node, index }) => node.interfaces.get(index))))
    settleAddresses(nodes, links, linked)
    nodeNames.tell(notes)
    const { at } = vnet
    return map(at, [
      text('vnet', vnet.text, at),
      ...top,
      mapping(
        'nodes',
        nodes.map((node) => ({ key: node.name, at: node.at, value: nodeTree(node, linked) })),
        at,
      ),
      mapping(
        'links',
        links.map((link) => ({ key: link.name, at: link.at, value: linkTree(link) })),
        at,
      ),
    ])
  }

  return { nodeNames, linkNames, addNode, addLink, finish }
}

type Interfaces = ReadonlySet<DraftInterface | undefined>

const makeBridge = (node: DraftNode): void => {
  const { at, interfaces } = node
  node.entries.push(text('hypervisor', 'lxc', at))
  // It passes on frames of everybody.
  for (const each of interfaces.values()) each.entries.push(text('anti-spoofing', 'off', each.at))
  node.commands.unshift({ text: bridgeCommand, at })
}

/**
 * A link of ours is a subnet of its own, with an address at both ends or at none. What others wrote otherwise (behind a switch all links
 * are one subnet) is given by the node's own command instead.
 */
const settleAddresses = (nodes: readonly DraftNode[], links: readonly DraftLink[], linked: Interfaces): void => {
  const settled = new Set<DraftInterface>()
  const subnets: { readonly cidr: Cidr; readonly link: DraftLink }[] = []
  for (const link of links) {
    const [a = [], b = []] = link.ends.map(({ node, index }) =>
      (node.interfaces.get(index)?.addresses ?? []).map((address) => parseCidr(address.text)),
    )
    const isSubnet = a.some((x) => x && b.some((y) => y && sameSubnet(x, y)))
    if (isSubnet) for (const cidr of [...a, ...b]) if (cidr) subnets.push({ cidr, link })
  }
  const apart = new Set(subnets.map(({ link }) => link))
  for (const link of overlapping(subnets)) apart.delete(link)
  for (const link of apart) {
    for (const { node, index } of link.ends) {
      const found = node.interfaces.get(index)
      if (found) settled.add(found)
    }
  }
  for (const { interfaces, commands } of nodes) {
    const byHand = [...interfaces].filter(([, each]) => !settled.has(each) && linked.has(each))
    const lines = byHand.flatMap(([index, { addresses }]) =>
      // What is no address is an error of the request, at its place.
      addresses.every((address) => isHostAddress(address.text))
        ? addresses
            .splice(0)
            .map((address) => ({ text: `ip address add ${address.text} dev eth${index}`, at: address.at }))
        : [],
    )
    commands.unshift(...lines)
  }
}

const isHostAddress = (address: string): boolean => {
  const cidr = parseCidr(address)
  return cidr !== undefined && hostAddressProblem(cidr) === undefined
}

/** Links with a subnet that meets another link's. */
const overlapping = (subnets: readonly { readonly cidr: Cidr; readonly link: DraftLink }[]): ReadonlySet<DraftLink> => {
  const found = new Set<DraftLink>()
  const sorted = subnets.toSorted(({ cidr: a }, { cidr: b }) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const widest = new Map<number, (typeof sorted)[number]>()
  for (const each of sorted) {
    const before = widest.get(each.cidr.family)
    if (before && before.link !== each.link && overlaps(before.cidr, each.cidr)) {
      found.add(before.link)
      found.add(each.link)
    }
    if (!before || before.cidr.last < each.cidr.last) widest.set(each.cidr.family, each)
  }
  return found
}

/** Interfaces that links bring need not be named, unless something is said of them. */
const nodeTree = ({ at, entries, interfaces, commands, files }: DraftNode, linked: Interfaces): MapNode => {
  const own = [...entries]
  const named = [...interfaces]
    .filter(([, each]) => !linked.has(each) || each.entries.length > 0 || each.addresses.length > 0)
    .sort(([a], [b]) => a - b)
    .map(([index, each]) => ({ key: String(index), at: each.at, value: interfaceTree(each) }))
  if (named.length > 0) own.push(mapping('interfaces', named, at))
  const startUp: Entry[] = []
  if (files.length > 0) startUp.push(mapping('files', files, files[0]?.at ?? at))
  const [command] = commands
  if (command) startUp.push(text('command', commands.map((line) => line.text).join('\n'), command.at))
  if (startUp.length > 0) own.push(mapping('start-up', startUp, startUp[0]?.at ?? at))
  return map(at, own)
}

const interfaceTree = ({ at, addresses, entries }: DraftInterface): TreeNode => {
  const items = addresses.map((address) => scalar(address.at, address.text))
  return map(at, [...entries, ...(items.length > 0 ? [{ key: 'addresses', at, value: list(at, items) }] : [])])
}

const linkTree = ({ at, ends, entries }: DraftLink): TreeNode => {
  const items = ends.map((end) => scalar(end.at, `${end.node.name}.${end.index}`))
  return map(at, [{ key: 'ends', at, value: list(at, items) }, ...entries])
}
