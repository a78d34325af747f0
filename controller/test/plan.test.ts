/** A plan against what the hosts are told once it is applied: what it calls untouched is told the same as before. */
import t, { type Test } from 'tap'
import type { Link, Node, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { chain, createReadyWorld, gib, hostInventory, phaseAt, type World, type WorldOptions } from './world.ts'

const worldFor = async (t: Test, options: WorldOptions = {}): Promise<World> => {
  const world = await createReadyWorld(options)
  t.teardown(() => world.close())
  await world.settled(world.ask('alice', { apply: { request: wide } }))
  await world.until('it is ready', async () => (await phaseAt(world, 'alice', 'shop')) === 'PHASE_READY')
  return world
}

/** Three nodes, of which two do not fit onto one host: r1 - r2 - r3. */
const wide: VNetRequest = (() => {
  const request = chain('shop', 3)
  return { ...request, nodes: request.nodes.map((node) => ({ ...node, memoryBytes: 2.5 * gib })) }
})()

const withNode = (id: string, changes: Partial<Node>): VNetRequest => ({
  ...wide,
  nodes: wide.nodes.map((node) => (node.id === id ? { ...node, ...changes } : node)),
})
const withLink = (id: string, changes: Partial<Link>): VNetRequest => ({
  ...wide,
  links: wide.links.map((link) => (link.id === id ? { ...link, ...changes } : link)),
})

const planned = async (world: World, request: VNetRequest): Promise<readonly string[]> => {
  const { plan } = await world.settled(world.ask('alice', { plan: { request } }))
  return (plan?.changes ?? []).map(({ action, object, reason, interrupts }) =>
    [action.replace('CHANGE_ACTION_', ''), object, `(${reason})`, ...interrupts].join(' '),
  )
}

t.test('what changes live interrupts nothing', async (t) => {
  const world = await worldFor(t)
  t.same(await planned(world, withLink('r1-r2', { rateAToBBitsPerSecond: 20e6 })), [
    'CHANGE link/r1-r2 (rate a to b: 10 Mbit/s → 20 Mbit/s)',
  ])
  t.same(await planned(world, withNode('r2', { restartPolicy: 'never' })), ['CHANGE node/r2 (restart: always → never)'])
  t.same(await planned(world, withLink('r1-r2', { delayMicroseconds: 50_000 })), [
    'CHANGE link/r1-r2 (delay: any → 50 ms)',
  ])
  const larger = chain('shop', 4)
  t.same(await planned(world, { ...larger, nodes: [...wide.nodes.slice(0, 2), ...larger.nodes.slice(2)] }), [
    'RECREATE node/r3 (memory: 2560 MiB → 256 MiB; interfaces: 0 → 0 1; interface 0 anti-spoofing ip: on → off; made again for its memory) link/r2-r3',
    'ADD node/r4 (it is new)',
    'ADD link/r3-r4 (it is new)',
  ])
})

t.test('what makes a node again interrupts its links alone, and leaves it where it is', async (t) => {
  const world = await worldFor(t)
  const request = withNode('r1', { startUp: { files: [], command: 'true' } })
  t.same(await planned(world, request), [
    'RECREATE node/r1 (start-up command: another one; made again for its start-up) link/r1-r2',
  ])
  const before = (await world.ask('alice', { get: { vnet: 'shop' } })).vnet
  await world.settled(world.ask('alice', { apply: { request } }))
  await world.idle()
  const after = (await world.ask('alice', { get: { vnet: 'shop' } })).vnet
  t.same(
    after?.nodes.map(({ host }) => host),
    before?.nodes.map(({ host }) => host),
  )
})

t.test('what cannot stay where it is moves, with the reason', async (t) => {
  const world = await worldFor(t, { inventory: (host) => hostInventory(host, { location: { name: host } }) })
  const { vnet } = await world.ask('alice', { get: { vnet: 'shop' } })
  const [there, from] = ['r2', 'r3'].map((node) => vnet?.nodes.find(({ id }) => id === node)?.host ?? '')
  const request = withNode('r3', { memoryBytes: gib, location: { name: there as string, withinKm: 0 } })
  const [node = '', link = '', ...others] = await planned(world, request)
  t.match(
    node,
    new RegExp(
      `^RECREATE node/r3 .*memory: 2560 MiB → 1 GiB; .*made again at ${there} in place of ${from}. link/r2-r3$`,
    ),
  )
  t.match(link, /^CHANGE link\/r2-r3 .path: /)
  t.same(others, [])
})

t.test('what is at a host that is away stays there, as it may run', async (t) => {
  const world = await worldFor(t)
  const { vnet } = await world.ask('alice', { get: { vnet: 'shop' } })
  const host = vnet?.nodes.find(({ id }) => id === 'r3')?.host ?? ''
  const again = ['RECREATE node/r3 (memory: 2560 MiB → 1 GiB; made again for its memory) link/r2-r3']
  t.same(await planned(world, withNode('r3', { memoryBytes: gib })), again)
  world.agents.get(host)?.stop()
  await world.quiesce()
  t.same(await planned(world, withNode('r3', { memoryBytes: gib })), again)
})

t.test('a link that is joined anew, gets other tunnels or is taken down is interrupted', async (t) => {
  const world = await worldFor(t)
  t.same(await planned(world, withLink('r2-r3', { down: true })), [
    'CHANGE link/r2-r3 (state: up → down; it is taken down) link/r2-r3',
  ])
  const [first, ...others] = wide.nodes[1]?.interfaces ?? []
  if (!first) return t.fail('r2 has interfaces')
  const request = withNode('r2', { interfaces: [{ ...first, mac: '02:00:00:00:00:07' }, ...others] })
  const [change = ''] = await planned(world, request)
  t.match(
    change,
    /^CHANGE node\/r2 \(interface 0 mac: none → 02:00:00:00:00:07; interface 0 joined anew\) link\/r1-r2$/,
  )
})
