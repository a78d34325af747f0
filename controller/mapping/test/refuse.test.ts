import t from 'tap'
import type { Init } from '../../../proto/codec.ts'
import type { VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { embed } from '../embed.ts'
import type { EmbedOptions, SubstrateGraph, Usage } from '../mapping.ts'
import { emptyUsage } from '../problem.ts'
import { fabric, gib, host, request, substrate, threeHosts } from './fixtures.ts'
import { randomFrom, randomRequest, randomSubstrate, randomUsage } from './random.ts'

const refused = (graph: SubstrateGraph, asked: VNetRequest, usage: Usage = emptyUsage, options: EmbedOptions = {}) => {
  const result = embed(graph, usage, asked, options)
  if (result.outcome === 'mapped') throw new Error('it was mapped')
  const { code, object, message, hint } = result.error
  return { code, object, message, hint }
}

t.test('what no host has is told with what the best one has', async (t) => {
  const london = { location: { name: 'eu/london', latitude: 51.5, longitude: -0.1 } }
  const graph = substrate(
    [
      host('h1', { ...london, nics: ['eth8'], cpus: 8 }),
      host('h2', { memoryBytes: 2 * gib, cpuMillis: 2000, diskBytes: gib, cpus: 4 }),
    ],
    {},
  )
  const cases: readonly [Init<VNetRequest['nodes'][number]>, RegExp, RegExp][] = [
    [{ memoryBytes: 9 * gib }, /needs 9 GiB of memory; h1 has most, 8 GiB in all/, /at most 8 GiB/],
    [{ diskBytes: 101 * gib }, /needs 101 GiB of disk; h1 has most, 100 GiB/, /at most 100 GiB/],
    [{ cpu: { quotaMillis: 5000 } }, /needs 5 CPU; h1 has most, 4 CPU/, /at most 4 CPU/],
    [{ hypervisor: 'xen' }, /needs the hypervisor xen; none of h1, h2 has it/, /offered there: lxc/],
    [{ image: 'plan9' }, /needs the image "plan9"/, /./],
    [{ location: { name: 'mars' } }, /must be at mars/, /eu\/london/],
    [{ location: { latitude: 48.9, longitude: 2.4, withinKm: 100 } }, /h1, 340 km away/, /allow 340 km/],
    [
      { interfaces: [0, 1].map((index) => ({ index, physical: 'dedicated' })) },
      /needs 2 dedicated .* has most, 1/,
      /at most 1/,
    ],
    [{ interfaces: [{ index: 0, physical: 'shared' }] }, /a shared physical interface/, /none/],
    [
      { interfaces: [{ index: 0, physical: 'dedicated', forwarding: 'click' }] },
      /the data path click/,
      /bridge\/vxlan/,
    ],
    [{ cpu: { pins: '0,9' } }, /pinned to CPU 9; h1 has most, 8/, /some of 0-7/],
    // h1 alone is in London: what h2 has does not count.
    [{ location: { name: 'eu' }, memoryBytes: 9 * gib }, /h1 has most, 8 GiB/, /at most 8 GiB/],
  ]
  for (const [node, message, hint] of cases)
    t.match(refused(graph, request({ other: {}, r1: node })), {
      code: 'admission.never-fits',
      object: 'node/r1',
      message,
      hint,
    })
})

t.test('what no path has is told with what the best one has', async (t) => {
  const graph = substrate([host('h1'), host('h2'), host('h3'), fabric('f')], {
    'h1-h2': { rate: 1e8, delay: 2000 },
    'h1-f': { rate: 1e7, delay: 500 },
    'f-h2': { rate: 1e7, delay: 500 },
  })
  const fixed = new Map([
    ['a', 'h1'],
    ['b', 'h2'],
    ['c', 'h3'],
  ])
  const told = (link: object) => refused(graph, request({ a: {}, b: {} }, { 'a-b': link }), emptyUsage, { fixed })
  t.match(told({ rateAToBBitsPerSecond: 2e8 }), {
    code: 'admission.never-fits',
    object: 'link/a-b',
    message: /needs 200 Mbit\/s from a to b; the widest path has 100 Mbit\/s in all/,
    hint: 'ask for at most 100 Mbit/s',
  })
  t.match(told({ rateBToABitsPerSecond: 2e8 }).message, /needs 200 Mbit\/s from b to a/)
  t.match(told({ rateAToBBitsPerSecond: 5e7, delayMicroseconds: 1000 }), {
    object: 'link/a-b',
    message: /needs 50 Mbit\/s from a to b; the widest path has 10 Mbit\/s/,
  })
  t.match(told({ delayMicroseconds: 900 }), {
    object: 'link/a-b',
    message: /allows 900 us between a and b; the quickest path takes 1 ms/,
    hint: 'allow 1 ms',
  })
  t.match(told({ technology: 'gre' }), { object: 'link/a-b', message: /needs gre between/, hint: /bridge\/vxlan/ })
  t.match(refused(graph, request({ a: {}, c: {} }, { 'a-c': {} }), emptyUsage, { fixed }), {
    object: 'link/a-c',
    message: /no path joins hosts for a and c/,
  })
})

t.test('a technology that finds no way is told with what stands in it and what would do', async (t) => {
  const fixed = new Map([
    ['a', 'h1'],
    ['b', 'h2'],
    ['c', 'h3'],
  ])
  const click = { interfaces: [{ index: 0, forwarding: 'click' }] }
  const told = (graph: SubstrateGraph, technology: string, [a, b]: readonly string[] = ['a', 'b']) => {
    const ends = { a: { node: a ?? '', interface: 0 }, b: { node: b ?? '', interface: 0 } }
    const asked = request({ [a ?? '']: click, [b ?? '']: click }, { link: { ...ends, technology } })
    return refused(graph, asked, emptyUsage, { fixed })
  }
  const everything = ['vxlan', 'gre', 'vlan', 'mpls', 'etherip', 'ipip'].map((name) => `click/${name}`)
  const able = (id: string, tunnelPrefix = '', datapaths = everything) => host(id, { datapaths, tunnelPrefix })
  const [h1, h2, h3] = [able('h1', '198.18.1.0/24'), able('h2'), able('h3', '198.18.3.0/24')]

  const acrossFabric = substrate([h1, h2, fabric('wan')], { 'h1-wan': {}, 'wan-h2': {} })
  t.match(told(acrossFabric, 'vlan'), {
    code: 'admission.never-fits',
    object: 'link/link',
    message:
      'link link needs vlan between a and b; it stays on one Ethernet segment, and every path crosses a routed network (wan)',
    hint: 'technology vxlan, gre',
  })
  t.match(told(acrossFabric, 'ipip'), {
    message: /outer addresses are of the hosts' tunnel prefixes, and h2 has none/,
    hint: 'tunnel_prefix for these hosts in the substrate; or technology vxlan, gre',
  })
  t.match(told(acrossFabric, 'qinq'), {
    message: /no host that would do has it for a by click, nor for b by click/,
    hint: /offered: click\/etherip, .*; or technology vxlan, gre/,
  })
  const relayed = (relay: ReturnType<typeof host>) => substrate([h1, relay, h3], { 'h1-h2': {}, 'h2-h3': {} })
  t.match(told(relayed(able('h2', '198.18.2.0/24', ['bridge/mpls'])), 'mpls', ['a', 'c']), {
    message: /hosts on the way have no data path that relays it/,
    hint: 'click/mpls on them',
  })
  t.match(told(relayed(h2), 'etherip', ['a', 'c']).message, /and h2 has none/, 'a relay needs addresses too')
  const narrow = { ...relayed(h2), carried: new Map([['h2-h3', new Set(['vlan'])]]) }
  t.match(told(narrow, 'vxlan', ['a', 'c']), { message: /NICs on the way cannot carry it/, hint: 'technology vlan' })
})

t.test('what others hold is refused for now only', async (t) => {
  const usage: Usage = {
    ...emptyUsage,
    memoryBytes: new Map(['h1', 'h2', 'h3'].map((id, i) => [id, (7 - i) * gib])),
    rateBitsPerSecond: new Map([['h1-f/ab', 9e8]]),
  }
  t.match(refused(threeHosts(), request({ a: { memoryBytes: 4 * gib } }), usage), {
    code: 'admission.not-now',
    object: 'node/a',
    message: /needs 4 GiB of memory; h3 has most, 3 GiB free/,
  })
  const fixed = new Map([
    ['a', 'h1'],
    ['b', 'h2'],
  ])
  t.match(
    refused(threeHosts(), request({ a: {}, b: {} }, { 'a-b': { rateAToBBitsPerSecond: 2e8 } }), usage, { fixed }),
    {
      code: 'admission.not-now',
      object: 'link/a-b',
      message: /the widest path has 100 Mbit\/s free/,
    },
  )
  t.match(refused(threeHosts(), request({ a: {} }), emptyUsage, { excluded: new Set(['h1', 'h2', 'h3']) }), {
    code: 'admission.not-now',
    object: 'node/a',
    message: /away or drained/,
    hint: /h1, h2, h3/,
  })
})

t.test('a host that is away is named where it alone would make room', async (t) => {
  const nodes = Object.fromEntries(['a', 'b', 'c'].map((id) => [id, { memoryBytes: 5 * gib }]))
  t.match(refused(threeHosts(), request(nodes), emptyUsage, { excluded: new Set(['h2']) }), {
    code: 'admission.not-now',
    object: 'host/h2',
  })
})

t.test('what fits alone and not together names what binds', async (t) => {
  const nodes = Object.fromEntries(['a', 'b', 'c', 'd'].map((id) => [id, { memoryBytes: 5 * gib }]))
  t.match(refused(threeHosts(), request(nodes)), {
    code: 'admission.never-fits',
    object: 'node/a',
    message: /needs 5 GiB of memory beside the other nodes/,
  })
  const many = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`n${i}`, { cpu: { quotaMillis: 2000 } }]))
  t.match(refused(threeHosts(), request(many)), {
    code: 'admission.never-fits',
    object: '',
    message: /the 10 nodes need 20 CPU together; the hosts have 12 CPU in all/,
  })
  const pieces = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`n${i}`, { memoryBytes: 3 * gib }]))
  t.match(refused(threeHosts(), request(pieces)), { object: 'node/n0', message: /3 GiB of memory beside/ })
  const split = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`n${i}`, { memoryBytes: 4.5 * gib }]))
  t.match(refused(threeHosts(), request(split)), {
    object: '',
    message: /the 5 nodes need 22.5 GiB of memory together; the hosts have 24 GiB in all, not in pieces/,
  })
  const wide = request(
    { a: { memoryBytes: 3 * gib }, b: { memoryBytes: 3 * gib }, c: { memoryBytes: 3 * gib } },
    { 'a-b': { rateAToBBitsPerSecond: 2e9 }, 'b-c': { rateAToBBitsPerSecond: 2e9 } },
  )
  t.match(refused(threeHosts(), wide), { object: 'link/a-b', message: /2 Gbit\/s from a to b beside the other links/ })
  const apart = request(
    { a: { memoryBytes: 5 * gib }, b: { memoryBytes: 5 * gib } },
    { 'a-b': { rateAToBBitsPerSecond: 2e9 } },
  )
  t.match(refused(threeHosts(), apart), {
    object: 'link/a-b',
    message: /2 Gbit\/s from a to b; the widest path has 1 Gbit/,
  })
})

t.test('two constraints that bind at once are both told', async (t) => {
  const nodes = Object.fromEntries(
    Array.from({ length: 4 }, (_, i) => [`n${i}`, { memoryBytes: 5 * gib, cpu: { quotaMillis: 3000 } }]),
  )
  const { message } = refused(threeHosts(), request(nodes))
  t.match(message, /CPU/)
  t.match(message, /memory bind as well/)
})

t.test('a substrate without hosts says so', async (t) => {
  t.match(refused({ nodes: [], links: [] }, request({ a: {} })), { code: 'admission.never-fits', message: /no host/ })
})

t.test('a node that must stay where no host is says so', async (t) => {
  t.match(refused(threeHosts(), request({ a: {} }), emptyUsage, { fixed: new Map([['a', 'h9']]) }), {
    object: 'node/a',
    message: /must stay where it is, which is no host/,
  })
})

t.test('the one constraint that was broken is the one that is named', async (t) => {
  const breakages: Readonly<Record<string, Init<VNetRequest['nodes'][number]>>> = {
    memory: { memoryBytes: 2 ** 50 },
    disk: { diskBytes: 2 ** 50 },
    CPU: { cpu: { count: 1, quotaMillis: 2_000_000_000 } },
    'hypervisor kvm': { hypervisor: 'kvm' },
    'image "none"': { image: 'none' },
    'must be at': { location: { name: 'nowhere' } },
  }
  let broken = 0
  for (let seed = 1; seed <= 400; seed++) {
    const random = randomFrom(seed)
    const graph = randomSubstrate(random, { hosts: 6, others: 3 })
    const usage = randomUsage(random, graph)
    const fits = randomRequest(random, 6)
    if (embed(graph, usage, fits).outcome === 'refused') continue
    const victim = random.pick(fits.nodes)
    const word = random.pick(Object.keys(breakages))
    const nodes = fits.nodes.map((node) => (node === victim ? ({ ...node, ...breakages[word] } as typeof node) : node))
    const { code, object, message } = refused(graph, { ...fits, nodes }, usage)
    broken++
    if (code !== 'admission.never-fits' || object !== `node/${victim.id}` || !message.includes(word))
      t.fail(`seed ${seed}: ${word} of ${victim.id} was broken, and ${code} says: ${object} ${message}`)
  }
  t.ok(broken > 50, `${broken} requests were broken`)
})

t.test('an object that is named is one without which the request fits, or that fits nowhere by itself', async (t) => {
  let named = 0
  for (let seed = 5001; seed <= 5600; seed++) {
    const random = randomFrom(seed)
    const { nodes, links, carried } = randomSubstrate(random, { hosts: 5, others: 3 })
    // A node without its links would not need a data path either: that is not what is asked here.
    const datapaths = ['bridge/vxlan', 'bridge/gre', 'click/vxlan', 'click/gre', 'click/ipip']
    const graph = { nodes: nodes.map((node) => ({ ...node, datapaths })), links, ...(carried && { carried }) }
    const usage = randomUsage(random, graph)
    const asked = randomRequest(random, 5)
    const result = embed(graph, usage, asked)
    if (result.outcome === 'mapped' || result.error.object === '') continue
    const base = result.error.code === 'admission.not-now' ? usage : emptyUsage
    const fits = (keep: (object: string) => boolean): boolean => {
      const nodes = asked.nodes.filter(({ id }) => keep(`node/${id}`))
      const ids = new Set(nodes.map(({ id }) => id))
      const links = asked.links.filter(
        ({ id, a, b }) => keep(`link/${id}`) && ids.has(a?.node ?? '') && ids.has(b?.node ?? ''),
      )
      return embed(graph, base, { ...asked, nodes, links }).outcome === 'mapped'
    }
    const { object, message } = result.error
    const ends = asked.links.filter(({ id }) => object === `link/${id}`).flatMap(({ a, b }) => [a?.node, b?.node])
    const parts = [object, ...ends.map((end) => `node/${end}`)]
    const objects = [...asked.nodes.map(({ id }) => `node/${id}`), ...asked.links.map(({ id }) => `link/${id}`)]
    const decisive = objects.filter((one) => fits((other) => other !== one))
    named++
    if (!decisive.includes(object) && fits((other) => parts.includes(other)))
      t.fail(`seed ${seed}: ${message}; not ${decisive.join(', ')}`)
  }
  t.ok(named > 50, `${named} refusals named one`)
})
