import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { configurationDigest, nodeDigest } from '../../hypervisor/digest.ts'
import type { ObservedNode } from '../../hypervisor/driver.ts'
import { type ReportInput, report } from '../reported.ts'

const slice = create('Slice', {
  vnet: 'shop',
  generation: 4,
  epoch: 2,
  nodes: [
    { id: 'a', hypervisor: 'lxc', interfaces: [{ index: 0, mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/30'] }] },
  ],
  links: [{ id: 'l1', mtu: 1450, ends: [{ node: 'a', interface: 0 }], segments: [{ technology: 'vxlan' }] }],
})
const [node] = slice.nodes
if (!node) throw new Error('no node')
const spec = { vnet: 'shop', node, slot: 3 }
const ended = { how: 'crashed', reason: 'its process 1 was killed' } as const

const observed: ObservedNode = {
  vnet: 'shop',
  id: 'a',
  hypervisor: 'lxc',
  domain: 'weft-1',
  slot: 3,
  running: true,
  configuration: configurationDigest(spec),
  digest: nodeDigest(spec),
  vifs: [{ index: 0, name: 'vif3.0' }],
}
const right: ReportInput = {
  vnet: 'shop',
  slice,
  slots: new Map([['a', 3]]),
  nodes: [observed],
  links: [{ vnet: 'shop', id: 'l1', interfaces: ['wb1', 'wt1'] }],
  plan: { steps: [], problems: new Map() },
  busy: new Set(),
  failures: new Map(),
  timings: [{ name: 'nodes', seconds: 1 }],
}
const states = (change: Partial<ReportInput>): readonly string[] => {
  const { phase, nodes, links } = report({ ...right, ...change })
  return [phase, ...[...nodes, ...links].map(({ id, state }) => `${id} ${state}`)].map((text) =>
    text.replace(/OBJECT_STATE_|PHASE_/, ''),
  )
}

t.test('all that was asked for is there', async (t) => {
  t.match(report(right), {
    vnet: 'shop',
    generation: 4,
    epoch: 2,
    phase: 'PHASE_READY',
    error: undefined,
    nodes: [
      {
        id: 'a',
        state: 'OBJECT_STATE_READY',
        hypervisor: 'lxc',
        domain: 'weft-1',
        vifs: [{ index: 0, name: 'vif3.0', mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/30'] }],
      },
    ],
    links: [{ id: 'l1', state: 'OBJECT_STATE_READY', mtu: 1450, interfaces: ['wb1', 'wt1'] }],
    timings: [{ name: 'nodes', seconds: 1 }],
  })
  t.same(states({ slice: create('Slice', { ...slice, nodes: [], links: [] }), nodes: [], links: [] }), ['READY'])
})

t.test('a node is ready when it runs, is what was asked for and is configured', async (t) => {
  t.same(states({ nodes: [] }), ['BUILDING', 'a PENDING', 'l1 BUILDING'])
  t.same(states({ nodes: [], busy: new Set(['node/a']) }), ['BUILDING', 'a BUILDING', 'l1 BUILDING'])
  t.same(states({ nodes: [{ ...observed, configuration: '' }] }), ['BUILDING', 'a BUILDING', 'l1 READY'])
  t.same(states({ nodes: [{ ...observed, digest: 'other' }] }), ['BUILDING', 'a BUILDING', 'l1 READY'])
  t.same(states({ nodes: [{ ...observed, running: false, ended }] }), ['DEGRADED', 'a FAILED', 'l1 BUILDING'])
})

t.test('a node tells how it ended, how often it came back and when it is tried again', async (t) => {
  const down = { ...right, nodes: [{ ...observed, running: false, ended }] }
  const lastEnd = { ...ended, unixMs: 7 }
  const historyOf = () => ({ restarts: 2, lastEnd, isOpen: true })
  t.match(report({ ...down, historyOf, nextTries: new Map([['node/a', 99]]) }).nodes, [
    {
      restarts: 2,
      lastEnd,
      nextTryUnixMs: 99,
      error: {
        code: 'node.not-running',
        message: 'node a has crashed: its process 1 was killed',
        hint: /started again/,
      },
    },
  ])
  const never = create('Slice', { ...slice, nodes: [{ ...node, restartPolicy: 'never' }] })
  t.match(report({ ...down, slice: never, historyOf }).nodes, [
    { nextTryUnixMs: 0, error: { hint: 'its restart policy is never' } },
  ])
  t.match(report({ ...right, historyOf }).nodes, [{ state: 'OBJECT_STATE_READY', restarts: 2, lastEnd }])
})

t.test('a link is ready when nothing is to be done for it and its vifs are there', async (t) => {
  t.same(states({ links: [] }), ['BUILDING', 'a READY', 'l1 PENDING'])
  t.same(states({ nodes: [{ ...observed, vifs: [] }] }), ['BUILDING', 'a READY', 'l1 BUILDING'])
  t.same(states({ busy: new Set(['link/l1']) }), ['BUILDING', 'a READY', 'l1 BUILDING'])
  const step = { vnet: 'shop', link: 'l1', action: 'change' as const, reasons: [], operations: [], waitsFor: [] }
  const steps = [{ kind: 'link' as const, datapath: 'bridge', step, reasons: [] }]
  t.same(states({ plan: { steps, problems: new Map() } }), ['BUILDING', 'a READY', 'l1 BUILDING'])
})

t.test('errors stand at their object', async (t) => {
  const failed = new WeftError('image.unknown', 'no such image', { object: 'node/a', hint: 'host' })
  const narrow = new WeftError('mtu.too-small', 'narrow', { object: 'link/l1' })
  const degraded = report({
    ...right,
    failures: new Map([['node/a', failed]]),
    plan: { steps: [], problems: new Map([['link/l1', narrow]]) },
  })
  t.match(degraded, {
    phase: 'PHASE_DEGRADED',
    nodes: [{ state: 'OBJECT_STATE_FAILED', error: { code: 'image.unknown', object: 'node/a', hint: 'host' } }],
    links: [{ state: 'OBJECT_STATE_FAILED', error: { code: 'mtu.too-small' } }],
  })
})

t.test('what is on its way out is told, and a removal is not over before it is gone', async (t) => {
  const absent = create('Slice', { vnet: 'shop', generation: 5, absent: true })
  t.same(states({ slice: absent }), ['REMOVING', 'a REMOVING', 'l1 REMOVING'])
  t.same(states({ slice: absent, nodes: [], links: [] }), ['REMOVING'])
  const failed = new WeftError('hypervisor.failed', 'it does not end')
  t.same(states({ slice: absent, failures: new Map([['node/a', failed]]) }), ['REMOVING', 'a FAILED', 'l1 REMOVING'])
  t.same(states({ slice: create('Slice', { ...slice, nodes: [], links: [] }) }), [
    'BUILDING',
    'a REMOVING',
    'l1 REMOVING',
  ])
})

t.test('a refused slice is answered by its own generation', async (t) => {
  const refusal = { generation: 9, epoch: 3, error: new WeftError('slice.invalid', 'node a is there twice') }
  t.match(report({ ...right, refusal }), {
    generation: 9,
    epoch: 3,
    phase: 'PHASE_DEGRADED',
    error: { code: 'slice.invalid' },
    nodes: [{ state: 'OBJECT_STATE_READY' }],
  })
  t.match(report({ ...right, refusal, slice: undefined, nodes: [], links: [] }), { phase: 'PHASE_REJECTED', nodes: [] })
})

t.test(
  'a node that its controller has to speak for is pending, and says so before what went wrong earlier',
  async (t) => {
    const hold = new WeftError('host.not-admitted', 'node a waits', { object: 'node/a' })
    const failures = new Map([['node/a', new WeftError('hypervisor.failed', 'no')]])
    const plan = { steps: [], problems: new Map(), held: new Map([['node/a', hold]]) }
    const ofHeld = report({ ...right, nodes: [], plan, failures })
    t.match(ofHeld, {
      phase: 'PHASE_BUILDING',
      nodes: [{ state: 'OBJECT_STATE_PENDING', error: { code: 'host.not-admitted' } }],
    })
  },
)
