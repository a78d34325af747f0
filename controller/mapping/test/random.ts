/** Random substrates, usages and requests from a seed, for property tests. */
import { create } from '../../../proto/codec.ts'
import type { VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { randomFrom as numbersFrom } from '../../simulation/random.ts'
import type { SubstrateGraph, Usage } from '../mapping.ts'

/** What chooses, beside numbers. */
export const randomFrom = (seed: number) => {
  const { next, integer } = numbersFrom(seed)
  const chance = (probability: number): boolean => next() < probability
  const pick = <T>(items: readonly T[]): T => items[integer(0, items.length - 1)] as T
  const some = <T>(items: readonly T[], probability: number): T[] => items.filter(() => chance(probability))
  return { integer, chance, pick, some }
}
export type Random = ReturnType<typeof randomFrom>

const gib = 2 ** 30
const clickAlone = ['etherip', 'ipip', 'mpls']
const withBridge = ['vxlan', 'gre', 'vlan', 'qinq']
const everyTechnology = [...withBridge, ...clickAlone]
const everyDatapath = [
  ...withBridge.map((technology) => `bridge/${technology}`),
  ...everyTechnology.map((technology) => `click/${technology}`),
  'click',
]
const places = ['eu', 'eu/london', 'eu/paris', 'us/denver']

export const randomSubstrate = (random: Random, sizes: { hosts: number; others: number }): SubstrateGraph => {
  const hostCount = random.integer(1, sizes.hosts)
  const others = random.integer(0, sizes.others)
  const nodes = Array.from({ length: hostCount + others }, (_, index) =>
    index < hostCount
      ? create('SubstrateNode', {
          id: `h${index}`,
          kind: 'host',
          cpuMillis: random.integer(1, 8) * 500,
          memoryBytes: random.integer(1, 8) * gib,
          diskBytes: random.integer(1, 8) * gib,
          hypervisors: random.some(['lxc', 'qemu'], 0.8),
          nics: random.some(['eth8', 'eth9'], 0.3),
          sharedNics: random.some(['eth7'], 0.5),
          datapaths: random.some(everyDatapath, 0.9),
          tunnelPrefix: random.chance(0.8) ? `198.18.${index}.0/24` : '',
          images: random.some(['debian'], 0.8),
          ...(random.chance(0.7) && {
            location: {
              name: random.pick(places),
              ...(random.chance(0.5) && { latitude: random.integer(-60, 60), longitude: random.integer(-90, 90) }),
            },
          }),
        })
      : create('SubstrateNode', { id: `s${index}`, kind: random.pick(['switch', 'fabric']) }),
  )
  const links = []
  // A tree, now and then broken, and some more links, parallel ones too.
  for (let index = 1; index < nodes.length; index++)
    if (random.chance(0.95)) links.push([random.integer(0, index - 1), index])
  for (let extra = random.integer(0, nodes.length); extra > 0 && nodes.length > 1; extra--) {
    const a = random.integer(0, nodes.length - 1)
    const b = random.integer(0, nodes.length - 1)
    if (a !== b) links.push([a, b])
  }
  const carried = links.flatMap((_, index) =>
    random.chance(0.2) ? [[`l${index}`, new Set(random.some(everyTechnology, 0.7))] as const] : [],
  )
  return {
    nodes,
    carried: new Map(carried),
    links: links.map(([a = 0, b = 0], index) =>
      create('SubstrateLink', {
        id: `l${index}`,
        a: { node: nodes[a]?.id ?? '' },
        b: { node: nodes[b]?.id ?? '' },
        capacityBitsPerSecond: random.integer(1, 10) * 1e7,
        delayMicroseconds: random.integer(0, 5) * 1000,
      }),
    ),
  }
}

/** Something of everything is taken, never more than there is. */
export const randomUsage = (random: Random, { nodes, links }: SubstrateGraph): Usage => {
  const part = (whole: number): number => (random.chance(0.5) ? 0 : Math.floor((whole * random.integer(0, 4)) / 4))
  return {
    cpuMillis: new Map(nodes.map(({ id, cpuMillis }) => [id, part(cpuMillis)])),
    memoryBytes: new Map(nodes.map(({ id, memoryBytes }) => [id, part(memoryBytes)])),
    diskBytes: new Map(nodes.map(({ id, diskBytes }) => [id, part(diskBytes)])),
    nics: new Set(nodes.flatMap(({ id, nics }) => random.some(nics, 0.2).map((nic) => `${id}/${nic}`))),
    rateBitsPerSecond: new Map(
      links.flatMap(({ id, capacityBitsPerSecond: capacity }) =>
        ['ab', 'ba'].map((way) => [`${id}/${way}`, part(capacity)] as const),
      ),
    ),
    pools: new Map(),
  }
}

export const randomRequest = (random: Random, size: number): VNetRequest => {
  const count = random.integer(1, size)
  const interfaces = Array.from(
    { length: count },
    () => [] as { index: number; forwarding: string; physical: string }[],
  )
  const attach = (node: number, physical = '', isClick = random.chance(0.1)) => {
    const list = interfaces[node] ?? []
    list.push({ index: list.length, forwarding: isClick ? 'click' : '', physical })
    return { node: `n${node}`, interface: list.length - 1 }
  }
  const links = []
  const rate = (): number => (random.chance(0.4) ? 0 : random.integer(1, 8) * 1e7)
  for (let index = random.integer(0, Math.ceil(1.5 * count)); index > 0 && count > 1; index--) {
    const a = random.integer(0, count - 1)
    const b = random.integer(0, count - 1)
    if (a === b) continue
    const technology = random.chance(0.3) ? random.pick(everyTechnology) : random.pick(['', 'any'])
    const isClick = (): boolean => random.chance(clickAlone.includes(technology) ? 0.95 : 0.1)
    links.push({
      id: `v${index}`,
      a: attach(a, '', isClick()),
      b: attach(b, '', isClick()),
      rateAToBBitsPerSecond: rate(),
      rateBToABitsPerSecond: rate(),
      delayMicroseconds: random.chance(0.3) ? random.integer(1, 8) * 1000 : 0,
      technology,
    })
  }
  for (let node = 0; node < count; node++)
    if (random.chance(0.1)) attach(node, random.pick(['dedicated', 'dedicated', 'shared']))
  return create('VNetRequest', {
    name: 'net',
    links,
    nodes: interfaces.map((list, index) => ({
      id: `n${index}`,
      interfaces: list,
      cpu: { count: random.integer(0, 2), quotaMillis: random.chance(0.5) ? 0 : random.integer(1, 4) * 500 },
      memoryBytes: random.integer(0, 4) * (gib / 2),
      diskBytes: random.integer(0, 2) * (gib / 2),
      hypervisor: random.chance(0.8) ? random.pick(['', 'any']) : random.pick(['lxc', 'qemu']),
      image: random.chance(0.1) ? 'debian' : '',
      ...(random.chance(0.2) && {
        location: random.chance(0.6)
          ? { name: random.pick(places) }
          : { latitude: random.integer(-60, 60), longitude: random.integer(-90, 90), withinKm: random.pick([0, 8000]) },
      }),
    })),
  })
}

/** The same nodes with a placement, some of them together or apart; never both, which is no valid request. */
export const withRelations = (random: Random, request: VNetRequest): VNetRequest => {
  const ids = request.nodes.map(({ id }) => id)
  const together = random.some(ids, 0.4)
  const rules = [
    { kind: 'together', nodes: together },
    {
      kind: 'apart',
      nodes: [...together.slice(0, 1), ...random.some(ids, 0.5).filter((id) => !together.includes(id))],
    },
  ]
  return {
    ...request,
    placement: random.pick(['', 'spread', 'distinct', 'packed']),
    affinity: rules.filter(({ nodes }) => nodes.length > 1 && random.chance(0.5)),
  }
}

/** Only memory and rates bind, and both are scarce: what is free is hardly more than what is asked for. */
export const tightCase = (random: Random): { readonly graph: SubstrateGraph; readonly request: VNetRequest } => {
  const hosts = Array.from({ length: random.integer(2, 4) }, (_, index) =>
    create('SubstrateNode', {
      id: `h${index}`,
      kind: 'host',
      cpuMillis: 4000,
      memoryBytes: random.integer(3, 6) * gib,
      hypervisors: ['lxc'],
      datapaths: ['bridge/vxlan'],
    }),
  )
  const pairs = hosts.flatMap((a, index) => hosts.slice(index + 1).map((b) => [a.id, b.id]))
  const links = pairs.map(([a = '', b = ''], index) =>
    create('SubstrateLink', {
      id: `l${index}`,
      a: { node: a },
      b: { node: b },
      capacityBitsPerSecond: random.integer(1, 4) * 1e7,
      delayMicroseconds: random.integer(0, 2) * 1000,
    }),
  )
  const count = random.integer(3, 5)
  const wanted = Array.from({ length: random.integer(2, 5) }, (_, index) => {
    const a = random.integer(0, count - 1)
    const b = (a + random.integer(1, count - 1)) % count
    return {
      id: `v${index}`,
      a: { node: `n${a}`, interface: index },
      b: { node: `n${b}`, interface: index },
      rateAToBBitsPerSecond: random.integer(1, 3) * 1e7,
      rateBToABitsPerSecond: random.integer(1, 3) * 1e7,
      delayMicroseconds: random.chance(0.3) ? random.integer(1, 3) * 1000 : 0,
    }
  })
  const request = create('VNetRequest', {
    name: 'tight',
    links: wanted,
    nodes: Array.from({ length: count }, (_, node) => ({
      id: `n${node}`,
      memoryBytes: random.integer(1, 5) * gib,
      interfaces: wanted.map((_link, index) => ({ index })),
    })),
  })
  return { graph: { nodes: hosts, links }, request }
}
