import t from 'tap'
import { create, type Init } from '../../../../proto/codec.ts'
import type { Reported } from '../../../../proto/generated/weft.v1.ts'
import { claimKey, type Taker } from '../claims.ts'
import { poolRef } from '../names.ts'
import { type PoolSituation, planPool } from '../plan.ts'
import type { PoolNode, PoolRow } from '../rows.ts'

const make = create('SliceNode', { hypervisor: 'fake', memoryBytes: 2 ** 26, restartPolicy: 'always' })
const node = (id: string, state: PoolNode['state'] = 'kept', changes: Init<typeof make> = {}): PoolNode => ({
  node: create('SliceNode', { ...make, ...changes, id }),
  state,
})
const rowOf = (nodes: readonly PoolNode[], changes: Partial<PoolRow> = {}): PoolRow => ({
  host: 'h1',
  shape: 'small',
  generation: 7,
  nodes,
  retired: false,
  ...changes,
})
const reported = (phase: Reported['phase'], ready: readonly string[] = [], changes: Init<Reported> = {}): Reported =>
  create('Reported', {
    vnet: 'pool-small',
    generation: 7,
    epoch: 3,
    phase,
    nodes: ready.map((id) => ({ id, state: 'OBJECT_STATE_READY' as const })),
    ...changes,
  })

const taker = (id: string, committed: boolean): readonly [string, Taker] => {
  const claim = { host: 'h1', pooled: poolRef('small', id) }
  return [claimKey(claim), { ...claim, node: create('SliceNode', { id: 'r1' }), vnet: 'alice.shop', committed }]
}

const plan = (row: PoolRow | undefined, changes: Partial<PoolSituation> = {}): PoolRow | undefined => {
  let ids = 0
  return planPool({
    host: 'h1',
    shape: 'small',
    row,
    report: undefined,
    epoch: 3,
    make,
    count: 2,
    takers: new Map(),
    hasArrived: () => false,
    room: (missing) => missing,
    nextId: () => `new${++ids}`,
    ...changes,
  })
}

/** "id state", or nothing for no row. */
const shown = (row: PoolRow | undefined): unknown =>
  row && [row.generation, ...row.nodes.map((one) => `${one.node.id} ${one.state}`)]

t.test('a pool begins with as many nodes as there is room for, and above what its host holds', async (t) => {
  t.strictSame(shown(plan(undefined)), [1, 'new1 kept', 'new2 kept'])
  t.strictSame(shown(plan(undefined, { room: () => 1 })), [1, 'new1 kept'])
  t.equal(plan(undefined, { room: () => 0 }), undefined, 'nothing is told yet')
  t.equal(plan(undefined, { make: undefined, count: 0 }), undefined)
  const stranger = reported('PHASE_READY', ['old'])
  t.strictSame(shown(plan(undefined, { report: stranger })), [8, 'new1 kept', 'new2 kept'], 'of a lost store')
  t.match(plan(undefined, { report: stranger, make: undefined, count: 0 }), { generation: 8, retired: true, nodes: [] })
})

t.test('a full pool stays as it is, whatever its host says of it', async (t) => {
  const row = rowOf([node('a'), node('b')])
  for (const report of [undefined, reported('PHASE_BUILDING'), reported('PHASE_READY', ['a', 'b'])])
    t.equal(plan(row, { report }), row)
  t.equal(plan(row, { room: () => 0 }), row, 'what there is needs no room')
  const ahead = reported('PHASE_READY', [], { generation: 9 })
  t.strictSame(shown(plan(row, { report: ahead })), [10, 'a kept', 'b kept'], 'its host holds a later one')
})

t.test('a node that a reservation holds stays idle to the host', async (t) => {
  const row = rowOf([node('a'), node('b')])
  t.equal(plan(row, { takers: new Map([taker('a', false)]) }), row)
  t.equal(plan(row, { takers: new Map([taker('a', false)]), count: 2 }), row)
})

t.test('a node that was committed is replaced once it has arrived, not before', async (t) => {
  const row = rowOf([node('a'), node('b')])
  const takers = new Map([taker('a', true)])
  const spent = plan(row, { takers })
  t.strictSame(shown(spent), [7, 'a spent', 'b kept'], 'the host is told nothing new')
  t.equal(plan(spent, { takers }), spent)
  t.strictSame(shown(plan(spent, { takers, hasArrived: () => true })), [8, 'b kept', 'new1 kept'])
})

t.test('a spent node that its VNet wants no more goes, and counts until the host says so', async (t) => {
  const leaving = plan(rowOf([node('a', 'spent'), node('b')]))
  t.strictSame(shown(leaving), [8, 'a leaving', 'b kept', 'new1 kept'])
  t.equal(plan(leaving, { report: reported('PHASE_READY') }), leaving, 'of the slice before')
  t.equal(plan(leaving, { report: reported('PHASE_BUILDING', [], { generation: 8 }) }), leaving)
  t.equal(plan(leaving, { report: reported('PHASE_READY', [], { generation: 8, epoch: 2 }) }), leaving)
  const done = reported('PHASE_READY', ['b', 'new1'], { generation: 8 })
  t.strictSame(shown(plan(leaving, { report: done })), [8, 'b kept', 'new1 kept'])
})

t.test('of too many those that are not booted go first, those of another make all', async (t) => {
  const row = rowOf([node('a'), node('b'), node('c')])
  const report = reported('PHASE_BUILDING', ['a', 'c'])
  t.strictSame(shown(plan(row, { report })), [8, 'a kept', 'b leaving', 'c kept'])
  const other = rowOf([node('a', 'kept', { memoryBytes: 1 }), node('b')])
  t.strictSame(shown(plan(other)), [8, 'a leaving', 'b kept', 'new1 kept'])
  t.equal(plan(other, { takers: new Map([taker('a', false)]) }), other, 'but for one that is reserved')
})

t.test('a pool that is declared no more is forgotten once its host has nothing of it', async (t) => {
  const none = { make: undefined, count: 0 }
  const retired = plan(rowOf([node('a')]), none)
  t.match(retired, { generation: 8, retired: true, nodes: [{ state: 'leaving' }] })
  t.equal(plan(retired, none), retired)
  const gone = reported('PHASE_GONE', [], { generation: 8 })
  t.equal(plan(retired, { ...none, report: gone }), undefined)
  t.match(plan(retired, { report: gone }), { generation: 9, retired: false }, 'unless it is declared again')
  const taken = plan(rowOf([node('a')]), { ...none, takers: new Map([taker('a', true)]) })
  t.match(taken, { generation: 7, retired: false, nodes: [{ state: 'spent' }] }, 'nor while a VNet is to take of it')
})
