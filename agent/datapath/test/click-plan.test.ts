/** Plans of the data path click over a kernel made up. */
import t from 'tap'
import { readRouter } from '../../../click/read.ts'
import type { RouterInfo } from '../../click/service/service.ts'
import type { Link } from '../../netlink/link/link.ts'
import { formatNote } from '../bridge/note.ts'
import { nicRouterName, placeOf, routerFile, routerName } from '../click/names.ts'
import type { Operation } from '../click/operation.ts'
import { planLinks } from '../click/plan.ts'
import { type ClickSnapshot, snapshotOf } from '../click/snapshot.ts'
import { nowhereYet, toInterface } from '../click/text/tunnel.ts'
import { type VifRouter, vifText } from '../click/text/vif.ts'
import type { LinkStep } from '../driver.ts'
import { bucketOf } from '../rates.ts'
import { iface, kernel, type Lists, root, vif } from './support/reading.ts'
import { interfaceOf, link, macOf } from './support/world.ts'

const vifs = [vif(11, 'vif1.0'), vif(12, 'vif2.0')].map((one) => ({ ...one, up: true }))
const spec = link({ vifs: ['vif1.0', 'vif2.0'] })

const text = (own: Link | undefined, other: Link | undefined, change: Partial<VifRouter> = {}) =>
  vifText({
    vnet: 'a.v',
    link: 'l1',
    end: `${own?.name}.0`,
    vif: { name: own?.name ?? '', index: own?.index ?? 0 },
    own: interfaceOf(macOf(own?.name ?? '')),
    way: [],
    to: other ? toInterface(other) : nowhereYet,
    attach: 'tcx',
    ...change,
  })

const router = (own: Link | undefined, other: Link | undefined, change: Partial<RouterInfo> = {}): RouterInfo => ({
  name: `a.v@${own?.name}.0`,
  state: 'running',
  problem: '',
  file: `a.v/l1/${own?.name}.0`,
  text: text(own, other),
  generation: 1,
  namespace: '',
  attachments: [
    {
      device: own?.name ?? '',
      interfaceIndex: own?.index ?? 0,
      direction: 'ingress',
      method: 'tcx',
      programId: 1,
      madeClsact: false,
      state: 'attached',
    },
  ],
  ...change,
})

const [first, second] = vifs
const routers = [router(first, second), router(second, first)]
type Readings = Lists & Partial<Omit<Parameters<typeof snapshotOf>[0], keyof Lists>>

const snapshot = (reading: Readings = {}): ClickSnapshot =>
  snapshotOf({
    nicRates: new Map(),
    routed: new Set(),
    routers,
    tables: new Map(),
    attach: 'tcx',
    ...reading,
    ...kernel({ interfaces: vifs, ...reading }),
  })

/** Operations as lines that can be read. */
const describe = (one: Operation): string => {
  switch (one.op) {
    case 'put':
    case 'remove':
      return `${one.op} ${one.router}`
    case 'ports':
      return `ports ${one.a} ${one.b}${one.cut ? ' cut' : ''}`
    case 'switch':
    case 'tidy-switch':
      return `${one.op} ${one.nic}`
    case 'entry':
      return `entry ${one.nic} ${one.key} ${one.to ? (one.to.device.index ?? one.to.device.name) : 'none'}`
    case 'underlay':
    case 'reserve':
    case 'tidy':
      return `${one.op} ${one.nic}`
    case 'give-back':
      return `give back ${formatNote(one.note)}`
    default:
      return `${one.op} ${one.name}`
  }
}

const lines = (steps: readonly LinkStep[]): readonly string[] =>
  steps.flatMap(({ operations }) => (operations as readonly Operation[]).map((one) => describe(one)))

t.test('a router’s name and file say whose it is', async (t) => {
  const place = { vnet: 'alice.shop', link: 'r1-r2', end: 'r1.0' }
  const name = routerName(place)
  t.equal(name, 'alice.shop@r1.0')
  t.equal(routerFile(place), 'alice.shop/r1-r2/r1.0')
  t.same(placeOf(name, routerFile(place)), place)
  t.equal(placeOf('mine', 'router.click'), undefined)
  t.equal(placeOf('b.shop@r1.0', routerFile(place)), undefined)
})

t.test('a router’s text is Click that people can read, and right', async (t) => {
  for (const one of [text(first, second), text(first, undefined), text(first, second, { attach: 'clsact' })]) {
    const { checked, diagnostics } = readRouter(one, 'router')
    t.same(diagnostics, [])
    t.ok(checked)
  }
  t.match(text(first, second), /Queue -> ToDevice\(vif2\.0\); \/\/ interface 12\n/)
  t.match(text(first, second), /Classifier\(6\/020000000100, -\)/)
  t.notMatch(text(first, undefined), /ToDevice/)
})

t.test('a link that is right has no step', async (t) => {
  t.same(planLinks('a.v', [spec], snapshot()), [])
})

t.test('a link that is not there is made: settings, routers, and only then vifs are raised', async (t) => {
  const down = [vif(11, 'vif1.0'), { ...vif(12, 'vif2.0'), mtu: 1500, addressGeneration: 0 }].map((one) => ({
    ...one,
    up: false,
  }))
  const limited = link({ vifs: ['vif1.0', 'vif2.0'], rates: [0, 1e6] })
  const steps = planLinks('a.v', [limited], snapshot({ interfaces: down, routers: [] }))
  t.match(steps, [
    {
      action: 'add',
      link: 'l1',
      waitsFor: [],
      reasons: [/router of vif1/, /mtu/, /vif2\.0 shall have 1000000/, /router of vif2/],
    },
  ])
  t.same(lines(steps), [
    'set vif2.0',
    'limit vif2.0',
    'put a.v@vif1.0.0',
    'put a.v@vif2.0.0',
    'raise vif1.0',
    'raise vif2.0',
  ])
})

t.test('while one vif is not there the router of the other drops', async (t) => {
  const alone = snapshot({ interfaces: vifs.slice(0, 1) })
  const [step] = planLinks('a.v', [spec], alone)
  t.match(step, { action: 'change', waitsFor: ['vif2.0'], reasons: [/another configuration/, /vif2.0 is not there/] })
  t.same(lines(step ? [step] : []), ['put a.v@vif1.0.0', 'raise vif1.0'])
  const dropping = snapshot({
    interfaces: vifs.slice(0, 1),
    routers: [router(first, undefined, { text: text(first, undefined) })],
  })
  t.match(planLinks('a.v', [spec], dropping), [{ waitsFor: ['vif2.0'], operations: [] }])
})

t.test('a vif that was made anew has another number, which both routers are told', async (t) => {
  const [again] = [vif(40, 'vif2.0')].map((one) => ({ ...one, up: false }))
  if (!first || !again) throw new Error('no vif')
  t.same(lines(planLinks('a.v', [spec], snapshot({ interfaces: [first, again] }))), [
    'put a.v@vif1.0.0',
    'put a.v@vif2.0.0',
    'raise vif1.0',
    'raise vif2.0',
  ])
})

t.test('what is wrong by itself is mended by itself', async (t) => {
  const mends = (reading: Readings) => lines(planLinks('a.v', [spec], snapshot(reading)))
  const changed = (change: Partial<Link>) => ({
    interfaces: vifs.map((one, i) => (i === 0 ? { ...one, ...change } : one)),
  })
  t.same(mends(changed({ mtu: 1400 })), ['set vif1.0'])
  t.same(mends(changed({ addressGeneration: 0 })), ['set vif1.0'])
  t.same(mends(changed({ addressGeneration: undefined })), [], 'a kernel without IPv6')
  t.same(mends(changed({ up: false })), ['raise vif1.0'])
  t.same(mends(changed({ master: 12 })), ['leave vif1.0', 'raise vif1.0'])
  t.same(mends({ qdiscs: [root(11, bucketOf(1e6, 1450))] }), ['limit vif1.0'])
  for (const state of ['degraded', 'half-made', 'lost'] as const) {
    t.same(
      mends({ routers: [router(first, second, { state }), router(second, first)] }),
      [...(state === 'half-made' ? [] : ['lower vif1.0']), 'put a.v@vif1.0.0', 'raise vif1.0'],
      'what is up without a router speaks with the host',
    )
  }
})

t.test('a removal takes routers and limits, and leaves vifs lowered', async (t) => {
  const reading = { qdiscs: [root(12, bucketOf(1e6, 1450))] }
  t.same(lines(planLinks('a.v', [], snapshot(reading))), [
    'lower vif1.0',
    'remove a.v@vif1.0.0',
    'lower vif2.0',
    'limit vif2.0',
    'remove a.v@vif2.0.0',
  ])
  t.same(lines(planLinks('a.v', [], snapshot({ interfaces: [] }))), ['remove a.v@vif1.0.0', 'remove a.v@vif2.0.0'])
  const others = vifs.map((one) => ({ ...one, index: one.index + 100 }))
  t.same(
    lines(planLinks('a.v', [], snapshot({ interfaces: others }))),
    ['remove a.v@vif1.0.0', 'remove a.v@vif2.0.0'],
    'interfaces that came later under these names are left alone',
  )
  t.same(planLinks('b.w', [], snapshot()), [], 'another VNet has nothing to remove')
})

t.test('what the data path cannot do is refused with a code', async (t) => {
  const segment = { identifier: 7, local: '192.0.2.1', remote: '192.0.2.2', nic: 'eth1' }
  const refused = (options: Parameters<typeof link>[0], code: string, message: RegExp) =>
    t.throws(() => planLinks('a.v', [link(options)], snapshot()), { code, object: 'link/l1', message })
  refused({ vifs: ['vif1.0'], segments: [segment] }, 'nic.unknown', /no interface "eth1"/)
  refused({ segments: [segment, { ...segment, identifier: 8 }] }, 'nic.unknown', /no interface "eth1"/)
  refused({ vifs: ['vif1.0'], nic: 'eth9' }, 'nic.unknown', /eth9/)
  refused({ vifs: ['vif1.0'] }, 'slice.invalid', /joins 1/)
  const taken = (reading: Readings, message: RegExp) =>
    t.throws(() => planLinks('a.v', [link({ vifs: ['vif1.0'], nic: 'eth2' })], snapshot(reading)), {
      code: 'nic.taken',
      message,
    })
  const eth2 = iface(5, 'eth2')
  taken({ interfaces: [...vifs, eth2], routed: new Set([5]) }, /route/)
  taken({ interfaces: [...vifs, { ...eth2, master: 6 }, iface(6, 'bond0')] }, /part of bond0/)
  taken({ interfaces: [...vifs, { ...eth2, alias: 'weft service 7 of eth1' }] }, /part of a VNet/)
  const name = nicRouterName('eth2')
  const given = { ...router(first, second), name, file: routerFile({ vnet: 'b.v', link: 'l9', end: name }) }
  taken({ interfaces: [...vifs, eth2], routers: [given] }, /given to another link/)
  t.throws(() => planLinks('a.v', [{ ...spec, interfaces: ['', '02:00:00:00:02:00'].map(interfaceOf) }], snapshot()), {
    code: 'slice.invalid',
    message: /vif1\.0\.0 has no MAC/,
  })
  const foreign = snapshot({ interfaces: [iface(11, 'vif1.0', { alias: 'somebody' })] })
  t.throws(() => planLinks('a.v', [spec], foreign), { code: 'object.foreign' })
  const broken = { ...router(first, second), state: 'broken', problem: 'damaged', file: '' } as const
  t.throws(() => planLinks('a.v', [spec], snapshot({ routers: [broken] })), {
    code: 'router.broken',
    message: /damaged/,
  })
})
