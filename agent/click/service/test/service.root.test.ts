/** Routers that stay: what they do, what they refuse, and what they leave alone. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { until } from '../../../../native/test/support/process.ts'
import { exit, mov } from '../../../ebpf/asm/asm.ts'
import { attachedFilters, attachFilter } from '../../../ebpf/clsact.ts'
import { have, missing } from '../../../ebpf/features.ts'
import { listPins } from '../../../ebpf/pins.ts'
import { loadProgram } from '../../../ebpf/program.ts'
import { readConfiguration } from '../configuration.ts'
import { namespaceId } from '../namespace.ts'
import { pinsOf } from '../places.ts'
import { type ClickService, clickService } from '../service.ts'
import { countArriving } from './flood.ts'
import { openSender } from './sender.ts'
import { type Lines, makeLines, run } from './support.ts'

t.setTimeout(300_000)
const skip = missing('bpf')?.message ?? false

const click = (text: string) => readConfiguration(text, 'test.click')

const forwarder = 'FromDevice(a1) -> c :: Counter -> Queue -> out :: ToDevice(b1)'

const send = async (lines: Lines, device: string, count: number): Promise<void> => {
  const sender = openSender(lines.path, await lines.index(device))
  sender.send(count)
  sender.close()
}

const open = async (t: Test, names?: readonly string[]): Promise<{ lines: Lines; service: ClickService }> => {
  const lines = await makeLines(t, names)
  return { lines, service: clickService(lines.places) }
}

const clsactOf = async ({ route }: Lines, interfaceIndex: number): Promise<boolean> =>
  (await route.qdiscs()).some(({ index, options }) => index === interfaceIndex && options.kind === 'clsact')

for (const attach of ['auto', 'clsact']) {
  t.test(`a router forwards, counts, and leaves nothing when it is taken down: ${attach}`, { skip }, async (t) => {
    const { lines, service } = await open(t)
    const arrived = await countArriving(t, lines, 'b0')
    const router = await service.up('edge.1', click(forwarder.replace('a1', `a1, ATTACH ${attach}`)))
    t.match(router, { name: 'edge.1', state: 'running', generation: 1, attachments: [{ device: 'a1' }] })
    t.same(await service.list(), [router])
    await send(lines, 'a0', 7)
    t.ok(await until(() => arrived() === 7), 'frames arrive')
    t.equal(await service.read('edge.1', 'c.count'), '7')
    await service.write('edge.1', 'c.reset', '')
    t.equal(await service.read('edge.1', 'c.count'), '0')
    const elements = await service.elements('edge.1')
    t.same(
      elements.map((element) => `${element.name} ${element.class}`),
      ['FromDevice@1 FromDevice', 'c Counter', 'Queue@3 Queue', 'out ToDevice'],
    )
    const handlers = new Map(elements[1]?.handlers.map((handler) => [handler.name, handler]))
    t.same(handlers.get('count'), { name: 'count', read: true, write: false, query: false })
    t.same(handlers.get('reset'), { name: 'reset', read: false, write: true, query: false })
    await service.down('edge.1')
    t.same(await service.list(), [])
    t.same(listPins(pinsOf(lines.places, 'edge.1')), [])
    t.equal(await clsactOf(lines, await lines.index('a1')), false)
    const free = await countArriving(t, lines, 'a1')
    await send(lines, 'a0', 3)
    t.ok(await until(() => free() === 3), 'its packets are free again')
    t.equal(arrived(), 7)
    await t.rejects(service.down('edge.1'), { code: 'router.unknown' })
    await t.rejects(service.read('edge.1', 'c.count'), { code: 'router.unknown' })
    t.equal(await service.adopt('edge.1'), undefined)
  })
}

t.test(
  'what a configuration string says is kept where it still says so, what was counted in any case',
  { skip },
  async (t) => {
    const { lines, service } = await open(t)
    const text = (first: number, second: number) =>
      `FromDevice(a1) -> c :: Counter -> s :: Switch(${first}); s[0] -> p :: Paint(${second}) -> Discard; s[1] -> Idle; s[2] -> Discard`
    await service.up('r', click(text(0, 1)))
    await send(lines, 'a0', 5)
    t.ok(await until(() => true))
    await service.write('r', 's.switch', '2')
    await service.write('r', 'p.color', '9')
    const router = await service.swap('r', click(text(0, 7)))
    t.equal(router.generation, 2)
    t.equal(await service.read('r', 'c.count'), '5')
    t.equal(await service.read('r', 's.switch'), '2', 'the same string: what was written goes on')
    t.equal(await service.read('r', 'p.color'), '7', 'another string counts')
    await service.swap('r', click(text(0, 7).replace('c :: Counter', 'c :: Null')))
    await t.rejects(service.read('r', 'c.count'), { code: 'config.invalid' })
    await service.swap('r', click(text(0, 7)))
    t.equal(await service.read('r', 'c.count'), '0', 'nothing comes from an element of another class')
    await service.down('r')
  },
)

t.test('a swap that fails leaves the old one, and says where it is wrong', { skip }, async (t) => {
  const { lines, service } = await open(t)
  await service.up('r', click(forwarder))
  await send(lines, 'a0', 2)
  const before = await service.list()
  const pins = readdirSync(pinsOf(lines.places, 'r'))
  for (const [text, error] of [
    ['\nFromDevice(a1) -> Queue -> ToDevice(nowhere)', { code: 'nic.unknown', where: 'test.click:2' }],
    ['\n\nFromDevice(a1) -> Truncate(4) -> Discard', { code: 'not-supported', where: 'test.click:3' }],
    [
      'FromDevice(a1, ATTACH xdp) -> Discard; FromDevice(lo, ATTACH xdp) -> Discard',
      { code: 'not-supported', object: 'nic/lo', message: /^ATTACH xdp at lo is not supported: / },
    ],
  ] as const) {
    await t.rejects(service.swap('r', click(text)), error, text)
    t.same(await service.list(), before)
    t.same(readdirSync(pinsOf(lines.places, 'r')), pins)
  }
  t.throws(() => click('FromDevice(a1) -> Nothing -> Discard'), { code: 'config.invalid', message: /^test\.click:1: / })
  await send(lines, 'a0', 1)
  t.ok(await until(() => true))
  t.equal(await service.read('r', 'c.count'), '3')
  await service.down('r')
})

t.test('two routers do not disturb each other, and do not share the packets of a device', { skip }, async (t) => {
  const { lines, service } = await open(t)
  await service.up('one', click('FromDevice(a1) -> c :: Counter -> Discard'))
  await service.up('two', click('FromDevice(b1) -> c :: Counter -> Discard'))
  await t.rejects(service.up('two', click('Idle -> Discard')), { code: 'router.exists' })
  await t.rejects(service.up('three', click('\nFromDevice(a1, ATTACH clsact) -> Discard')), {
    code: 'nic.taken',
    where: 'test.click:2',
    message: /router one/,
  })
  await t.rejects(service.swap('two', click('FromDevice(a1) -> Discard')), { code: 'nic.taken' })
  await send(lines, 'a0', 2)
  await send(lines, 'b0', 3)
  t.equal(await service.read('one', 'c.count'), '2')
  t.equal(await service.read('two', 'c.count'), '3')
  await service.down('one')
  await send(lines, 'b0', 1)
  t.equal(await service.read('two', 'c.count'), '4')
  t.match(await service.list(), [{ name: 'two', state: 'running' }])
  await service.down('two')
})

t.test('what is not the routers’ is left alone', { skip }, async (t) => {
  const { lines, service } = await open(t)
  const a1 = await lines.index('a1')
  const foreign = loadProgram({ name: 'foreign', kind: 'tc', instructions: [mov('r0', -1), exit()] })
  t.teardown(() => foreign.close())
  await attachFilter(lines.route, foreign, { interfaceIndex: a1, direction: 'egress', priority: 7, handle: 1 })
  await service.up('r', click('FromDevice(a1, ATTACH clsact) -> c :: Counter -> Discard'))
  await send(lines, 'a0', 1)
  t.equal(await service.read('r', 'c.count'), '1')
  const ours = (await attachedFilters(lines.route, a1, 'ingress'))[0]
  await service.down('r')
  t.same(await attachedFilters(lines.route, a1, 'ingress'), [])
  t.equal((await attachedFilters(lines.route, a1, 'egress')).length, 1, 'the filter of somebody else')
  t.equal(await clsactOf(lines, a1), true, 'and what it hangs at')

  const place = {
    interfaceIndex: a1,
    direction: 'ingress',
    priority: ours?.priority ?? 0,
    handle: ours?.handle ?? 0,
  } as const
  await attachFilter(lines.route, foreign, place)
  await t.rejects(service.up('r', click('FromDevice(a1, ATTACH clsact) -> Discard')), { code: 'nic.taken' })
  t.match(await attachedFilters(lines.route, a1, 'ingress'), [{ programId: foreign.id }])
  t.same(await service.list(), [])

  const pins = pinsOf(lines.places, 'theirs')
  mkdirSync(join(pins, 'g1'), { recursive: true })
  await t.rejects(service.up('theirs', click(forwarder)), { code: 'object.foreign' })
  t.same(readdirSync(pins), ['g1'])
})

t.test('names are checked', { skip }, async (t) => {
  const { service } = await open(t, [])
  for (const name of ['', '.', '..', '.r', 'a/b', 'a b', '-a', 'a\0', 'a'.repeat(129), `a${'.'.repeat(127)}`]) {
    await t.rejects(service.up(name, click('Idle -> Discard')), { code: 'config.invalid' }, name)
    await t.rejects(service.down(name), { code: 'config.invalid' }, name)
    await t.rejects(service.read(name, 'c.count'), { code: 'config.invalid' }, name)
    await t.rejects(service.adopt(name), { code: 'config.invalid' }, name)
  }
})

t.test('a router whose interface goes and comes is adopted whole', { skip }, async (t) => {
  const { lines, service } = await open(t)
  await service.up('r', click(forwarder))
  await send(lines, 'a0', 4)
  await lines.route.deleteLink('a1')
  t.match(await service.list(), [{ state: 'degraded', attachments: [{ state: 'interface gone' }] }])
  t.equal(await service.read('r', 'c.count'), '4', 'what it counted is there')
  await t.rejects(service.adopt('r'), { code: 'nic.unknown', where: 'test.click:1' })
  await lines.route.addLink({ name: 'a0', info: { kind: 'veth', peer: { name: 'a1' } } })
  await lines.route.setLink('a0', { up: true, addressGeneration: 1 })
  await lines.route.setLink('a1', { up: true, addressGeneration: 1 })
  t.match(await service.adopt('r'), { state: 'running', generation: 2 })
  await send(lines, 'a0', 1)
  t.equal(await service.read('r', 'c.count'), '5')
  t.match(await service.adopt('r'), { generation: 2 }, 'what is whole stays as it is')
  await service.down('r')
})

t.test('records and pins that are lost, damaged or of other versions are told apart', { skip }, async (t) => {
  const { lines, service } = await open(t)
  const { directory } = lines.places
  const file = join(directory, 'r.json')
  await service.up('r', click(forwarder))
  const record = JSON.parse(readFileSync(file, 'utf8'))

  writeFileSync(file, JSON.stringify({ ...record, version: 99 }))
  t.match(await service.list(), [{ name: 'r', state: 'broken', problem: /newer version/ }])
  await t.rejects(service.down('r'), { code: 'not-supported' })
  writeFileSync(file, '{')
  t.match(await service.list(), [{ name: 'r', state: 'damaged', problem: /damaged/ }])
  await t.rejects(service.read('r', 'c.count'), { code: 'router.broken' })

  writeFileSync(file, JSON.stringify({ ...record, current: { ...record.current, digest: 'other' } }))
  await t.rejects(service.read('r', 'c.count'), { code: 'router.broken', hint: /swap/ })
  t.match(await service.swap('r', click(forwarder)), { state: 'running', generation: 2 })
  t.equal(await service.read('r', 'c.count'), '0')

  await run('rm', ['-r', pinsOf(lines.places, 'r')])
  t.match(await service.list(), [{ state: 'lost' }])
  t.match(await service.adopt('r'), { state: 'running' }, 'made anew from the record')
  await send(lines, 'a0', 1)
  t.equal(await service.read('r', 'c.count'), '1')
  await service.down('r')
  t.same(readdirSync(directory), ['.lock'])
})

t.test('the pins of another layout are found and taken away', { skip }, async (t) => {
  const { lines, service } = await open(t)
  const { directory } = lines.places
  await service.up('r', click('FromDevice(a1) -> Discard; FromDevice(b1, ATTACH clsact) -> Discard'))
  const file = join(directory, 'r.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), layout: 0 }))
  const old = pinsOf(lines.places, 'r', 0)
  mkdirSync(join(old, '..'), { recursive: true })
  await run('mv', [pinsOf(lines.places, 'r'), old])
  t.match(await service.list(), [{ name: 'r', state: 'running' }])
  await t.rejects(service.read('r', 'FromDevice@1.count'), { code: 'router.broken' })
  await service.down('r')
  t.same(listPins(old), [])
  t.equal(await clsactOf(lines, await lines.index('b1')), false)
  const free = await countArriving(t, lines, 'a1')
  await send(lines, 'a0', 1)
  t.ok(await until(() => free() === 1))
})

t.test('a swap makes a router of another layout anew', { skip }, async (t) => {
  const { lines, service } = await open(t)
  await service.up('r', click(forwarder))
  const file = join(lines.places.directory, 'r.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), layout: 0 }))
  const old = pinsOf(lines.places, 'r', 0)
  mkdirSync(join(old, '..'), { recursive: true })
  await run('mv', [pinsOf(lines.places, 'r'), old])
  t.match(await service.swap('r', click(forwarder)), { state: 'running', generation: 1 })
  t.same(listPins(old), [])
  await send(lines, 'a0', 2)
  t.equal(await service.read('r', 'c.count'), '2')
  await service.down('r')
})

t.test('a router of which all is gone is in nobody’s way', { skip }, async (t) => {
  const { lines, service } = await open(t)
  for (const attach of ['auto', 'clsact']) {
    const other = await makeLines(t)
    const away = clickService({ ...lines.places, namespace: other.path })
    const text = `FromDevice(a1, ATTACH ${attach}) -> c :: Counter -> Discard`
    await away.up('r', click(text))
    await t.rejects(service.up('r', click(text)), { code: 'router.exists' })
    await other.route.deleteLink('a1')
    // The number of a namespace comes again, once it is gone, and those of interfaces in it.
    const file = join(lines.places.directory, 'r.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace(namespaceId(other.path), namespaceId(lines.path)))
    t.match(await service.up('s', click(text)), { state: 'running' })
    await service.down('s')
    // A link knows that it is dead; a filter is only not there.
    if (attach === 'auto' && have('tcx'))
      t.match(await service.up('r', click(text)), { state: 'running', generation: 1 })
    await service.down('r')
  }
})

t.test('a router whose network namespace is gone can be taken down', { skip }, async (t) => {
  const one = await open(t)
  const other = await makeLines(t)
  const away = clickService({ ...one.lines.places, namespace: other.path })
  await away.up('away', click('FromDevice(a1) -> Discard; FromDevice(b1, ATTACH clsact) -> Discard'))
  await one.service.up('here', click('FromDevice(a1) -> Discard'))
  t.match(await one.service.list(), [{ name: 'away', state: 'running' }, { name: 'here' }], 'the same index elsewhere')
  await other.end()
  t.ok(await until(() => true))
  const isGone = async () => (await one.service.list())[0]?.state === 'degraded'
  for (let i = 0; i < 100 && !(await isGone()); i++) await new Promise((resolve) => setTimeout(resolve, 50))
  t.match(await one.service.list(), [
    { name: 'away', state: 'degraded' },
    { name: 'here', state: 'running' },
  ])
  await t.rejects(one.service.swap('away', click('Idle -> Discard')), { code: 'router.broken' })
  await one.service.down('away')
  await one.service.down('here')
  t.same(readdirSync(one.lines.places.directory), ['.lock'])
})

t.test('the host sends into an interface that the router made', { skip }, async (t) => {
  const { lines, service } = await open(t, [])
  const names = async () => (await lines.route.links()).map(({ name }) => name)
  // Kernels with tunnels of their own make some in each namespace.
  const before = await names()
  const text = 'h :: FromHost(host0, 192.0.2.1/24, ETHER 2:0:0:0:0:9, MTU 1400) -> Discard'
  await service.up('r', click(text))
  t.match(await lines.route.link('host0'), { up: true, mtu: 1400, mac: '02:00:00:00:00:09', alias: 'weft-click:r' })
  t.match(
    (await lines.route.addresses()).map(({ address }) => address),
    ['192.0.2.1'],
  )
  await run('nsenter', [`--net=${lines.path}`, 'bash', '-c', 'echo hello >/dev/udp/192.0.2.2/9'])
  const count = async (): Promise<number> => Number(await service.read('r', 'h.count'))
  t.ok((await count()) >= 1, 'it asks for the address')
  const index = await lines.index('host0')
  await service.swap('r', click(text))
  t.equal(await lines.index('host0'), index, 'a swap keeps it')
  await service.swap('r', click('h :: FromHost(host1, TYPE IP) -> Discard'))
  t.same(await names(), [...before, 'host1'])
  t.ok(((await lines.route.link('host1'))?.flags ?? 0) & 0x80, 'nobody asks for addresses there')
  await service.down('r')
  t.same(await names(), before)
})

t.test('the host is answered by what a configuration makes of its packets', { skip }, async (t) => {
  const { lines, service } = await open(t, [])
  const text = `
    h :: FromHost(host0, 192.0.2.1/24) -> c :: Classifier(12/0806, 12/0800);
    c[0] -> ARPResponder(0.0.0.0/0 2:0:0:0:0:1) -> out :: ToHost(host0);
    c[1] -> Strip(14) -> CheckIPHeader -> ICMPPingResponder -> EtherEncap(0x0800, 2:0:0:0:0:1, 0:1:2:3:4:5) -> out;`
  await service.up('r', click(text))
  const ping = [`--net=${lines.path}`, 'ping', '-c', '2', '-W', '30', '192.0.2.7']
  t.match(await run('nsenter', ping), { stdout: / 0% packet loss/ })
  await service.swap('r', click(text))
  t.match(await run('nsenter', ping), { stdout: / 0% packet loss/ })
  t.ok(Number(await service.read('r', 'out.count')) >= 5, 'an ARP reply and four echo replies')
  await service.down('r')
})

t.test('a table that is full grows while packets flow', { skip }, async (t) => {
  const { lines, service } = await open(t)
  await service.up(
    'r',
    click(
      'FromDevice(a1) -> c :: Counter -> Strip(14) -> rt :: RadixIPLookup(10.0.0.0/8 0); rt[0] -> Discard; rt[1] -> Discard',
    ),
  )
  await service.write('r', 'rt.add', '10.1.0.0/16 1')
  await send(lines, 'a0', 3)
  const routes = Array.from({ length: 3000 }, (_, i) => `add 172.${16 + (i >> 8)}.${i & 255}.0/24 1`)
  await service.write('r', 'rt.ctrl', routes.join('\n'))
  t.ok(((await service.list())[0]?.generation ?? 0) > 1, 'it was exchanged for one with more room')
  t.equal(await service.read('r', 'rt.lookup 172.20.5.1'), '1')
  t.equal(await service.read('r', 'rt.lookup 10.1.2.3'), '1', 'what was added before is there')
  t.equal(await service.read('r', 'rt.lookup 10.2.2.3'), '0')
  t.equal(await service.read('r', 'c.count'), '3')
  const [router] = await service.list()
  await service.swap(
    'r',
    click('FromDevice(a1) -> Strip(14) -> rt :: RadixIPLookup(10.0.0.0/8 0); rt[0] -> Discard; rt[1] -> Discard'),
  )
  t.equal(await service.read('r', 'rt.lookup 172.20.5.1'), '1', 'and goes on over a swap')
  t.equal((await service.list())[0]?.generation, (router?.generation ?? 0) + 1)
  await service.down('r')
})
