import t from 'tap'
import type { LinkSpec } from '../driver.ts'
import { fakeDatapath } from '../fake.ts'
import { interfaceOf } from './support/world.ts'

const spec = (id: string, vifs: readonly string[]): LinkSpec => ({
  vnet: 'a.v',
  link: {
    id,
    mtu: 1450,
    ends: vifs.map((_, interfaceIndex) => ({ node: 'n', interface: interfaceIndex, rateBitsPerSecond: 0 })),
    segments: [],
    down: false,
  },
  vifs,
  interfaces: vifs.map(() => interfaceOf('')),
  nic: '',
})

t.test('a link is added once, found again and removed when it is wanted no more', async (t) => {
  const datapath = fakeDatapath()
  const specs = [spec('l1', ['vif1.0', 'vif2.0'])]
  const plan = async (wanted: readonly LinkSpec[]) => datapath.plan('a.v', wanted, await datapath.snapshot())
  for (const step of await plan(specs)) await datapath.apply(step)
  t.same(await plan(specs), [])
  t.match(await datapath.snapshot(), { links: [{ vnet: 'a.v', id: 'l1' }] })
  t.match(await plan([]), [{ action: 'remove', link: 'l1' }])
  t.same(datapath.plan('b.w', [], await datapath.snapshot()), [], 'another VNet is left alone')
})

t.test('a vif that is missing is waited for, and the watcher is called when it comes', async (t) => {
  const datapath = fakeDatapath()
  const specs = [spec('l1', ['vif1.0', 'vif2.0'])]
  datapath.setVifs(['vif1.0'])
  const [first] = datapath.plan('a.v', specs, await datapath.snapshot())
  t.same(first?.waitsFor, ['vif2.0'])
  if (first) await datapath.apply(first)
  t.match(datapath.plan('a.v', specs, await datapath.snapshot()), [{ operations: [], waitsFor: ['vif2.0'] }])
  const called = new Promise<string>((resolve) => void datapath.watch(resolve))
  datapath.setVifs(['vif1.0', 'vif2.0'])
  t.equal(await called, 'a.v')
  t.match(datapath.plan('a.v', specs, await datapath.snapshot()), [{ action: 'change', waitsFor: [] }])
})

t.test('a link that joins no two things is refused, and a failure is coded', async (t) => {
  const datapath = fakeDatapath()
  const snapshot = await datapath.snapshot()
  t.throws(() => datapath.plan('a.v', [spec('l1', ['vif1.0'])], snapshot), { code: 'slice.invalid', object: 'link/l1' })
  const [step] = datapath.plan('a.v', [spec('l1', ['vif1.0', 'vif2.0'])], snapshot)
  datapath.failOn('l1')
  if (step) await t.rejects(datapath.apply(step), { code: 'datapath.failed' })
  t.equal(datapath.held.size, 0)
})
