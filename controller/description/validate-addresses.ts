/** Rules of addresses: each an interface's, no two the same, the two ends of a link in one subnet, links apart from each other. */
import type { Interface, Link, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { type Cidr, formatSubnet, freeLinkSubnets, hostAddressProblem, parseCidr, sameSubnet } from './cidr.ts'
import { quote } from './request-errors.ts'
import type { Find } from './validate.ts'
import { interfaceOf } from './validate-links.ts'

/** An address with where it stands and what it is attached to: the interfaces of one segment hear each other. */
interface Placed {
  readonly cidr: Cidr
  readonly path: string
  readonly object: string
  /** node.interface. */
  readonly interface: string
  readonly segment: string
}

export const checkAddresses = (request: VNetRequest, find: Find): void => {
  const placed = placeAddresses(request, find)
  checkUnique(placed, find)
  checkSegments(placed, find)
  checkEnds(request, find)
  checkRoom(request, placed, find)
}

const placeAddresses = ({ nodes, links }: VNetRequest, find: Find): readonly Placed[] => {
  const segments = new Map<string, string>()
  for (const { id, a, b } of links)
    for (const end of [a, b]) if (end) segments.set(`${end.node}.${end.interface}`, `link ${id}`)
  const placed: Placed[] = []
  for (const [i, { id, interfaces }] of nodes.entries()) {
    for (const [j, each] of interfaces.entries()) {
      const name = `${id}.${each.index}`
      // Physical interfaces of a VNet may all be on one network outside.
      const segment = segments.get(name) ?? (each.physical === '' ? `interface ${name}` : 'physical interfaces')
      for (const [k, text] of each.addresses.entries()) {
        const path = `nodes[${i}].interfaces[${j}].addresses[${k}]`
        const cidr = checkAddress(text, path, `node/${id}`, find)
        if (cidr) placed.push({ cidr, path, object: `node/${id}`, interface: name, segment })
      }
    }
  }
  return placed
}

const checkAddress = (text: string, path: string, object: string, find: Find): Cidr | undefined => {
  const cidr = parseCidr(text)
  const problem = cidr ? hostAddressProblem(cidr) : 'it is no address/length'
  if (problem)
    find(path, object, `an interface cannot have the address ${quote(text)}: ${problem}`, 'for instance 10.7.0.1/30')
  return problem ? undefined : cidr
}

const checkUnique = (placed: readonly Placed[], find: Find): void => {
  const owners = new Map<string, string>()
  for (const { cidr, path, object, interface: name } of placed) {
    const key = `${cidr.family} ${cidr.address}`
    const owner = owners.get(key)
    if (owner !== undefined) find(path, object, `${owner} has this address too`, 'addresses are unique in a VNet')
    else owners.set(key, name)
  }
}

/** Subnets nest or are apart: sorted by where they begin, the larger first, those around one are on a stack. */
const checkSegments = (placed: readonly Placed[], find: Find): void => {
  const sorted = placed.toSorted(
    (x, y) =>
      x.cidr.family - y.cidr.family ||
      (x.cidr.first < y.cidr.first ? -1 : x.cidr.first > y.cidr.first ? 1 : x.cidr.length - y.cidr.length),
  )
  const around: Placed[] = []
  for (const each of sorted) {
    for (let top = around.at(-1); top && !contains(top.cidr, each.cidr); top = around.at(-1)) around.pop()
    const other = around.at(-1)
    if (other && other.segment !== each.segment) {
      const message = `the subnet ${formatSubnet(each.cidr)} of ${each.segment} overlaps ${formatSubnet(other.cidr)} of ${other.segment}`
      find(each.path, each.object, message, 'a subnet of its own for each link')
    }
    around.push(each)
  }
}

const contains = (outer: Cidr, inner: Cidr): boolean =>
  outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last

const checkEnds = (request: VNetRequest, find: Find): void => {
  const ends = endFinder(request)
  for (const [i, link] of request.links.entries()) {
    const path = `links[${i}]`
    const object = `link/${link.id}`
    const [a, b] = ends(link)
    if (!a || !b) continue
    if ((a.addresses.length === 0) !== (b.addresses.length === 0)) {
      find(path, object, 'only one of the two ends has addresses', 'both, or none: then they get them from the prefix')
      continue
    }
    const [as, bs] = [parseAll(a), parseAll(b)]
    if (as.length > 0 && bs.length > 0 && !as.some((x) => bs.some((y) => sameSubnet(x, y)))) {
      const message = `the addresses of the two ends, ${a.addresses.join(' ')} and ${b.addresses.join(' ')}, share no subnet`
      find(path, object, message, 'two addresses of one subnet, for instance 10.7.0.1/30 and 10.7.0.2/30')
    }
    if (link.technology === 'ipip' && [...as, ...bs].some(({ family }) => family === 6)) {
      find(
        path,
        object,
        'ipip carries IPv4 alone, and an end has an IPv6 address',
        'IPv4 addresses, or another technology',
      )
    }
  }
}

/** Addresses that the ends of a link were given; undefined for an end that is not there. */
const endFinder = ({ nodes }: VNetRequest) => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  return ({ a, b }: Link): readonly (Pick<Interface, 'addresses'> | undefined)[] =>
    [a, b].map((end) => {
      const node = end && byId.get(end.node)
      return node && (interfaceOf(node, end) ?? { addresses: [] })
    })
}

const parseAll = ({ addresses }: Pick<Interface, 'addresses'>): readonly Cidr[] =>
  addresses.flatMap((text) => parseCidr(text) ?? [])

/** Whether the prefix has a subnet for every link without addresses, beside those that were given. */
const checkRoom = (request: VNetRequest, placed: readonly Placed[], find: Find): void => {
  const prefix = parseCidr(request.prefix)
  if (prefix?.family !== 4) return
  const ends = endFinder(request)
  const needed = request.links.filter((link) => ends(link).every((end) => end?.addresses.length === 0)).length
  const taken = placed.map(({ cidr }) => cidr)
  let found = 0
  for (const _ of freeLinkSubnets(prefix, taken)) if (++found >= needed) break
  if (found >= needed) return
  const message = `the prefix ${request.prefix} has room for ${found} of the ${needed} links without addresses`
  find(
    'prefix',
    `vnet/${request.name}`,
    message,
    `four addresses a link: /${30 - Math.ceil(Math.log2(needed))} or shorter`,
  )
}
