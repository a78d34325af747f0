import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Impairment, Interface, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { validateRequest } from '../validate.ts'
import { createRandom, type Random, randomRequest } from './random.ts'

const request = (init: Init<VNetRequest>): VNetRequest =>
  create('VNetRequest', { name: 'shop', nodes: [{ id: 'a' }], ...init })

t.test('lifetime, priority, placement and affinity of a message are held against their rules', async (t) => {
  const found = validateRequest(
    request({
      nodes: [{ id: 'a' }, { id: 'b' }],
      lifetimeSeconds: 2 ** 52,
      priority: -1001,
      placement: 'near',
      affinity: [{ kind: 'beside', nodes: ['a', 'b'] }, { kind: 'apart' }, { kind: 'together', nodes: ['a', 'c'] }],
    }),
    (path) => path,
  )
  t.same(
    found.map(({ where }) => where),
    ['lifetimeSeconds', 'priority', 'placement', 'affinity[0]', 'affinity[1]', 'affinity[2].nodes[1]'],
  )
  t.match(validateRequest(request({ affinity: Array(1001).fill({ kind: 'apart', nodes: ['a', 'a'] }) })), [
    { message: 'the request has 1001 rules of affinity', hint: 'at most 1000' },
  ])
})

t.test('a message is held against the same rules as a file', async (t) => {
  t.same(validateRequest(request({})), [])
  const broken = request({
    name: 'Not a name\n',
    prefix: '10.0.0.0/8',
    nodes: [
      {
        id: 'a',
        memoryBytes: 5,
        cpu: { count: 2000, shares: 1, pins: '3-1' },
        hypervisor: 'vmware',
        restartPolicy: 'sometimes',
        recovery: 'by-prayer',
        allocation: 'later',
      },
      {
        id: 'a',
        image: '../../etc/passwd',
        location: { withinKm: Number.NaN },
        cpu: { count: 2, quotaMillis: 1500, pins: '7' },
      },
      {
        id: 'b',
        interfaces: [
          { index: 1000, forwarding: 'router', physical: 'virtual', addresses: Array(17).fill('10.9.0.1/24') },
          { index: 1000 },
        ],
      },
    ],
    links: [
      { id: '' },
      { id: 'l', a: { node: 'a', interface: 0 }, b: { node: 'zz', interface: 0 }, technology: 'smoke' },
      { id: 'l', a: { node: 'a', interface: 0 }, b: { node: 'b', interface: 5000 } },
    ],
  })
  const found = validateRequest(broken, (path) => `<${path}>`)
  t.ok(found.every(({ code, where, object }) => code === 'request.invalid' && where !== '' && object.includes('/')))
  const shown = new Set(found.map(({ where, message }) => `${where} ${message}`))
  for (const expected of [
    '<name> "Not a name\\n" is not a name for a VNet',
    '<nodes[0].memoryBytes> 5 bytes of memory are too few or too many',
    '<nodes[0].cpu> 2000 virtual CPUs are too many',
    '<nodes[0].cpu> CPU shares cannot be 1',
    '<nodes[0].cpu.pins> "3-1" is no set of CPUs',
    '<nodes[1].cpu.pins> 1.5 CPUs are guaranteed to a node that is pinned to 1',
    '<nodes[0].hypervisor> there is no hypervisor "vmware"',
    '<nodes[0].restartPolicy> there is no restart policy "sometimes"',
    '<nodes[0].recovery> there is no recovery "by-prayer"',
    '<nodes[0].allocation> there is no allocation "later"',
    '<nodes[1]> two nodes are called "a"',
    '<nodes[1].image> "../../etc/passwd" is not a name for an image',
    '<nodes[1].location> a location names no place',
    '<nodes[1].location.withinKm> a distance cannot be NaN km',
    '<nodes[2].interfaces[0]> interface 1000 is out of range',
    '<nodes[2].interfaces[1]> interface 1000 stands twice',
    '<nodes[2].interfaces[0].forwarding> there is no forwarding "router"',
    '<nodes[2].interfaces[0].physical> there is no physical interface "virtual"',
    '<nodes[2].interfaces[0]> interface 1000 has 17 addresses',
    '<links[0]> "" is not a name for a link',
    '<links[0].a> the link has no end a',
    '<links[1].b> there is no node "zz"',
    '<links[1].technology> there is no technology "smoke"',
    '<links[2]> two links are called "l"',
    '<links[2].a> both ends are a.0',
    '<links[2].b> interface b.5000 is out of range',
  ]) {
    t.ok(shown.has(expected), expected, { shown: [...shown] })
  }
})

t.test('technologies that a bridge cannot carry need click at both ends', async (t) => {
  const linked = (technology: string, a: string, b: string, address = '') =>
    validateRequest(
      request({
        nodes: [
          { id: 'a', interfaces: [{ index: 0, forwarding: a, addresses: address ? [`${address}1/64`] : [] }] },
          { id: 'b', interfaces: [{ index: 0, forwarding: b, addresses: address ? [`${address}2/64`] : [] }] },
        ],
        links: [{ id: 'l', a: { node: 'a' }, b: { node: 'b' }, technology }],
      }),
    ).map(({ message }) => message)
  for (const technology of ['ipip', 'etherip', 'mpls']) {
    t.equal(linked(technology, '', 'bridge').length, 2, technology)
    t.match(linked(technology, 'click', ''), [new RegExp(`${technology} cannot be bridged at b.0`)])
    t.same(linked(technology, 'click', 'click'), [])
  }
  for (const technology of ['', 'any', 'vxlan', 'gre', 'vlan', 'qinq'])
    t.same(linked(technology, '', 'click'), [], technology)
  t.match(linked('ipip', 'click', 'click', 'fd00::'), [/IPv4 alone/])
})

t.test('a message cannot bring what a file could not', async (t) => {
  const node = (interfaces: Init<Interface>[], forwarding = '') => ({ id: 'a', forwarding, interfaces })
  const messages = (init: Init<VNetRequest>) => validateRequest(request(init)).map(({ message }) => message)
  t.match(messages({ nodes: [node([{ index: 0, antiSpoofing: { nd: 'maybe' } }])] }), [
    /no anti-spoofing of nd "maybe"/,
  ])
  t.match(messages({ nodes: [node([], 'nobody')] }), [/no forwarding "nobody"/])
  const click = (text: string) => messages({ nodes: [node([{ index: 0, forwarding: 'click', click: text }])] })
  t.same(click('input -> output'), [])
  t.match(click('input -> ToHost; Idle -> output'), [/^a.0.click:1: 'ToHost@1 :: ToHost' cannot stand/])
  t.match(click(`input -> output //${'x'.repeat(16384)}`), [/^a.0.click:1: 16402 bytes are too many/])
  t.match(click('input -> output // \u001b[2J'), [/holds control characters/])
  t.ok(click(`input ${'-> Foo '.repeat(50)} -> output`).length <= 10)
  const ends = { a: { node: 'a' }, b: { node: 'a', interface: 1 } }
  const impaired = (impairmentAToB: Init<Impairment>) => messages({ links: [{ id: 'l', ...ends, impairmentAToB }] })
  t.same(impaired({ lossMillionths: 10 ** 6, delayMicroseconds: 6e7, jitterMicroseconds: 6e7 }), [])
  t.match(impaired({ lossMillionths: 10 ** 6 + 1 }), ['loss cannot be 100.0001 %'])
  t.match(impaired({ delayMicroseconds: 6e7 + 1 }), [/delay of an impairment cannot be 60000001 us/])
})

t.test('Click, all of it, counts in the size of a request', async (t) => {
  const click = `input -> output // ${'x'.repeat(16_000)}`
  const nodes = Array.from({ length: 9 }, (_, i) => ({
    id: `n${i}`,
    interfaces: [{ index: 0, forwarding: 'click', click }],
  }))
  t.match(validateRequest(request({ nodes })), [{ code: 'request.too-large', message: /and Click, have/ }])
})

t.test('what is not built by some provider is not refused here', async (t) => {
  const click = request({ nodes: [{ id: 'a', hypervisor: 'xen', interfaces: [{ index: 0, forwarding: 'click' }] }] })
  t.same(validateRequest(click), [])
})

t.test('addresses: networks outside may be shared by physical interfaces, not by links', async (t) => {
  const physical = ['10.9.0.1/24', '10.9.0.2/24'].map((address, i) => ({
    id: `n${i}`,
    interfaces: [{ index: 0, physical: 'shared', addresses: [address] }],
  }))
  t.same(validateRequest(request({ nodes: physical })), [])
  const loose = physical.map((node) => ({ ...node, interfaces: node.interfaces.map((i) => ({ ...i, physical: '' })) }))
  t.match(validateRequest(request({ nodes: loose })), [
    { object: 'node/n1', message: /interface n1.0 overlaps .* of interface n0.0/ },
  ])
})

t.test('ends that share one subnet of several are right', async (t) => {
  const addresses = (...pairs: string[][]) =>
    validateRequest(
      request({
        nodes: pairs.map((each, i) => ({ id: `n${i}`, interfaces: [{ index: 0, addresses: each }] })),
        links: [{ id: 'l', a: { node: 'n0' }, b: { node: 'n1' } }],
      }),
    ).map(({ message }) => message)
  t.same(addresses(['10.0.0.1/30', 'fd00::1/64'], ['fd00::2/64']), [])
  t.same(addresses(['10.0.0.0/31'], ['10.0.0.1/31']), [])
  t.match(addresses(['10.0.0.1/30'], ['10.0.0.2/29']), [/share no subnet/])
  t.match(addresses(['10.0.0.1/30'], ['fd00::2/64']), [/share no subnet/])
})

t.test('the prefix must have room beside the addresses that were given', async (t) => {
  const line = (length: number, prefix: string, addresses: readonly string[] = []) =>
    validateRequest(
      request({
        prefix,
        nodes: Array.from({ length: length + 1 }, (_, i) => ({
          id: `n${i}`,
          interfaces:
            i < 2 && addresses.length > 0 ? [{ index: i === 0 ? 1 : 0, addresses: [addresses[i] ?? ''] }] : [],
        })),
        links: Array.from({ length }, (_, i) => ({
          id: `l${i}`,
          a: { node: `n${i}`, interface: 1 },
          b: { node: `n${i + 1}`, interface: 0 },
        })),
      }),
    ).map(({ message }) => message)
  t.same(line(4, '10.0.0.0/28'), [])
  t.match(line(5, '10.0.0.0/28'), [/room for 4 of the 5 links/])
  t.same(line(4, '10.0.0.0/28', ['10.0.0.5/30', '10.0.0.6/30']), [])
  t.match(line(4, '10.0.0.0/28', ['10.0.0.1/29', '10.0.0.2/29']), [/room for 2 of the 3 links/])
  t.same(line(9, ''), [], 'without a prefix links have no addresses')
  t.same(line(900, '10.0.0.0/8'), [])
})

/** Values that no file could bring, at any place of the message. */
const spoil = (value: unknown, random: Random): unknown => {
  if (Array.isArray(value)) {
    const items = value.map((item) => spoil(item, random))
    return random.chance(0.1) ? [...items, ...items] : items
  }
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => typeof member !== 'object' || Array.isArray(member) || random.chance(0.9))
        .map(([key, member]) => [key, spoil(member, random)]),
    )
  }
  if (random.chance(0.9)) return value
  if (typeof value === 'number') return random.pick([0, 1, 0xffffffff, Number.MAX_SAFE_INTEGER, value + 1])
  return random.pick([
    '',
    'a',
    '__proto__',
    'a\0b',
    '\ud800',
    '::/0',
    '0.0.0.0/0',
    '10.0.0.1/32',
    'ipip',
    '🙂'.repeat(500),
  ])
}

t.test('no message makes the check fail, and every error has its object and reason', async (t) => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = createRandom(seed)
    const spoilt = spoil(randomRequest(random), random) as VNetRequest
    for (const { code, object, message } of validateRequest(spoilt)) {
      if (!/^request\./.test(code) || !/^(vnet|node|link)\//.test(object) || message === '')
        t.fail(`seed ${seed}`, { object })
    }
  }
  t.pass('2000 messages')
})
