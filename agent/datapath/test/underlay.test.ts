import t from 'tap'
import { message } from '../../netlink/test/support/bytes.ts'
import { decodeFilter, type Filter } from '../../netlink/traffic/filter.ts'
import { formatHandle, handle, parent } from '../../netlink/traffic/handle.ts'
import type { Qdisc } from '../../netlink/traffic/qdisc.ts'
import { classOf } from '../rates.ts'
import { describeFlow, type Flow, filterPlace } from '../underlay/flow.ts'
import { inverseAtNic, type UnderlayOperation } from '../underlay/operation.ts'
import { bandsHandle, bestEffortClass, isForeignRoot, pieces, rootHandle } from '../underlay/pieces.ts'
import { leaveNic, planAtNic, type SegmentAtNic } from '../underlay/plan.ts'
import { addSegmentFilter, candidateClass, findReservation, isTold, saidClass } from '../underlay/reservation.ts'
import { noTraffic, type TrafficState, trafficState } from '../underlay/traffic-state.ts'

const flow = (technology: string, identifier: number, local = '', remote = ''): Flow => ({
  technology,
  identifier,
  local,
  remote,
})
const vni7 = flow('vxlan', 7)
const options = classOf(1e6, 1e9, 3)
const classOn = (classId: number) => ({ index: 2, classId, parent: 0, options })

/** A filter as the kernel would tell it. */
const filterFor = (of: Flow, classId: number, handle: number): Filter => {
  const [request] = addSegmentFilter(2, of, classId)
  if (request === undefined) throw new Error('no filter')
  return { ...decodeFilter(message(request.body)), handle }
}

t.test('what the filter of a segment compares, and the bucket that it hangs in', async (t) => {
  const seen = (of: Flow) => {
    const place = filterPlace(of)
    return (
      place && [
        place.bucket.toString(16),
        ...place.keys.map(({ offset, mask, value }) => `${offset} ${mask.toString(16)} ${value.toString(16)}`),
      ]
    )
  }
  t.same(seen(flow('vxlan', 0x01_02_03)), ['103000', '32 ffffff00 1020300'], 'bucket 3 of table 1, the VNI')
  t.same(seen(flow('gre', 0xfedc_ba98)), ['298000', '24 ffffffff fedcba98'], 'bucket 98 of table 2, the key')
  const ends = ['203.0.113.1', '203.0.113.9'] as const
  const addresses = ['12 ffffffff cb007101', '16 ffffffff cb007109']
  t.same(seen(flow('etherip', 0, ...ends)), ['309000', ...addresses], 'by the last byte of where it goes')
  t.same(seen(flow('ipip', 0, ...ends)), ['409000', ...addresses])
  for (const technology of ['vlan', 'qinq', 'mpls']) t.equal(seen(flow(technology, 7)), undefined, 'says it itself')
})

t.test('a segment finds its class by its filter, and one that lost its filter by its first place', async (t) => {
  const taken = candidateClass(vni7, 1)
  const classes = [candidateClass(vni7, 0), taken].map(classOn)
  const find = (...filters: readonly Filter[]) => findReservation(trafficState([], classes, filters), vni7)
  t.match(find(filterFor(vni7, taken, 0x107800)), { classId: taken, filter: 0x107800 })
  t.match(find(), { classId: candidateClass(vni7, 0), filter: 0 })
  const other = flow('vxlan', 7 + 0x7f00)
  t.equal(find(filterFor(other, candidateClass(vni7, 0), 0x107801)), undefined, 'the class is another segment’s')
  t.equal(candidateClass(vni7, 0), candidateClass(other, 0), 'two VNIs may want the same class')
  t.equal(find(filterFor(flow('gre', 7), candidateClass(vni7, 0), 0x207800)), undefined, 'a key is no VNI')
})

t.test('classes that packets say themselves are apart from those that filters lead to', async (t) => {
  const classes = (...ids: readonly number[]): TrafficState => trafficState([], ids.map(classOn))
  t.equal(formatHandle(saidClass(flow('vlan', 5), noTraffic, undefined) ?? 0), '7766:8005', 'a VLAN has one of its own')
  t.equal(saidClass(vni7, noTraffic, undefined), undefined)
  const pair = flow('qinq', 100 * 4096 + 200)
  const first = candidateClass(pair, 0)
  t.ok(isTold(first))
  t.equal(saidClass(pair, noTraffic, undefined), first)
  t.equal(saidClass(pair, classes(first), undefined), candidateClass(pair, 1), 'another’s is not taken')
  t.equal(saidClass(pair, classes(first), first), first, 'its own is kept')
  t.equal(saidClass(pair, noTraffic, bestEffortClass), first, 'best effort is no class of its own')
  t.equal(findReservation(classes(first), pair), undefined, 'nobody told')
  t.match(findReservation(classes(first), pair, first), { classId: first, filter: 0 })
  t.match(findReservation(classes(candidateClass(flow('vlan', 5), 0)), flow('vlan', 5)), { filter: 0 })
})

const asked = {
  nic: 'eth1',
  nicRate: { bitsPerSecond: 1e9, isConfigured: false },
  state: undefined,
  rateBitsPerSecond: 40e6,
  mtu: 1450,
  overheadBytes: 50,
  saysBestEffort: true,
  hasQueue: true,
} as const
const names = (operations: readonly UnderlayOperation[]) =>
  operations.map((one) =>
    one.op === 'reserve' ? `${one.op} ${describeFlow(one.flow)} ${one.to ? 'some' : 'none'}` : one.op,
  )

t.test('the first segment at a NIC brings its queueing; the last one’s leaving tidies', async (t) => {
  const { before, after, reasons, saidClass: said } = planAtNic({ ...asked, flow: vni7 })
  t.same([names(before), names(after), said], [['underlay', 'reserve VNI 7 some'], [], undefined])
  t.match(reasons, [/^eth1 lacks queueing: root, rate/, /^the guarantee of VNI 7 at eth1 is missing$/])
  t.same(names(leaveNic('eth1', vni7, undefined)), ['tidy'])
  const held = trafficState(
    [],
    [classOn(candidateClass(vni7, 0))],
    [filterFor(vni7, candidateClass(vni7, 0), 0x107800)],
  )
  t.same(names(leaveNic('eth1', vni7, held)), ['reserve VNI 7 none', 'tidy'])
})

t.test('a segment without a rate gives its class back last, and says that it has none', async (t) => {
  const pair = flow('qinq', 100 * 4096 + 200)
  const first = candidateClass(pair, 0)
  const state = trafficState([], [classOn(first)])
  const {
    before,
    after,
    saidClass: said,
  } = planAtNic({
    ...asked,
    flow: pair,
    rateBitsPerSecond: 0,
    state,
    toldClass: first,
  })
  t.same(names(before), ['underlay'])
  t.same(names(after), ['reserve VLAN 100.200 none'])
  t.equal(said, bestEffortClass)
})

t.test('what is reserved is given back on failure, and a change is undone', async (t) => {
  const [, reserve] = planAtNic({ ...asked, flow: vni7 }).before
  if (reserve?.op !== 'reserve') throw new Error('no reservation')
  t.match(inverseAtNic(reserve), { op: 'reserve', to: undefined })
  const from = { classId: candidateClass(vni7, 0), filter: 0x107800, options, limitBytes: 5 }
  t.match(inverseAtNic({ ...reserve, from }), { to: { options, limitBytes: 5 }, from })
  t.match(inverseAtNic({ op: 'underlay', nic: 'eth1', layout: 'bands', rateBitsPerSecond: 1, missing: [] }), {
    op: 'tidy',
  })
  t.equal(inverseAtNic({ op: 'tidy', nic: 'eth1' }), undefined)
})

const rootOf = (root: number, options: Qdisc['options']): Qdisc => ({
  index: 2,
  handle: root,
  parent: parent.root,
  options,
})

t.test('a NIC of best effort alone has bands, and classes once anything needs them', async (t) => {
  const bandsThere = trafficState([rootOf(bandsHandle, { kind: 'pfifo_fast' })])
  const classesThere = trafficState([rootOf(rootHandle, { kind: 'htb', defaultClass: 2 })])
  const layout = (change: Partial<SegmentAtNic>) => {
    const { before, saidClass } = planAtNic({ ...asked, flow: vni7, rateBitsPerSecond: 0, ...change })
    const [first] = before
    return [first?.op === 'underlay' ? first.layout : first?.op, saidClass]
  }
  t.same(layout({}), ['bands', bestEffortClass])
  t.same(layout({ hasQueue: false }), [undefined, bestEffortClass], 'none where nothing ever waits')
  t.same(layout({ state: bandsThere }), [undefined, bestEffortClass], 'nothing is left to do')
  t.same(layout({ state: bandsThere, rateBitsPerSecond: 1e6 }), ['classes', undefined], 'a rate')
  t.same(layout({ state: bandsThere, saysBestEffort: false }), ['classes', undefined], 'packets that say nothing')
  const configured = { bitsPerSecond: 1e9, isConfigured: true }
  t.same(layout({ nicRate: configured }), ['classes', bestEffortClass], 'a rate that the NIC itself does not keep')
  t.same(layout({ state: classesThere }), ['classes', bestEffortClass], 'classes stay, and are completed')
  t.same(layout({ flow: flow('vlan', 5), saysBestEffort: false }), ['bands', bestEffortClass], 'a VLAN says it always')
  t.notOk(isForeignRoot(bandsThere) || isForeignRoot(classesThere))
  t.ok(isForeignRoot(trafficState([rootOf(handle(1), { kind: 'pfifo_fast' })])))
})

t.test('only the pieces that are missing are named', async (t) => {
  t.equal(new Set(pieces(1e9).map(({ name }) => name)).size, pieces(1e9).length, 'each has a name')
  const root = {
    index: 2,
    handle: rootHandle,
    parent: parent.root,
    options: { kind: 'htb', defaultClass: 2 },
    drops: 0,
  } as const
  const { before } = planAtNic({ ...asked, flow: vni7, state: trafficState([root]) })
  const [underlay] = before
  t.match(underlay, { op: 'underlay', missing: pieces(1e9).flatMap(({ name }) => (name === 'root' ? [] : [name])) })
})
