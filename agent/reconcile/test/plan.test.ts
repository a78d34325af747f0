import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { Slice, SliceNode } from '../../../proto/generated/weft.v1.ts'
import type { DatapathDriver, LinkSpec, LinkStep } from '../../datapath/driver.ts'
import { configurationDigest, nodeDigest } from '../../hypervisor/digest.ts'
import type { NodeEnd, ObservedNode } from '../../hypervisor/driver.ts'
import { describeStep, type HypervisorView, objectOf, type PlanInput, plan } from '../plan.ts'

const vnet = 'shop'
const node = (id: string, init: Init<SliceNode> = {}): Init<SliceNode> => ({
  id,
  hypervisor: 'lxc',
  interfaces: [{ index: 0, addresses: ['10.0.0.1/30'], mtu: 1450 }],
  ...init,
})
const slice = (init: Init<Slice>): Slice => create('Slice', { vnet, generation: 1, ...init })
const slots = new Map([
  ['a', 1],
  ['b', 2],
])

/** A node as it is when all went well. */
const right = (wanted: Init<SliceNode>, change: Partial<ObservedNode> = {}): ObservedNode => {
  const spec = { vnet, node: create('SliceNode', wanted), slot: slots.get(wanted.id ?? '') ?? 0 }
  return {
    vnet,
    id: spec.node.id,
    hypervisor: spec.node.hypervisor,
    domain: 'weft-1',
    slot: spec.slot,
    running: true,
    configuration: configurationDigest(spec),
    digest: nodeDigest(spec),
    vifs: spec.node.interfaces.map(({ index }) => ({ index, name: `vif${spec.slot}.${index}` })),
    ...change,
  }
}

/** A data path that does what the test says. */
const datapath = (planned: (specs: readonly LinkSpec[]) => readonly LinkStep[]): PlanInput['datapaths'] => {
  const driver: Pick<DatapathDriver, 'plan'> = { plan: (_vnet, specs) => planned(specs) }
  return new Map([['bridge', { driver, snapshot: { links: [] }, technologies: ['vxlan'] }]])
}
const noLinks = datapath(() => [])

const stepsOf = (wanted: Slice | undefined, observed: Readonly<Record<string, HypervisorView>>): readonly string[] =>
  plan({ vnet, slice: wanted, slots, hypervisors: new Map(Object.entries(observed)), datapaths: noLinks }).steps.map(
    (step) => `${describeStep(step)}: ${step.reasons.join('; ')}`,
  )

t.test('what is missing is started, what is right is left alone', async (t) => {
  const wanted = slice({ nodes: [node('a'), node('b')] })
  t.same(stepsOf(wanted, { lxc: [] }), ['node.start a: it is not there', 'node.start b: it is not there'])
  t.same(stepsOf(wanted, { lxc: [right(node('a'))] }), ['node.start b: it is not there'])
  t.same(stepsOf(wanted, { lxc: [right(node('a')), right(node('b'))] }), [])
})

t.test('what runs and was not configured yet is configured, live also where addresses change', async (t) => {
  const a = node('a')
  t.same(stepsOf(slice({ nodes: [a] }), { lxc: [right(a, { configuration: '' })] }), [
    'node.configure a: it runs and is not configured',
  ])
  const moved = node('a', { interfaces: [{ index: 0, addresses: ['10.0.0.2/30'], mtu: 1450 }] })
  t.same(stepsOf(slice({ nodes: [moved] }), { lxc: [right(a)] }), [
    'node.configure a: MAC, MTU or addresses have changed',
  ])
})

t.test('interfaces that come and go are attached and detached', async (t) => {
  const [first = {}] = node('a').interfaces ?? []
  const two = node('a', { interfaces: [first, { index: 1, mtu: 1450 }] })
  t.same(stepsOf(slice({ nodes: [two] }), { lxc: [right(node('a'))] }), ['node.configure a: vif1.1 shall be attached'])
  t.same(stepsOf(slice({ nodes: [node('a')] }), { lxc: [right(two)] }), ['node.configure a: vif1.1 shall be detached'])
  const attached = right(two, { configuration: right(node('a')).configuration })
  t.same(stepsOf(slice({ nodes: [two] }), { lxc: [attached] }), [
    'node.configure a: MAC, MTU or addresses have changed',
  ])
})

t.test('an interface that is gone is attached again, and the node is not made again for it', async (t) => {
  t.same(stepsOf(slice({ nodes: [node('a')] }), { lxc: [right(node('a'), { vifs: [] })] }), [
    'node.configure a: vif1.0 is gone',
  ])
})

t.test('a node that was made otherwise is made again, and only that one', async (t) => {
  const bigger = node('a', { memoryBytes: 1 << 28 })
  t.same(stepsOf(slice({ nodes: [bigger, node('b')] }), { lxc: [right(node('a')), right(node('b'))] }), [
    'node.remove a: what it was made from has changed',
  ])
  t.same(stepsOf(slice({ nodes: [node('a')] }), { lxc: [right(node('a'), { digest: '' })] }), [
    'node.remove a: only half of it is there',
  ])
  t.same(stepsOf(slice({ nodes: [node('a')] }), { lxc: [right(node('a'), { slot: 9 })] }), [
    'node.remove a: its vifs are vif9.*, they should be vif1.*',
  ])
})

t.test('restart policy and what a node is joined to are no reason to touch it', async (t) => {
  const changed = node('a', {
    restartPolicy: 'never',
    interfaces: [{ index: 0, addresses: ['10.0.0.1/30'], mtu: 1450, nic: 'eth2', forwarding: 'click' }],
  })
  t.same(stepsOf(slice({ nodes: [changed] }), { lxc: [right(node('a'))] }), [])
})

t.test('what has ended is started again as its policy says, and a reboot whatever it says', async (t) => {
  const policies = ['', 'always', 'on-failure', 'never']
  const startedAfter = (how: NodeEnd['how']): readonly string[] =>
    policies.filter((restartPolicy) => {
      const a = node('a', { restartPolicy })
      const ended = right(a, { running: false, vifs: [], ended: { how, reason: 'so' } })
      return stepsOf(slice({ nodes: [a] }), { lxc: [ended] }).length > 0
    })
  t.same(startedAfter('stopped'), ['', 'always'])
  t.same(startedAfter('crashed'), ['', 'always', 'on-failure'])
  t.same(startedAfter('rebooted'), policies)
  const crashed = right(node('a'), { running: false, vifs: [], ended: { how: 'crashed', reason: 'killed' } })
  t.same(stepsOf(slice({ nodes: [node('a')] }), { lxc: [crashed] }), ['node.start a: it has crashed: killed'])
})

t.test('what is there and never ran, or not since the host booted, is started whatever its policy', async (t) => {
  const never = node('a', { restartPolicy: 'never' })
  const notYet = right(never, { running: false, vifs: [], configuration: '' })
  t.same(stepsOf(slice({ nodes: [never] }), { lxc: [notYet] }), ['node.start a: it is made and does not run'])
})

t.test('what rebooted by itself is configured again', async (t) => {
  const never = node('a', { restartPolicy: 'never' })
  const back = right(never, { configuration: '', ended: { how: 'rebooted', reason: 'so' } })
  t.same(stepsOf(slice({ nodes: [never] }), { lxc: [back] }), ['node.configure a: it runs and is not configured'])
})

t.test('what is wanted no more is removed, all of it for an absent or unknown VNet', async (t) => {
  const lxc = [right(node('a')), right(node('b'))]
  t.same(stepsOf(slice({ nodes: [node('b')] }), { lxc }), ['node.remove a: it is wanted no more'])
  const all = ['node.remove a: it is wanted no more', 'node.remove b: it is wanted no more']
  t.same(stepsOf(slice({ absent: true }), { lxc }), all)
  t.same(stepsOf(undefined, { lxc }), all)
})

t.test('a node that shall run elsewhere is removed first, then started there', async (t) => {
  const fake = node('a', { hypervisor: 'fake' })
  t.same(stepsOf(slice({ nodes: [fake] }), { lxc: [right(node('a'))], fake: [] }), [
    'node.remove a: it shall run on fake',
  ])
  t.same(stepsOf(slice({ nodes: [fake] }), { lxc: [], fake: [] }), ['node.start a: it is not there'])
})

t.test('nothing is done to nodes of a hypervisor that cannot be asked, or is not there', async (t) => {
  const down = new WeftError('hypervisor.unavailable', 'libvirt is down')
  const input = {
    vnet,
    slots,
    datapaths: noLinks,
    slice: slice({ nodes: [node('a'), node('b', { hypervisor: 'kvm' })] }),
  }
  const { steps, problems } = plan({ ...input, hypervisors: new Map<string, HypervisorView>([['lxc', down]]) })
  t.same(steps, [])
  t.equal(problems.get('node/a'), down)
  t.match(problems.get('node/b'), { code: 'hypervisor.unavailable', hint: 'this host has lxc' })
})

const linkStep = (link: string, action: LinkStep['action']): LinkStep => ({
  vnet,
  link,
  action,
  reasons: ['because'],
  operations: [{}],
  waitsFor: [],
})
const twoLinks = slice({
  nodes: [node('a'), node('b', { interfaces: [{ index: 0 }, { index: 1, nic: 'eth2', mtu: 1400 }] })],
  links: [
    {
      id: 'l1',
      mtu: 1450,
      ends: [
        { node: 'a', interface: 0 },
        { node: 'b', interface: 0 },
      ],
    },
    { id: 'relay', mtu: 1450, segments: [{ technology: 'vxlan' }, { technology: 'vxlan' }] },
  ],
})

t.test('links are planned beside nodes, removals before all else', async (t) => {
  const seen: LinkSpec[] = []
  const datapaths = datapath((specs) => {
    seen.push(...specs)
    return [linkStep('l1', 'add'), linkStep('old', 'remove')]
  })
  const hypervisors = new Map([['lxc', [right(node('c'))]]])
  const { steps } = plan({ vnet, slice: twoLinks, slots, hypervisors, datapaths })
  t.same(steps.map(describeStep), ['node.remove c', 'link.remove old', 'node.start a', 'node.start b', 'link.add l1'])
  t.same(steps.map(objectOf), ['node/c', 'link/old', 'node/a', 'node/b', 'link/l1'])
  t.match(seen, [
    { link: { id: 'l1' }, vifs: ['vif1.0', 'vif2.0'], nic: '' },
    { link: { id: 'relay' }, vifs: [], nic: '' },
    { link: { id: 'b.1@eth2', mtu: 1400, ends: [{ node: 'b', interface: 1 }] }, vifs: ['vif2.1'], nic: 'eth2' },
  ])
})

t.test('a link that the data path refuses harms no other, and is left as it is', async (t) => {
  const datapaths = datapath((specs) => {
    if (specs.some(({ link }) => link.id === 'l1')) {
      throw new WeftError('mtu.too-small', 'the underlay is narrow', { object: 'link/l1' })
    }
    return [...specs.map(({ link }) => linkStep(link.id, 'add')), linkStep('l1', 'remove'), linkStep('old', 'remove')]
  })
  const { steps, problems } = plan({ vnet, slice: twoLinks, slots, hypervisors: new Map([['lxc', []]]), datapaths })
  t.same(steps.filter(({ kind }) => kind === 'link').map(describeStep), [
    'link.remove old',
    'link.add relay',
    'link.add b.1@eth2',
  ])
  t.match(problems.get('link/l1'), { code: 'mtu.too-small' })
})

t.test('where the whole data path fails, every link says so and none is touched', async (t) => {
  const datapaths = datapath(() => {
    throw new Error('a defect')
  })
  const hypervisors = new Map([['lxc', []]])
  const { problems } = plan({ vnet, slice: twoLinks, slots, hypervisors, datapaths })
  t.same([...problems.keys()], ['link/l1', 'link/relay', 'link/b.1@eth2'])
  const blind = new WeftError('datapath.failed', 'no netlink')
  const unseen = new Map([['bridge', { driver: { plan: () => [] }, snapshot: blind, technologies: [] }]])
  t.equal(plan({ vnet, slice: twoLinks, slots, hypervisors, datapaths: unseen }).problems.get('link/l1'), blind)
})

t.test('a link of a data path that the host does not have says so', async (t) => {
  const clicked = slice({
    nodes: [node('a', { interfaces: [{ index: 0, forwarding: 'click' }] })],
    links: [{ id: 'l1', ends: [{ node: 'a' }], segments: [{ technology: 'vxlan' }] }],
  })
  const { problems } = plan({ vnet, slice: clicked, slots, hypervisors: new Map([['lxc', []]]), datapaths: noLinks })
  t.match(problems.get('link/l1'), { code: 'datapath.unavailable', hint: 'this host has bridge' })
})

t.test('each data path is given the links that ask for it, with vifs and addresses of their ends', async (t) => {
  const at = (id: string, forwardings: readonly string[]): Init<SliceNode> =>
    node(id, {
      interfaces: forwardings.map((forwarding, index) => ({ index, mac: `02:00:00:00:0${index}:0${id}`, forwarding })),
    })
  const joined = (id: string, a: number, b: number) => ({
    id,
    ends: [
      { node: 'a', interface: a },
      { node: 'b', interface: b },
    ],
  })
  const wanted = slice({
    nodes: [at('a', ['click', '', 'click']), at('b', ['click', 'bridge', 'bridge'])],
    links: [joined('l0', 0, 0), joined('l1', 1, 1), joined('mixed', 2, 2)],
  })
  const { given, datapaths } = paths(() => [])
  plan({ vnet, slice: wanted, slots, hypervisors: new Map([['lxc', []]]), datapaths })
  t.match(given.get('click'), [
    {
      link: { id: 'l0' },
      vifs: ['vif1.0', 'vif2.0'],
      interfaces: [{ mac: '02:00:00:00:00:0a' }, { mac: '02:00:00:00:00:0b' }],
    },
    { link: { id: 'mixed' }, interfaces: [{ forwarding: 'click' }, { forwarding: 'bridge' }] },
  ])
  t.match(given.get('bridge'), [{ link: { id: 'l1' } }, { link: { id: 'mixed' } }])
})

/** Both data paths, which do what the test says; and what they were given. */
const paths = (planned: (datapath: string) => readonly LinkStep[]) => {
  const given = new Map<string, readonly LinkSpec[]>()
  const view = (name: string, technologies: readonly string[]) => {
    const driver: Pick<DatapathDriver, 'plan'> = {
      plan: (_vnet, specs) => {
        given.set(name, specs)
        return planned(name)
      },
    }
    return [name, { driver, snapshot: { links: [] }, technologies }] as const
  }
  return { given, datapaths: new Map([view('bridge', ['vxlan']), view('click', ['vxlan', 'gre'])]) }
}

const mixed = slice({
  nodes: [
    node('a', { interfaces: [{ index: 0, forwarding: 'click' }] }),
    node('b', { interfaces: [{ index: 0, forwarding: 'bridge' }] }),
  ],
  links: [
    {
      id: 'l1',
      ends: [
        { node: 'a', interface: 0 },
        { node: 'b', interface: 0 },
      ],
    },
  ],
})

const stepOf = (action: LinkStep['action']): LinkStep => ({
  vnet,
  link: 'l1',
  action,
  reasons: [],
  operations: [1],
  waitsFor: [],
})

const linkSteps = (wanted: Slice, datapaths: PlanInput['datapaths']): readonly string[] =>
  plan({ vnet, slice: wanted, slots, hypervisors: new Map([['lxc', []]]), datapaths }).steps.flatMap((step) =>
    step.kind === 'link' ? [`${step.datapath} ${step.step.action}`] : [],
  )

t.test('of a link with two data paths the end with guards comes first, and a removal before all', async (t) => {
  t.same(linkSteps(mixed, paths(() => [stepOf('add')]).datapaths), ['click add', 'bridge add'])
  const leaving = paths((name) => [stepOf(name === 'bridge' ? 'remove' : 'add')])
  t.same(linkSteps(mixed, leaving.datapaths), ['bridge remove', 'click add'])
})

t.test('what one data path refuses the other leaves as it is', async (t) => {
  const { datapaths } = paths((name) => {
    if (name === 'bridge') return [stepOf('remove')]
    throw new WeftError('config.invalid', 'it is wrong', { object: 'link/l1' })
  })
  t.same(linkSteps(mixed, datapaths), [])
})

t.test('a relay is the bridge’s where that makes its technology here, else Click’s, else nobody’s', async (t) => {
  const relay = (technology: string): Slice =>
    slice({ nodes: [], links: [{ id: 'l1', ends: [], segments: [{ technology }, { technology }] }] })
  const givenTo = (technology: string): readonly string[] => {
    const { given, datapaths } = paths(() => [])
    plan({ vnet, slice: relay(technology), slots, hypervisors: new Map(), datapaths })
    return [...given].flatMap(([name, specs]) => (specs.length > 0 ? [name] : []))
  }
  t.same(givenTo('vxlan'), ['bridge'])
  t.same(givenTo('gre'), ['click'])
  t.same(givenTo('mpls'), [])
  const { datapaths } = paths(() => [])
  const { problems } = plan({ vnet, slice: relay('mpls'), slots, hypervisors: new Map(), datapaths })
  t.match(problems.get('link/l1'), { code: 'datapath.unavailable', message: /mpls/, hint: /click: vxlan,gre/ })
})

t.test(
  'a node that may be elsewhere by now is neither started nor made again before its slice is current',
  async (t) => {
    const recoverable = node('a', { recoverable: true })
    const wanted = slice({ nodes: [recoverable, node('b')] })
    const planned = (isCurrent: boolean, ...seen: readonly ObservedNode[]) => {
      const hypervisors = new Map([['lxc', seen]])
      const { steps, held, problems } = plan({ vnet, slice: wanted, slots, hypervisors, datapaths: noLinks, isCurrent })
      t.equal(problems.size, 0)
      return {
        steps: steps.map(describeStep),
        held: [...(held ?? [])].map(([object, { code }]) => `${object} ${code}`),
      }
    }
    const stopped = { running: false, vifs: [] }
    const isHeld = ['node/a host.not-admitted']
    const b = right(node('b'))
    t.same(planned(true), { steps: ['node.start a', 'node.start b'], held: [] })
    t.same(planned(false), { steps: ['node.start b'], held: isHeld }, 'the other one does not wait')
    t.same(planned(false, right(recoverable, stopped), b), { steps: [], held: isHeld }, 'it is there and does not run')
    const other = right(recoverable, { ...stopped, digest: 'another' })
    t.same(planned(false, other, b), { steps: [], held: isHeld }, 'what is on its disk stays')
    t.same(planned(true, other, b), { steps: ['node.remove a'], held: [] })
    t.same(planned(false, right(recoverable), b), { steps: [], held: [] }, 'what runs goes on')
    t.same(planned(false, right(recoverable, { configuration: '' }), b), { steps: ['node.configure a'], held: [] })
  },
)

t.test('what is wanted no more goes, also where nothing is known to be current', async (t) => {
  const was = right(node('a', { recoverable: true }), { running: false, vifs: [] })
  t.same(stepsOf(slice({ absent: true }), { lxc: [was] }), ['node.remove a: it is wanted no more'])
})
