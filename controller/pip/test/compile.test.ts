import t from 'tap'
import { create, encode } from '../../../proto/codec.ts'
import type { HostInventory, Segment, Slice, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { technologyNames } from '../../../proto/technologies.ts'
import { embed } from '../../mapping/embed.ts'
import type { SubstrateGraph } from '../../mapping/mapping.ts'
import { emptyUsage } from '../../mapping/problem.ts'
import { fabric, host, request, substrate } from '../../mapping/test/fixtures.ts'
import { randomFrom, randomRequest } from '../../mapping/test/random.ts'
import { allocate } from '../allocate.ts'
import { absentSlice, type CompileInput, compileSlices, hostsOf } from '../compile.ts'
import { takenOf } from './taken-of.ts'
import { randomWired } from './wired.ts'

/** NICs for the links' ends, each with an address of its own, and those that are given to nodes. */
const inventoriesOf = (
  graph: SubstrateGraph,
  mtu: (nic: string) => number = () => 1500,
): Map<string, HostInventory> => {
  let count = 0
  return new Map(
    graph.nodes
      .filter(({ kind }) => kind === 'host')
      .map((node) => {
        const ends = graph.links.flatMap(({ a, b }) => [a, b]).filter((end) => end?.node === node.id)
        const names = [...ends.map((end) => end?.nic ?? ''), ...node.nics, ...node.sharedNics]
        const nics = names.map((name) => ({
          name,
          up: true,
          mtu: mtu(name),
          mac: `02:00:00:00:00:${(++count).toString(16).padStart(2, '0')}`,
          addresses: [`192.0.2.${count}/24`],
        }))
        return [node.id, create('HostInventory', { host: node.id, nics })] as const
      }),
  )
}

const compiled = (
  graph: SubstrateGraph,
  asked: VNetRequest,
  fixed: Readonly<Record<string, string>> = {},
  changes: Partial<CompileInput> = {},
) => {
  const result = embed(graph, emptyUsage, asked, { fixed: new Map(Object.entries(fixed)) })
  if (result.outcome === 'refused') throw result.error
  const { embedding } = result
  const allocation = allocate({
    vnet: 'alice.net',
    request: asked,
    embedding,
    substrate: graph,
    taken: takenOf(graph, []),
  })
  const input = { vnet: 'alice.net', embedding, allocation, substrate: graph, generation: 3, epoch: 7 }
  const slices = compileSlices({ inventories: inventoriesOf(graph), ...input, ...changes })
  return { slices, embedding, allocation }
}

const line = substrate([host('h1'), host('h2'), host('h3'), fabric('f')], { 'h1-h2': {}, 'h2-f': {}, 'f-h3': {} })

t.test('a link within a host keeps each rate towards the end that receives', async (t) => {
  const asked = request(
    { a: {}, b: {} },
    { 'a-b': { rateAToBBitsPerSecond: 10, rateBToABitsPerSecond: 20 } },
    { prefix: '10.0.0.0/24' },
  )
  const { slices } = compiled(line, asked, { a: 'h1', b: 'h1' })
  t.strictSame([...slices.keys()], ['h1'])
  const slice = slices.get('h1') as Slice
  t.match(slice, { vnet: 'alice.net', generation: 3, epoch: 7, absent: false })
  t.strictSame(slice.links, [
    create('SliceLink', {
      id: 'a-b',
      mtu: 1500,
      ends: [
        { node: 'a', interface: 0, rateBitsPerSecond: 20 },
        { node: 'b', interface: 0, rateBitsPerSecond: 10 },
      ],
    }),
  ])
  t.match(slice.nodes[0], {
    id: 'a',
    hypervisor: 'lxc',
    cpu: { count: 1 },
    memoryBytes: 64 * 2 ** 20 * 2,
    restartPolicy: 'always',
    interfaces: [{ index: 0, mac: /^02/, addresses: ['10.0.0.1/30'], mtu: 1500, forwarding: 'bridge', nic: '' }],
  })
})

t.test('a node may be made again elsewhere unless it waits for its host', async (t) => {
  const asked = request({ a: {}, b: { recovery: 'wait' }, c: { recovery: 'elsewhere' } }, {})
  const { slices } = compiled(line, asked, { a: 'h1', b: 'h1', c: 'h1' })
  t.same(
    slices.get('h1')?.nodes.map(({ id, recoverable }) => [id, recoverable]),
    [
      ['a', true],
      ['b', false],
      ['c', true],
    ],
  )
})

t.test('a path over a relay has a tunnel to each side, and each host keeps the rate of what it sends', async (t) => {
  const asked = request({ a: {}, b: {} }, { 'a-b': { rateAToBBitsPerSecond: 10, rateBToABitsPerSecond: 20 } })
  const { slices } = compiled(line, asked, { a: 'h1', b: 'h3' })
  const address = (hostId: string, nic: string) =>
    inventoriesOf(line)
      .get(hostId)
      ?.nics.find(({ name }) => name === nic)
      ?.addresses[0]?.split('/')[0] as string
  const ends = {
    h1: address('h1', 'to-h1-h2'),
    back: address('h2', 'to-h1-h2'),
    on: address('h2', 'to-h2-f'),
    h3: address('h3', 'to-f-h3'),
  }
  const tunnel = (identifier: number, local: string, remote: string, nic: string, peer: string, rate: number) => ({
    technology: 'vxlan',
    identifier,
    local,
    remote,
    nic,
    peer,
    rateBitsPerSecond: rate,
    // Behind a fabric the other end is no neighbour.
    nextHop: nic.includes('f') ? '' : remote,
  })
  t.strictSame(
    [...slices].map(([id, slice]) => [id, slice.nodes.length, slice.links]),
    [
      [
        'h1',
        1,
        [
          create('SliceLink', {
            id: 'a-b',
            mtu: 1450,
            ends: [{ node: 'a', interface: 0 }],
            segments: [tunnel(4096, ends.h1, ends.back, 'to-h1-h2', 'h2', 10)],
          }),
        ],
      ],
      [
        'h2',
        0,
        [
          create('SliceLink', {
            id: 'a-b',
            mtu: 1450,
            segments: [
              tunnel(4096, ends.back, ends.h1, 'to-h1-h2', 'h1', 20),
              tunnel(4097, ends.on, ends.h3, 'to-h2-f', 'h3', 10),
            ],
          }),
        ],
      ],
      [
        'h3',
        1,
        [
          create('SliceLink', {
            id: 'a-b',
            mtu: 1450,
            ends: [{ node: 'b', interface: 0 }],
            segments: [tunnel(4097, ends.h3, ends.on, 'to-f-h3', 'h2', 20)],
          }),
        ],
      ],
    ],
  )
  t.equal(slices.get('h1')?.nodes[0]?.interfaces[0]?.mtu, 1450)
})

t.test('the MTU is what the smallest underlay NIC leaves, and never above that of Ethernet', async (t) => {
  const mtu = (of: (nic: string) => number) => {
    const asked = request({ a: {}, b: {} }, { 'a-b': {} })
    const { slices } = compiled(line, asked, { a: 'h1', b: 'h3' }, { inventories: inventoriesOf(line, of) })
    return [...slices.values()].map(({ links }) => links[0]?.mtu)
  }
  t.strictSame(
    mtu((nic) => (nic === 'to-f-h3' ? 1400 : 9000)),
    [1350, 1350, 1350],
  )
  t.strictSame(
    mtu(() => 9000),
    [1500, 1500, 1500],
  )
  t.strictSame(
    mtu(() => 1550),
    [1500, 1500, 1500],
  )
  t.throws(() => mtu(() => 1300), { code: 'substrate.mismatch', object: 'link/a-b', message: /MTU is 1300/ })
})

const everything = technologyNames.flatMap((name) => [`bridge/${name}`, `click/${name}`])
/** h1 and h2 are wired to each other, h2 and h3 over a fabric. */
const able = {
  ...line,
  nodes: line.nodes.map((node, index) => ({
    ...node,
    datapaths: everything,
    tunnelPrefix: `198.18.${index + 1}.0/24`,
  })),
}
const clickEnd = { interfaces: [{ index: 0, forwarding: 'click', addresses: [] as string[] }] }
const one = { a: { node: 'a', interface: 0 }, b: { node: 'b', interface: 0 } }

t.test('a segment says what its technology needs', async (t) => {
  const between = (technology: string, [a, b]: readonly [string, string]) => {
    const asked = request({ a: clickEnd, b: clickEnd }, { 'a-b': { ...one, technology } }, { prefix: '10.0.0.0/24' })
    const { slices } = compiled(able, asked, { a, b })
    const { mtu, segments } = slices.get(a)?.links[0] ?? {}
    const { local, remote, nextHop, remoteMac, nic, identifier } = segments?.[0] ?? {}
    return { mtu, identifier, local, remote, nextHop, remoteMac, nic }
  }
  const nicOf = (host: string, nic: string) =>
    inventoriesOf(able)
      .get(host)
      ?.nics.find(({ name }) => name === nic)
  const addressOf = (host: string, nic: string) => nicOf(host, nic)?.addresses[0]?.split('/')[0] ?? ''
  const [here, there] = [addressOf('h1', 'to-h1-h2'), addressOf('h2', 'to-h1-h2')]
  const wired = { nic: 'to-h1-h2', remoteMac: '', nextHop: '', local: '', remote: '' }
  t.strictSame(between('gre', ['h1', 'h2']), {
    ...wired,
    mtu: 1458,
    identifier: 4096,
    local: here,
    remote: there,
    nextHop: there,
  })
  t.strictSame(between('vlan', ['h1', 'h2']), { ...wired, mtu: 1500, identifier: 2 })
  t.strictSame(between('qinq', ['h1', 'h2']), { ...wired, mtu: 1496, identifier: 8193 })
  t.strictSame(between('mpls', ['h1', 'h2']), {
    ...wired,
    mtu: 1482,
    identifier: 16,
    remoteMac: nicOf('h2', 'to-h1-h2')?.mac,
  })
  const ofPrefix = { ...wired, identifier: 0, local: '198.18.1.1', remote: '198.18.2.1', nextHop: there }
  t.strictSame(between('etherip', ['h1', 'h2']), { ...ofPrefix, mtu: 1464 })
  t.strictSame(between('ipip', ['h1', 'h2']), { ...ofPrefix, mtu: 1480 })
  t.strictSame(
    between('ipip', ['h2', 'h3']),
    { ...ofPrefix, mtu: 1480, local: '198.18.2.1', remote: '198.18.3.1', nextHop: '', nic: 'to-h2-f' },
    'over a fabric the host’s routes know the way',
  )
})

t.test('an end of a link that carries IPv4 alone is told whom to answer for', async (t) => {
  const asked = request(
    { a: clickEnd, b: clickEnd },
    { 'a-b': { ...one, technology: 'ipip' } },
    { prefix: '10.0.0.0/24' },
  )
  const { slices, allocation } = compiled(able, asked, { a: 'h1', b: 'h3' })
  const macOf = (node: string) => allocation.request.nodes.find(({ id }) => id === node)?.interfaces[0]?.mac
  const far = (host: string) => slices.get(host)?.links[0]?.far
  t.strictSame(far('h1'), { mac: macOf('b'), addresses: ['10.0.0.2/30'] })
  t.equal(far('h2'), undefined, 'a relay answers nobody')
  t.strictSame(far('h3'), { mac: macOf('a'), addresses: ['10.0.0.1/30'] })
  const within = compiled(able, asked, { a: 'h1', b: 'h1' }).slices.get('h1')?.links[0]
  t.match(within, { far: undefined, segments: [], mtu: 1500 }, 'within a host there is no tunnel')
})

t.test('a NIC without an address carries what needs none', async (t) => {
  const inventories = inventoriesOf(able)
  for (const host of ['h1', 'h2']) {
    const whole = inventories.get(host) as HostInventory
    inventories.set(host, { ...whole, nics: whole.nics.map((nic) => ({ ...nic, addresses: [] })) })
  }
  const over = (technology: string) =>
    compiled(able, request({ a: {}, b: {} }, { 'a-b': { technology } }), { a: 'h1', b: 'h2' }, { inventories })
  t.equal(over('vlan').slices.get('h1')?.links[0]?.mtu, 1500)
  t.throws(() => over('gre'), { code: 'substrate.mismatch', message: /no IPv4 address/ })
})

t.test('a NIC that went away since is told', async (t) => {
  const inventories = inventoriesOf(line)
  inventories.set('h3', create('HostInventory', { host: 'h3' }))
  t.throws(() => compiled(line, request({ a: {}, b: {} }, { 'a-b': {} }), { a: 'h1', b: 'h3' }, { inventories }), {
    code: 'substrate.mismatch',
    message: /h3\/to-f-h3, and the host does not have it/,
  })
})

t.test('a physical interface is given with the MTU that it has', async (t) => {
  const graph = substrate([host('h1', { nics: ['eth8'] })], {})
  const asked = request({ a: { interfaces: [{ index: 0, physical: 'dedicated' }, { index: 1 }] } })
  const { slices } = compiled(graph, asked, {}, { inventories: inventoriesOf(graph, () => 9000) })
  t.match(slices.get('h1')?.nodes[0]?.interfaces, [
    { index: 0, nic: 'eth8', nicShared: false, mtu: 9000 },
    { index: 1, nic: '', nicShared: false, mtu: 1500 },
  ])
  const sharing = substrate([host('h1', { sharedNics: ['eth9'] })], {})
  const shares = request({ a: { interfaces: [{ index: 0, physical: 'shared' }] } })
  const { slices: shared } = compiled(sharing, shares)
  t.match(shared.get('h1')?.nodes[0]?.interfaces, [{ nic: 'eth9', nicShared: true }])
})

t.test('absent is a slice of nothing', async (t) => {
  t.strictSame(
    absentSlice('alice.net', 4, 7),
    create('Slice', { vnet: 'alice.net', generation: 4, epoch: 7, absent: true }),
  )
})

/** Whether a segment says what its technology needs and no more. */
const fieldProblems = (link: string, one: Segment, there: Segment): readonly string[] => {
  const isOverIp = ['vxlan', 'gre', 'etherip', 'ipip'].includes(one.technology)
  const isOfPrefix = ['etherip', 'ipip'].includes(one.technology)
  const problems: string[] = []
  if (isOverIp !== (one.local !== '')) problems.push(`${link}: ${one.technology} from "${one.local}"`)
  if (isOfPrefix !== one.local.startsWith('198.18.')) problems.push(`${link}: ${one.technology} from ${one.local}`)
  if (!isOverIp && one.nextHop !== '') problems.push(`${link}: ${one.technology} by ${one.nextHop}`)
  if ((one.nextHop === '') !== (there.nextHop === '')) problems.push(`${link}: neighbours on one side only`)
  if ((one.technology === 'mpls') !== (one.remoteMac !== ''))
    problems.push(`${link}: ${one.technology} to "${one.remoteMac}"`)
  return problems
}

/** Each link walked from host to host by its slices alone; what is wrong with it. */
const problemsOf = (asked: VNetRequest, slices: ReadonlyMap<string, Slice>): readonly string[] => {
  const problems: string[] = []
  const wrong = (condition: boolean, text: string): void => {
    if (condition) problems.push(text)
  }
  for (const link of asked.links) {
    const parts = [...slices].flatMap(([id, slice]) =>
      slice.links.filter((one) => one.id === link.id).map((one) => ({ host: id, ...one })),
    )
    const hostOf = (node: string | undefined) =>
      [...slices].find(([, slice]) => slice.nodes.some(({ id }) => id === node))?.[0] ?? ''
    const has = (part: (typeof parts)[number], end: typeof link.a) =>
      part.ends.some((one) => one.node === end?.node && one.interface === end.interface)
    let here = parts.find((part) => part.host === hostOf(link.a?.node))
    wrong(!here || !has(here, link.a), `${link.id} does not begin at its end a`)
    const seen = new Set<string>()
    let from = ''
    while (here && !seen.has(here.host)) {
      seen.add(here.host)
      const part = here
      wrong(part.ends.length + part.segments.length !== 2, `${link.id} does not join two things on ${part.host}`)
      wrong(part.mtu !== parts[0]?.mtu, `${link.id} has several MTUs`)
      const isIpv4Alone = link.technology === 'ipip' && part.ends.length === 1
      wrong(isIpv4Alone !== (part.far !== undefined), `${link.id} tells ${part.host} of a far end, or does not`)
      const onward = part.segments.filter(({ peer }) => peer !== from)
      const next = parts.find(({ host: id }) => id === onward[0]?.peer)
      for (const segment of onward) {
        const mirrored = next?.segments.filter(
          (one) =>
            one.peer === part.host && one.identifier === segment.identifier && one.technology === segment.technology,
        )
        wrong(mirrored?.length !== 1, `${link.id}: the tunnel from ${part.host} to ${segment.peer} has no other end`)
        const back = mirrored?.[0]
        wrong(
          back?.local !== segment.remote || back?.remote !== segment.local,
          `${link.id}: outer addresses do not meet`,
        )
        wrong(segment.rateBitsPerSecond !== link.rateAToBBitsPerSecond, `${link.id}: rate towards b`)
        wrong(back?.rateBitsPerSecond !== link.rateBToABitsPerSecond, `${link.id}: rate towards a`)
        for (const [one, there] of [[segment, back] as const, [back, segment] as const])
          if (one && there) problems.push(...fieldProblems(link.id, one, there))
      }
      if (onward.length === 0) wrong(!has(part, link.b), `${link.id} does not end at its end b`)
      from = part.host
      here = next
    }
    wrong(seen.size !== parts.length, `${link.id} is on hosts that it does not reach`)
  }
  for (const { id } of asked.nodes) {
    const count = [...slices.values()].flatMap(({ nodes }) => nodes).filter((node) => node.id === id).length
    wrong(count !== 1, `${id} is on ${count} hosts`)
  }
  return problems
}

t.test('the slices of all hosts agree with each other', async (t) => {
  let [count, tunnels, relays] = [0, 0, 0]
  for (let seed = 1; seed <= 800; seed++) {
    const random = randomFrom(seed)
    const graph = randomWired(random)
    const asked = randomRequest(random, 7)
    if (embed(graph, emptyUsage, asked).outcome === 'refused') continue
    const { slices, embedding, allocation } = compiled(graph, asked)
    count++
    tunnels += allocation.segments.length
    relays += [...slices.values()].flatMap(({ links }) => links).filter(({ ends }) => ends.length === 0).length
    const problems = problemsOf(asked, slices)
    if (problems.length > 0) t.fail(`seed ${seed}: ${problems.join('; ')}`)
    t.strictSame([...slices.keys()], hostsOf(embedding, allocation))
    for (const [id, slice] of compiled(graph, asked).slices)
      if (Buffer.compare(encode('Slice', slice), encode('Slice', slices.get(id) as Slice)) !== 0)
        t.fail(`seed ${seed}: ${id} is told something else the second time`)
  }
  t.ok(count > 100 && tunnels > 100 && relays > 10, `${count} VNets, ${tunnels} tunnels, ${relays} relays`)
})
