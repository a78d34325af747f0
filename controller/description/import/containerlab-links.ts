/** Links of a lab, in the brief form (`endpoints: [a:eth1, b:eth1]`) and in the extended one (`type: veth`). */
import { quote } from '../request-errors.ts'
import { get, scalar, type TreeNode, textOf } from '../tree.ts'
import { type LabContext, type LabNode, labNode, leaveOutOthers } from './containerlab.ts'
import { type DraftEnd, freeIndex, interfaceOf, text } from './draft.ts'

const linkKeys: readonly string[] = ['type', 'endpoints', 'ipv4', 'ipv6']
const endKeys: readonly string[] = ['node', 'interface', 'mac']
/** The second is the first, but for what the machine sees of it. */
const pairTypes: readonly string[] = ['veth', 'veth-stitch']
/** In place of a node's name: the machine that the lab runs on, and its networks. */
const outside: readonly string[] = ['host', 'mgmt-net', 'macvlan']

export const readLabLink = (link: TreeNode, all: readonly TreeNode[], context: LabContext): void => {
  const { draft, notes, report } = context
  const endpoints = get(link, 'endpoints')
  const type = textOf(get(link, 'type')) ?? 'veth'
  const ends = endpoints?.kind === 'list' ? endpoints.items : []
  if (!pairTypes.includes(type)) {
    notes.add({ message: `a link of type ${quote(type)} is left out: it leads out of the lab`, at: link.at })
    return
  }
  if (ends.length !== 2) {
    report.add({ message: 'a link without two endpoints', hint: 'endpoints: [a:eth1, b:eth1]', at: link.at })
    return
  }
  leaveOutOthers(link, linkKeys, context)
  const names = ends.map(splitEnd)
  const foreign = names.find((name) => name && isOutside(name.node, context))
  if (foreign) {
    notes.add({
      message: `a link to ${quote(textOf(foreign.node) ?? '')} is left out: it leads out of the lab`,
      at: link.at,
    })
    return
  }
  const found = ends.map((end, i) => readEnd(end, names[i], all, context))
  readAddresses(link, found)
  const [a, b] = found
  if (a && b)
    draft.addLink({ name: `${a.node.name}-${b.node.name}`.slice(0, 40), at: link.at, ends: [a, b], entries: [] })
}

/** One for each end, in their order; an empty text for none. */
const readAddresses = (link: TreeNode, ends: readonly (DraftEnd | undefined)[]): void => {
  for (const key of ['ipv4', 'ipv6']) {
    const addresses = get(link, key)
    for (const [i, address] of (addresses?.kind === 'list' ? addresses.items : []).entries()) {
      const [end, written] = [ends[i], textOf(address) ?? '']
      if (end && written !== '')
        interfaceOf(end.node, end.index, end.at).addresses.push({ text: written, at: address.at })
    }
  }
}

interface EndNames {
  readonly node: TreeNode
  readonly interface: TreeNode
}

const splitEnd = (end: TreeNode): EndNames | undefined => {
  if (end.kind === 'map') {
    const [node, name] = [get(end, 'node'), get(end, 'interface')]
    return node && name ? { node, interface: name } : undefined
  }
  const written = textOf(end) ?? ''
  const colon = written.indexOf(':')
  if (colon < 0) return undefined
  return { node: scalar(end.at, written.slice(0, colon)), interface: scalar(end.at, written.slice(colon + 1)) }
}

const isOutside = (node: TreeNode, { nodes }: LabContext): boolean => {
  const name = textOf(node) ?? ''
  const known = nodes.get(name)
  return known ? ['host', 'ext-container'].includes(known.kind) : outside.includes(name)
}

const readEnd = (
  end: TreeNode,
  names: EndNames | undefined,
  all: readonly TreeNode[],
  context: LabContext,
): DraftEnd | undefined => {
  if (!names) {
    context.report.add({ message: 'an end point names no node and interface', hint: 'node:eth1', at: end.at })
    return undefined
  }
  const lab = labNode(names.node, context)
  if (!lab) return undefined
  const name = textOf(names.interface) ?? ''
  if (lab.interfaces.has(name)) {
    const message = `interface ${quote(name)} of ${lab.draft.name} is an end of two links`
    context.report.add({ message, hint: 'another interface', at: names.interface.at })
    return undefined
  }
  reserve(lab, textOf(names.node) ?? '', all)
  const index = numberOf(name) ?? freeIndex(lab.draft, lab.kind.endsWith('bridge') ? 0 : 1)
  lab.interfaces.set(name, index)
  const own = interfaceOf(lab.draft, index, end.at)
  leaveOutOthers(end, endKeys, context)
  const mac = get(end, 'mac')
  if (mac) own.entries.push(text('mac', (textOf(mac) ?? '').toLowerCase(), mac.at))
  return { node: lab.draft, index, at: end.at }
}

const numberOf = (name: string): number | undefined => {
  const digits = /^eth(0|[1-9][0-9]{0,2})$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The node's interfaces that keep their numbers are taken before any gets one. */
const reserve = ({ draft, interfaces }: LabNode, node: string, all: readonly TreeNode[]): void => {
  if (interfaces.size > 0) return
  for (const link of all) {
    const endpoints = get(link, 'endpoints')
    for (const end of endpoints?.kind === 'list' ? endpoints.items : []) {
      const names = splitEnd(end)
      const index = names && textOf(names.node) === node ? numberOf(textOf(names.interface) ?? '') : undefined
      if (index !== undefined) interfaceOf(draft, index, end.at)
    }
  }
}
