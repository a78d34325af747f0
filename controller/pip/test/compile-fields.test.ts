import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Interface, Link, Node, Slice, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { embed } from '../../mapping/embed.ts'
import { emptyUsage } from '../../mapping/problem.ts'
import { host, request, substrate } from '../../mapping/test/fixtures.ts'
import { allocate } from '../allocate.ts'
import { compileSlices } from '../compile.ts'
import { takenOf } from './taken-of.ts'

const line = substrate([host('h1'), host('h2'), host('h3')], { 'h1-h2': {}, 'h2-h3': {} })

const inventories = new Map(
  line.nodes.map(({ id }, i) => {
    const nics = ['to-h1-h2', 'to-h2-h3'].map((name, k) => ({
      name,
      up: true,
      mtu: 1500,
      mac: `02:00:00:00:0${i}:0${k}`,
      addresses: [`192.0.2.${10 * i + k + 1}/24`],
    }))
    return [id, create('HostInventory', { host: id, nics })] as const
  }),
)

const slicesOf = (asked: VNetRequest, fixed: Readonly<Record<string, string>>): ReadonlyMap<string, Slice> => {
  const result = embed(line, emptyUsage, asked, { fixed: new Map(Object.entries(fixed)) })
  if (result.outcome === 'refused') throw result.error
  const { embedding } = result
  const vnet = 'alice.net'
  const allocation = allocate({ vnet, request: asked, embedding, substrate: line, taken: takenOf(line, []) })
  return compileSlices({ vnet, embedding, allocation, substrate: line, inventories, generation: 1, epoch: 1 })
}

const forth = { delayMicroseconds: 10_000, jitterMicroseconds: 0, lossMillionths: 0, duplicateMillionths: 0 }
const [aToB, bToA] = [
  { ...forth, reorderMillionths: 1 },
  { ...forth, reorderMillionths: 2 },
]
const impaired: Init<Link> = { impairmentAToB: aToB, impairmentBToA: bToA, down: true }

t.test('within a host what is done to frames stands at the end that they go to', async (t) => {
  const slices = slicesOf(request({ a: {}, b: {} }, { 'a-b': impaired }), { a: 'h1', b: 'h1' })
  t.match(slices.get('h1')?.links, [{ ends: [{ impairment: bToA }, { impairment: aToB }], down: true }])
})

t.test('over tunnels it stands at the tunnel of the host that sends, and a relay does nothing', async (t) => {
  const rates = { rateAToBBitsPerSecond: 10, rateBToABitsPerSecond: 20 }
  const slices = slicesOf(request({ a: {}, b: {} }, { 'a-b': { ...impaired, ...rates } }), { a: 'h1', b: 'h3' })
  const found = [...slices].map(([id, { links }]) => {
    const [link] = links
    const of = (each: { readonly impairment?: unknown; readonly rateBitsPerSecond: number }) => [
      each.rateBitsPerSecond,
      each.impairment,
    ]
    return [id, link?.ends.map(of), link?.segments.map(of), link?.down]
  })
  t.same(found, [
    ['h1', [[0, undefined]], [[10, aToB]], true],
    [
      'h2',
      [],
      [
        [20, undefined],
        [10, undefined],
      ],
      true,
    ],
    ['h3', [[0, undefined]], [[20, bToA]], true],
  ])
})

t.test('one direction alone is impaired where one alone was asked for', async (t) => {
  const asked = request({ a: {}, b: {} }, { 'a-b': { impairmentBToA: bToA, impairmentAToB: {} } })
  const [link] = slicesOf(asked, { a: 'h1', b: 'h1' }).get('h1')?.links ?? []
  t.same(
    link?.ends.map(({ impairment }) => impairment),
    [bToA, undefined],
  )
  t.equal(link?.down, false)
})

const guardsOf = (first: Init<Interface>, more: Readonly<Record<string, Init<Link>>> = {}, prefix = '10.0.0.0/24') => {
  const asked = request({ a: { interfaces: [] }, b: {} }, { 'a-b': {}, ...more }, { prefix })
  const nodes = asked.nodes.map((node): Node => {
    if (node.id !== 'a') return node
    const interfaces = node.interfaces.map((each, i) => (i === 0 ? { ...each, ...first } : each))
    return { ...node, interfaces } as Node
  })
  const slices = slicesOf({ ...asked, nodes }, { a: 'h1', b: 'h1' })
  return slices
    .get('h1')
    ?.nodes.find(({ id }) => id === 'a')
    ?.interfaces.map(({ guards }) => guards.join(' '))
}
const all = 'mac ip arp nd dhcp-server ra'

t.test('an interface is guarded in every way unless it says otherwise', async (t) => {
  t.same(guardsOf({}), [all])
  const off = { mac: '', ip: '', arp: 'off', nd: 'on', dhcpServer: 'off', ra: '' }
  t.same(guardsOf({ antiSpoofing: off }), ['mac ip nd ra'])
  const none = { mac: 'off', ip: 'off', arp: 'off', nd: 'off', dhcpServer: 'off', ra: 'off' }
  t.same(guardsOf({ antiSpoofing: none }), [''])
})

t.test('a node on several links may send what others sent', async (t) => {
  const router = 'mac arp nd dhcp-server ra'
  t.same(guardsOf({}, { 'a-b2': { b: { node: 'b', interface: 5 } } }), [router, router])
})

t.test('what has no addresses to compare with is left out', async (t) => {
  t.same(guardsOf({}, {}, ''), ['mac arp dhcp-server ra'])
  t.same(guardsOf({ antiSpoofing: { mac: '', ip: 'on', arp: '', nd: 'on', dhcpServer: '', ra: '' } }, {}, ''), [
    'mac arp dhcp-server ra',
  ])
})

t.test('own Click and forwarding by the host come to the host as they are', async (t) => {
  const click = 'input -> c :: Counter -> output;\n'
  const asked = create('VNetRequest', {
    name: 'net',
    nodes: [
      { id: 'a', forwarding: 'host', interfaces: [{ index: 0, forwarding: 'click', click }] },
      { id: 'b', interfaces: [{ index: 0, forwarding: 'click' }] },
    ],
    links: [{ id: 'a-b', a: { node: 'a' }, b: { node: 'b' } }],
  })
  const clicked = {
    ...line,
    nodes: line.nodes.map((node) => ({ ...node, datapaths: ['bridge/vxlan', 'click/vxlan'] })),
  }
  const fixed = new Map(['a', 'b'].map((id) => [id, 'h1']))
  const result = embed(clicked, emptyUsage, asked, { fixed })
  if (result.outcome === 'refused') throw result.error
  const { embedding } = result
  const given = { vnet: 'alice.net', embedding, substrate: clicked }
  const allocation = allocate({ ...given, request: asked, taken: takenOf(clicked, []) })
  const slices = compileSlices({ ...given, allocation, inventories, generation: 1, epoch: 1 })
  const [a, b] = slices.get('h1')?.nodes ?? []
  t.match(a, { id: 'a', hypervisor: 'lxc', forwarding: 'host', interfaces: [{ click, forwarding: 'click' }] })
  t.match(b, { id: 'b', forwarding: '', interfaces: [{ click: '', forwarding: 'click' }] })
})

t.test('an image of the catalogue comes with what it is, one of the host’s own with its name alone', async (t) => {
  const images = [create('Image', { name: 'web', url: 'file:///web', sha256: 'a'.repeat(64), format: 'tar' })]
  const graph = { ...line, nodes: line.nodes.map((node) => ({ ...node, images: ['lxc/web', 'lxc/debian'] })) }
  const asked = request({ a: { image: 'web' }, b: { image: 'debian' }, c: {} }, {})
  const result = embed(graph, emptyUsage, asked, { fixed: new Map(['a', 'b', 'c'].map((id) => [id, 'h1'])) })
  if (result.outcome === 'refused') throw result.error
  const { embedding } = result
  const vnet = 'alice.net'
  const allocation = allocate({ vnet, request: asked, embedding, substrate: line, taken: takenOf(line, []) })
  const substrate = { ...line, images }
  const slices = compileSlices({ vnet, embedding, allocation, substrate, inventories, generation: 1, epoch: 1 })
  t.same(
    slices.get('h1')?.nodes.map(({ image, imageSource }) => [image, imageSource]),
    [
      ['web', images[0]],
      ['debian', undefined],
      ['', undefined],
    ],
  )
})
