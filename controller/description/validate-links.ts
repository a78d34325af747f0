/** Rules of links: names, ends that are there and free, technologies that fit the data path. */
import type { Endpoint, Interface, Link, Node, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { technologyNamed } from '../../proto/technologies.ts'
import { maxInterfaceIndex, namePattern, nameRule, technologies } from './limits.ts'
import { suggest } from './nearest.ts'
import { quote } from './request-errors.ts'
import type { Find } from './validate.ts'
import { oneOf } from './validate-nodes.ts'

/** Why a Linux bridge cannot carry the technology; undefined where it can. */
export const bridgeProblem = (name: string): string | undefined => {
  const technology = technologyNamed(name)
  if (!technology || technology.datapaths.includes('bridge')) return undefined
  return technology.carries === 'ethernet'
    ? 'the kernel has no device for it'
    : 'it carries IPv4 packets, not Ethernet frames'
}

export const checkLinks = ({ nodes, links }: VNetRequest, find: Find): void => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const ids = new Set<string>()
  const users = new Map<string, string>()
  for (const [i, link] of links.entries()) {
    const path = `links[${i}]`
    const object = `link/${link.id}`
    if (!namePattern.test(link.id)) find(path, object, `${quote(link.id)} is not a name for a link`, nameRule)
    else if (ids.has(link.id)) find(path, object, `two links are called "${link.id}"`, 'names of links are unique')
    ids.add(link.id)
    oneOf(link.technology, technologies, 'technology', `${path}.technology`, object, find)
    checkNumbers(link, path, object, find)
    for (const side of ['a', 'b'] as const) checkEnd(link, side, path, byId, users, find)
  }
}

const checkNumbers = (link: Link, path: string, object: string, find: Find): void => {
  for (const field of ['rateAToBBitsPerSecond', 'rateBToABitsPerSecond', 'delayMicroseconds'] as const) {
    const value = link[field]
    if (!Number.isSafeInteger(value) || value < 0) {
      find(`${path}.${field}`, object, `${field} cannot be ${value}`, 'a whole number, less than 2^53')
    }
  }
}

const checkEnd = (
  link: Link,
  side: 'a' | 'b',
  linkPath: string,
  nodes: ReadonlyMap<string, Node>,
  users: Map<string, string>,
  find: Find,
): void => {
  const object = `link/${link.id}`
  const path = `${linkPath}.${side}`
  const end = link[side]
  if (!end) {
    find(path, object, `the link has no end ${side}`, 'two ends, each a node and an interface')
    return
  }
  const node = nodes.get(end.node)
  if (!node) {
    find(path, object, `there is no node ${quote(end.node)}`, suggest(end.node, [...nodes.keys()]))
    return
  }
  const name = `${end.node}.${end.interface}`
  if (end.interface > maxInterfaceIndex) {
    find(path, object, `interface ${name} is out of range`, `0 to ${maxInterfaceIndex}`)
  }
  const user = users.get(name)
  if (user === link.id) find(path, object, `both ends are ${name}`, 'a link joins two interfaces')
  else if (user !== undefined)
    find(path, object, `interface ${name} is an end of link ${user} too`, 'one link an interface')
  users.set(name, link.id)
  checkInterface(link, end, interfaceOf(node, end), path, find)
}

const checkInterface = (link: Link, end: Endpoint, each: Interface | undefined, path: string, find: Find): void => {
  const object = `link/${link.id}`
  const name = `${end.node}.${end.interface}`
  if (each && each.physical !== '') {
    const message = `interface ${name} is a ${each.physical} physical interface and cannot be an end of a link`
    find(path, object, message, 'another interface of the node')
  }
  const reason = bridgeProblem(link.technology)
  if (reason !== undefined && each?.forwarding !== 'click') {
    const message = `${link.technology} cannot be bridged at ${name}: ${reason}`
    find(path, object, message, `forwarding click for ${name}, or another technology`)
  }
}

export const interfaceOf = (node: Node, { interface: index }: Endpoint): Interface | undefined =>
  node.interfaces.find((each) => each.index === index)
