import t from 'tap'
import type { SubstrateNode, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { isIdentifier, technologyNamed, technologyNames } from '../../../proto/technologies.ts'
import { embed } from '../../mapping/embed.ts'
import type { SubstrateGraph } from '../../mapping/mapping.ts'
import { emptyUsage } from '../../mapping/problem.ts'
import { fabric, host, request, substrate } from '../../mapping/test/fixtures.ts'
import { type Random, randomFrom, randomRequest } from '../../mapping/test/random.ts'
import { type AllocatedSegment, type Allocation, allocate, type Taken } from '../allocate.ts'
import { takenOf } from './taken-of.ts'
import { randomWired } from './wired.ts'

t.setTimeout(300_000)

const datapaths = technologyNames.map((technology) => `click/${technology}`)
const able = (id: string, changes: Partial<SubstrateNode> = {}): SubstrateNode =>
  host(id, { datapaths, tunnelPrefix: `198.18.${id.slice(1)}.0/24`, ...changes })
const line = substrate([able('h1'), able('h2'), able('h3')], { 'h1-h2': {}, 'h2-h3': {} })
const nothing: Taken = { macs: new Set(), claims: new Set() }
const click = { interfaces: Array.from({ length: 9 }, (_, index) => ({ index, forwarding: 'click' })) }
const places: ReadonlyMap<string, string> = new Map([
  ['a', 'h1'],
  ['b', 'h2'],
  ['c', 'h3'],
])

/** "gre a-b" is a link of gre from a to b; ends take the interfaces 0, 1, 2 … */
const net = (...links: readonly string[]): VNetRequest => {
  const next = new Map<string, number>()
  const end = (node: string) => {
    const index = next.get(node) ?? 0
    next.set(node, index + 1)
    return { node, interface: index }
  }
  const made = links.map((text, index) => {
    const [technology = '', ends = '', id = `${technology}-${ends}-${index}`] = text.split(' ')
    const [a = '', b = ''] = ends.split('-')
    return [id, { technology, a: end(a), b: end(b) }] as const
  })
  return request(Object.fromEntries(['a', 'b', 'c', 'd'].map((id) => [id, click])), Object.fromEntries(made))
}

const allocated = (
  asked: VNetRequest,
  options: { taken?: Taken; previous?: Allocation; graph?: SubstrateGraph; fixed?: ReadonlyMap<string, string> } = {},
): Allocation => {
  const { taken = nothing, previous, graph = line, fixed = places } = options
  const result = embed(graph, emptyUsage, asked, { fixed })
  if (result.outcome === 'refused') throw result.error
  return allocate({ vnet: 'alice.net', request: asked, embedding: result.embedding, substrate: graph, taken, previous })
}
/** "from to identifier", or the two addresses. */
const told = ({ segments }: Allocation): readonly string[] =>
  segments.map(({ from, to, identifier, addresses }) =>
    addresses ? `${from} ${to} ${addresses.from} ${addresses.to}` : `${from} ${to} ${identifier}`,
  )

t.test('each technology counts from its first number', async (t) => {
  const names = ['vxlan', 'gre', 'vlan', 'qinq', 'mpls']
  const first = Object.fromEntries(names.map((name) => [name, told(allocated(net(`${name} a-b`, `${name} b-a`)))]))
  t.strictSame(first, {
    vxlan: ['h1 h2 4096', 'h2 h1 4097'],
    gre: ['h1 h2 4096', 'h2 h1 4097'],
    vlan: ['h1 h2 2', 'h2 h1 3'],
    qinq: ['h1 h2 8193', 'h2 h1 8194'],
    mpls: ['h1 h2 16', 'h2 h1 17'],
  })
})

t.test('the technologies count by themselves', async (t) => {
  t.strictSame(told(allocated(net('vxlan a-b', 'gre a-b', 'vlan a-b', 'mpls a-b'))), [
    'h1 h2 4096',
    'h1 h2 4096',
    'h1 h2 2',
    'h1 h2 16',
  ])
})

t.test('VNIs, keys and labels are unique in the PIP, VLAN ids where the frames could meet', async (t) => {
  const wide = ['vxlan', 'gre', 'mpls'].map((name) => told(allocated(net(`${name} a-c`))))
  t.strictSame(wide, [
    ['h1 h2 4096', 'h2 h3 4097'],
    ['h1 h2 4096', 'h2 h3 4097'],
    ['h1 h2 16', 'h2 h3 17'],
  ])
  t.strictSame(told(allocated(net('vlan a-c', 'qinq a-c'))), ['h1 h2 2', 'h2 h3 2', 'h1 h2 8193', 'h2 h3 8193'])

  const hosts = [able('h1'), able('h2'), able('h3'), able('h4')]
  const switched = substrate([...hosts, { ...fabric('s'), kind: 'switch' }], {
    'h1-s': {},
    's-h2': {},
    's-h3': {},
    's-h4': {},
  })
  const fixed = new Map([...places, ['d', 'h4']])
  const asked = net('vlan a-b', 'vlan d-c')
  t.strictSame(told(allocated(asked, { graph: switched, fixed })), ['h1 h2 2', 'h4 h3 3'])
})

t.test('segments of etherip and ipip have a pair of addresses of their own, over both', async (t) => {
  const one = allocated(net('etherip a-b', 'ipip a-b', 'ipip b-a', 'ipip b-c'))
  t.strictSame(told(one), [
    'h1 h2 198.18.1.1 198.18.2.1',
    'h1 h2 198.18.1.2 198.18.2.2',
    'h2 h1 198.18.2.3 198.18.1.3',
    'h2 h3 198.18.2.1 198.18.3.1',
  ])
  t.strictSame(told(allocated(net('ipip b-a'), { taken: takenOf(line, [one]) })), ['h2 h1 198.18.2.4 198.18.1.4'])
})

t.test('a pair of prefixes gives every pair of its addresses, then says what binds', async (t) => {
  const [h1, h2] = [able('h1', { tunnelPrefix: '198.18.1.0/30' }), able('h2', { tunnelPrefix: '198.18.2.4/32' })]
  const graph = substrate([h1, h2, able('h3')], { 'h1-h2': {}, 'h2-h3': {} })
  const full = allocated(net('ipip a-b', 'etherip a-b'), { graph })
  t.strictSame(told(full), ['h1 h2 198.18.1.1 198.18.2.4', 'h1 h2 198.18.1.2 198.18.2.4'])
  const taken = takenOf(graph, [full])
  t.throws(() => allocated(net('ipip a-b x'), { graph, taken }), {
    code: 'admission.not-now',
    object: 'link/x',
    message: 'every pair of addresses of the tunnel prefixes 198.18.1.0/30 of h1 and 198.18.2.4/32 of h2 is taken',
    hint: /shorter tunnel_prefix/,
  })
  t.equal(told(allocated(net('ipip b-c'), { graph, taken })).length, 1, 'to another host there are others')
})

t.test('no VLAN id is left between two hosts, and between two others there is', async (t) => {
  const claims = new Set(Array.from({ length: 4094 }, (_, index) => `vlan at h1-h2 ${index + 1}`))
  const taken = { macs: new Set<string>(), claims }
  t.throws(() => allocated(net('vlan a-b x'), { taken }), {
    code: 'admission.not-now',
    object: 'link/x',
    message: 'every VLAN id of vlan between h1/to-h1-h2 and h2/to-h1-h2 is taken',
  })
  t.strictSame(told(allocated(net('vlan b-c'), { taken })), ['h2 h3 2'])
})

t.test('a change keeps what stays, and gives nothing of what goes to what comes', async (t) => {
  for (const technology of technologyNames) {
    const before = allocated(net(`${technology} a-b goes`, `${technology} a-b stays`))
    const after = allocated(net(`${technology} a-b comes`, `${technology} a-b stays`), { previous: before })
    const of = (allocation: Allocation, link: string) =>
      told({ ...allocation, segments: allocation.segments.filter((one) => one.link === link) })
    t.strictSame(of(after, 'stays'), of(before, 'stays'), technology)
    t.notOk([...of(before, 'goes'), ...of(before, 'stays')].includes(of(after, 'comes')[0] ?? ''), technology)
  }
})

t.test('a link that is turned round keeps its addresses at their hosts', async (t) => {
  const previous = allocated(net('ipip a-b one', 'ipip a-b two'))
  const fixed = new Map([
    ['a', 'h2'],
    ['b', 'h1'],
    ['c', 'h3'],
  ])
  t.strictSame(told(allocated(net('ipip a-b one', 'ipip a-b two'), { previous, fixed })), [
    'h2 h1 198.18.2.1 198.18.1.1',
    'h2 h1 198.18.2.2 198.18.1.2',
  ])
})

t.test('a prefix that was declared anew gives new addresses', async (t) => {
  const previous = allocated(net('ipip a-b'))
  const moved = {
    ...line,
    nodes: line.nodes.map((node) => (node.id === 'h2' ? able('h2', { tunnelPrefix: '198.19.0.0/24' }) : node)),
  }
  t.strictSame(told(allocated(net('ipip a-b'), { previous, graph: moved })), ['h1 h2 198.18.1.1 198.19.0.1'])
})

t.test('what a version before stored is kept: a VNI and no more', async (t) => {
  const { request: asked } = allocated(net('vxlan a-b one', 'vxlan a-b two'))
  const stored = [{ link: 'two', from: 'h1', to: 'h2', technology: 'vxlan', identifier: 4096 }]
  const after = allocated(net('vxlan a-b one', 'vxlan a-b two'), { previous: { request: asked, segments: stored } })
  t.strictSame(told(after), ['h1 h2 4097', 'h1 h2 4096'])
  t.ok(takenOf(line, [{ request: asked, segments: stored }]).claims.has('vxlan 4096'))
})

/** NICs that frames from one NIC reach: over its link, and over switches. */
const reachedFrom = ({ nodes, links }: SubstrateGraph, nic: string): ReadonlySet<string> => {
  const isSwitch = (id: string | undefined): boolean => nodes.find((node) => node.id === id)?.kind === 'switch'
  const name = (end: { readonly node: string; readonly nic: string } | undefined): string =>
    isSwitch(end?.node) ? (end?.node ?? '') : `${end?.node}/${end?.nic}`
  const reached = new Set([nic])
  for (let grown = true; grown; ) {
    const size = reached.size
    for (const { a, b } of links) if (reached.has(name(a)) || reached.has(name(b))) reached.add(name(a)).add(name(b))
    grown = reached.size > size
  }
  return reached
}

/** Why two segments would be taken for each other; found without any part of the allocation. */
const conflictOf = (graph: SubstrateGraph, one: AllocatedSegment, other: AllocatedSegment): boolean => {
  if (one.addresses && other.addresses) {
    const pair = ({ from, to }: { from: string; to: string }) => [from, to].sort().join()
    return pair(one.addresses) === pair(other.addresses)
  }
  if (one.technology !== other.technology || one.identifier !== other.identifier) return false
  if (one.technology !== 'vlan' && one.technology !== 'qinq') return true
  const nics = ({ from, to, nics }: AllocatedSegment) => [`${from}/${nics?.from}`, `${to}/${nics?.to}`]
  return nics(one).some((nic) => nics(other).some((there) => reachedFrom(graph, nic).has(there)))
}

/** Two or three switches that may be joined, each with a few hosts. */
const flatOf = (random: Random): SubstrateGraph => {
  const hosts = Array.from({ length: random.integer(3, 7) }, (_, index) => able(`h${index}`))
  const switches = Array.from({ length: 3 }, (_, index) => ({ ...fabric(`s${index}`), kind: 'switch' }))
  const links = [
    ...hosts.flatMap(({ id }) => random.some(switches, 0.6).map((one) => `${id}-${one.id}`)),
    ...random.some(['s0-s1', 's1-s2'], 0.5),
  ]
  return substrate([...hosts, ...switches], Object.fromEntries(links.map((id) => [id, {}])))
}

/** Links with tags between nodes that each run anywhere. */
const tagged = (random: Random): VNetRequest => {
  const pairs = random.some(['a-b', 'c-d', 'a-c', 'd-b'], 0.7)
  return net(...pairs.map((ends) => `${random.pick(['vlan', 'qinq'])} ${ends} ${ends}`))
}

const sameTunnel = (one: AllocatedSegment, other: AllocatedSegment): boolean =>
  one.link === other.link && [one.from, one.to].sort().join() === [other.from, other.to].sort().join()

t.test('no two segments of a PIP that could meet are told apart by nothing, whatever comes and goes', async (t) => {
  let [steps, segments, refusals] = [0, 0, 0]
  for (let seed = 1; seed <= 2000; seed++) {
    const random = randomFrom(seed)
    // Every other PIP has Ethernet alone, and links that stay on it.
    const isFlat = seed % 2 === 0
    const graph = isFlat ? flatOf(random) : randomWired(random, random.pick([24, 31, 32]))
    const hostIds = graph.nodes.filter(({ kind }) => kind === 'host').map(({ id }) => id)
    const vnets = new Map<string, Allocation>()
    for (let step = 0; step < 6; step++) {
      const vnet = random.pick(['x', 'y', 'z'])
      const previous = vnets.get(vnet)
      if (previous && random.chance(0.2)) {
        vnets.delete(vnet)
        continue
      }
      const asked = isFlat ? tagged(random) : randomRequest(random, 5)
      const placedOn = (ids: readonly string[]) => new Map(asked.nodes.map(({ id }) => [id, random.pick(ids)]))
      const anywhere = placedOn(hostIds)
      // Nodes that share few hosts have their tunnels between the same ones, until addresses run out.
      const fixed = isFlat ? anywhere : placedOn(hostIds.slice(0, 3))
      const result = embed(graph, emptyUsage, asked, { fixed })
      if (result.outcome === 'refused') continue
      vnets.delete(vnet)
      const others = [...vnets.values()]
      const input = { vnet, request: asked, embedding: result.embedding, substrate: graph, previous }
      let next: Allocation
      try {
        next = allocate({ ...input, taken: takenOf(graph, others) })
      } catch (error) {
        refusals++
        t.match(error, { code: 'admission.not-now', message: /every pair of addresses/ })
        continue
      }
      vnets.set(vnet, next)
      steps++
      segments += next.segments.length
      const wrong = (what: string) => t.fail(`seed ${seed}, step ${step}: ${what}`)
      for (const [index, one] of next.segments.entries()) {
        const known = technologyNamed(one.technology)
        if (!known || !isIdentifier(known, one.identifier)) wrong(`${one.technology} ${one.identifier}`)
        if (known?.needsTunnelPrefix !== (one.addresses !== undefined)) wrong(`${one.technology} and its addresses`)
        const beside = [...next.segments.slice(0, index), ...others.flatMap((other) => other.segments)]
        if (beside.some((other) => conflictOf(graph, one, other))) wrong(`${one.link} is another’s`)
        // Hosts may still have what the version before had.
        const stale = previous?.segments.filter((other) => !sameTunnel(one, other)) ?? []
        if (stale.some((other) => conflictOf(graph, one, other))) wrong(`${one.link} is one’s that goes`)
      }
    }
  }
  t.ok(steps > 1500 && segments > 1500 && refusals > 0, `${steps} versions, ${segments} segments, ${refusals} refused`)
})
