import t from 'tap'
import { create } from '../../../proto/codec.ts'
import type { HostUsage } from '../../../proto/generated/weft.v1.ts'
import { topics } from '../../../proto/topics.ts'
import { createReadyWorld, gib, heavyChain, phaseAt } from '../../test/world.ts'
import { nothingUsed } from '../holdings.ts'
import { type Amount, asMeasured, createEasing, nothing } from '../measured.ts'

const host = create('SubstrateNode', { id: 'h1', kind: 'host', memoryBytes: 80 * gib, diskBytes: 1000 * gib })
const report = (init: Partial<HostUsage>): HostUsage =>
  create('HostUsage', { memoryAvailableBytes: 80 * gib, diskAvailableBytes: 2000 * gib, ...init })

/** GiB that may still be given on the host. */
const left = (reported: HostUsage | undefined, takenGib: number, own: Partial<Amount> = {}) => {
  const usage = { ...nothingUsed, memoryBytes: new Map([['h1', takenGib * gib]]) }
  const measured = asMeasured({
    graph: { nodes: [host], links: [] },
    usage,
    reportOf: () => reported,
    ownOf: () => ({ ...nothing, ...own }),
  })
  return {
    memory: (80 * gib - (measured.memoryBytes.get('h1') ?? 0)) / gib,
    disk: (1000 * gib - (measured.diskBytes.get('h1') ?? 0)) / gib,
  }
}
/** A twentieth of the host's memory. */
const marginGib = 4

t.test('a host that reports nothing has what is not reserved', async (t) => {
  t.same(left(undefined, 24), { memory: 56, disk: 1000 })
})

t.test('what is in use is not given, whoever uses it, less a margin', async (t) => {
  t.same(left(report({ memoryAvailableBytes: 10 * gib }), 0).memory, 10 - marginGib)
  t.same(left(report({ memoryAvailableBytes: 1 * gib }), 0).memory, 0, 'never less than nothing')
  t.same(left(report({ diskAvailableBytes: 5 * gib }), 0).disk, 4)
  t.same(
    left(report({ givenMemoryBytes: 60 * gib }), 60).memory,
    20,
    'what is reserved counts as before where more is there',
  )
})

t.test("what Dom0's kernel has of a Xen host's memory says nothing of its guests' memory", async (t) => {
  const measured = asMeasured({
    graph: { nodes: [{ ...host, hypervisors: ['xen'] }], links: [] },
    usage: nothingUsed,
    reportOf: () => report({ memoryAvailableBytes: gib }),
    ownOf: () => nothing,
  })
  t.equal(measured.memoryBytes.get('h1'), undefined)
})

t.test('what was given to nodes that do not stand yet is still to come', async (t) => {
  const busy = { memoryAvailableBytes: 20 * gib }
  t.equal(left(report({ ...busy, givenMemoryBytes: 30 * gib }), 30).memory, 20 - marginGib, 'all of them stand')
  t.equal(left(report({ ...busy, givenMemoryBytes: 26 * gib }), 30).memory, 16 - marginGib)
})

t.test('what nodes of the VNet have already is theirs, however little is left', async (t) => {
  const own = { memoryBytes: 8 * gib }
  t.equal(left(report({ memoryAvailableBytes: gib, givenMemoryBytes: 8 * gib }), 0, own).memory, 8)
  t.equal(left(report({ memoryAvailableBytes: 20 * gib, givenMemoryBytes: 18 * gib }), 10, own).memory, 28 - marginGib)
})

t.test('a small difference between two readings is none', async (t) => {
  const at = (bytes: number) => left(report({ memoryAvailableBytes: bytes }), 0).memory
  t.equal(at(10 * gib), at(10 * gib + 500 * 2 ** 20))
  t.ok(at(12 * gib) > at(10 * gib))
  const eases = createEasing()
  t.notOk(eases('h1', report({ memoryAvailableBytes: gib })), 'the first says nothing of a change')
  t.notOk(eases('h1', report({ memoryAvailableBytes: gib + 5 })))
  t.ok(eases('h1', report({ memoryAvailableBytes: 2 * gib })))
  t.notOk(eases('h1', report({ memoryAvailableBytes: gib })))
})

t.test('a VNet waits while hosts are used by others, and is built when they are not', async (t) => {
  const world = await createReadyWorld()
  t.teardown(() => world.close())
  const says = async (name: string, availableGib: number) => {
    const session = world.broker.connect({ url: 'memory:', identity: `${name}-monitor` })
    const usage = create('HostUsage', { memoryAvailableBytes: availableGib * gib, diskAvailableBytes: 100 * gib })
    await world.settled(session.publish(topics.usage('pip1', name), 'HostUsage', usage, { qos: 1 }))
    await session.close()
  }
  for (const name of ['h1', 'h2', 'h3']) await says(name, 1)
  const request = heavyChain('shop', 2, 2 * gib)
  const { vnet } = await world.settled(world.ask('alice', { apply: { request } }))
  t.match(vnet, { phase: 'PHASE_POSTPONED', error: { code: 'admission.not-now', message: /memory/ } })
  await says('h2', 3)
  await says('h3', 4)
  await world.until('it is ready', async () => (await phaseAt(world, 'alice', 'shop')) === 'PHASE_READY')
  const state = (await world.ask('alice', { get: { vnet: 'shop' } })).vnet
  t.same(state?.nodes.map((node) => node.host).toSorted(), ['h2', 'h3'])

  t.comment('a change of what stands is not held up by what it uses itself')
  for (const name of ['h1', 'h2', 'h3']) await says(name, 0)
  const changed = { ...request, prefix: '10.9.0.0/16' }
  t.match((await world.settled(world.ask('alice', { apply: { request: changed } }))).vnet, { generation: 2 })
  t.same(world.violations(), [])
})
