/** A link between two guests of one host, in the real kernel. */
import t from 'tap'
import { build, datapaths, guest, host, link, ping, plan, problem, reaches, state } from './support/world.ts'

t.setTimeout(600_000)

for (const datapath of datapaths) {
  t.test(
    `${datapath}: two guests on one host reach each other, and a fresh driver finds nothing to do`,
    {
      skip: problem,
    },
    async (t) => {
      const dom0 = await host(t, 'dom0', { datapath })
      const before = await state(dom0)
      const a = await guest(t, dom0, { vif: 'vif1.0', address: '10.0.0.1/24' })
      const b = await guest(t, dom0, { vif: 'vif2.0', address: '10.0.0.2/24' })
      const specs = [link({ vifs: ['vif1.0', 'vif2.0'] })]

      t.match(await build(dom0.driver, specs), [{ action: 'add', link: 'l1', waitsFor: [] }])
      t.ok(await reaches(a, '10.0.0.2'))
      t.ok(await ping(b, '10.0.0.1', 1450 - 28), 'a packet of the whole MTU passes')
      t.notOk(await ping(b, '10.0.0.1', 1450 - 27), 'no larger one does')
      t.same(await plan(dom0.driver, specs), [])
      const interfaces = datapath === 'bridge' ? [/^wb/] : []
      t.match(await dom0.driver.snapshot(), { links: [{ vnet: 'a.v', id: 'l1', interfaces }] })

      await build(dom0.driver, [])
      t.notOk(await ping(a, '10.0.0.2'))
      t.same((await dom0.driver.snapshot()).links, [])
      for (const vif of ['vif1.0', 'vif2.0']) await dom0.ip('link', 'del', vif)
      t.equal(await state(dom0), before)
    },
  )
}
