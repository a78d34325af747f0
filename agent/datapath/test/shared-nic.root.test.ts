/** A physical interface that nodes of several VNets share, by each data path. */
import t from 'tap'
import { bridgeDriver } from '../bridge/driver.ts'
import { clickDriver } from '../click/driver.ts'
import type { LinkSpec } from '../driver.ts'
import { guardedDriver } from '../guard/driver.ts'
import { openUnderlay } from '../underlay/underlay.ts'
import {
  build,
  clickPlaces,
  datapaths,
  guest,
  link,
  macOf,
  namespace,
  ping,
  plan,
  problem,
  reaches,
  until,
} from './support/world.ts'

t.setTimeout(300_000)

for (const forwarding of datapaths) {
  t.test(
    `${forwarding}: all that share an interface reach each other and what is outside`,
    { skip: problem },
    async (t) => {
      const [home, outside] = [await namespace(t, 'h'), await namespace(t, 'o')]
      const wire = async (): Promise<void> => {
        await home.ip('link', 'add', 'eth2', 'type', 'veth', 'peer', 'name', 'e0', 'netns', outside.name)
        await outside.ip('address', 'add', '10.0.0.9/24', 'dev', 'e0')
        await outside.ip('link', 'set', 'e0', 'up')
      }
      await wire()
      const looks = async (): Promise<string> =>
        (await home.ip('-d', '-o', 'link', 'show', 'eth2')).replace('qdisc noop', 'qdisc noqueue')
      const was = await looks()
      const first = await guest(t, home, { vnet: 'a.v', vif: 'vif1.0', address: '10.0.0.1/24' })
      const second = await guest(t, home, { vnet: 'b.v', vif: 'vif2.0', address: '10.0.0.2/24' })
      const spec = (vnet: string, vif: string): LinkSpec => {
        const wanted = link({ vnet, vifs: [vif], nic: 'eth2', shared: true })
        return { ...wanted, interfaces: wanted.interfaces.map((one) => ({ ...one, forwarding })) }
      }
      const wanted = { 'a.v': [spec('a.v', 'vif1.0')], 'b.v': [spec('b.v', 'vif2.0')] } as const

      const underlay = openUnderlay({ namespace: home.path })
      const bridge = guardedDriver(bridgeDriver({ namespace: home.path, underlay }), {
        namespace: home.path,
        ...(await clickPlaces(t)),
      })
      const click = clickDriver({ namespace: home.path, underlay, ...(await clickPlaces(t)) })
      const drivers = forwarding === 'click' ? [click, bridge] : [bridge]
      t.teardown(async () => {
        for (const driver of [click, bridge]) await driver.close()
        underlay.close()
      })
      const all = async (vnet: keyof typeof wanted, specs: readonly LinkSpec[]): Promise<number> => {
        const steps = []
        for (const driver of drivers) steps.push(...(await build(driver, specs, vnet)))
        return steps.length
      }
      const settled = async (vnet: keyof typeof wanted, specs: readonly LinkSpec[]): Promise<void> => {
        for (let looked = 0; (await all(vnet, specs)) > 0; looked++) if (looked > 3) t.fail('it is never right')
      }

      await Promise.all([settled('a.v', wanted['a.v']), settled('b.v', wanted['b.v'])])
      t.ok(await reaches(first, '10.0.0.9'))
      t.ok(await reaches(second, '10.0.0.9'))
      t.ok(await reaches(first, '10.0.0.2'))
      t.ok(await ping(first, '10.0.0.9', 1422))
      t.notMatch(await home.ip('-6', '-o', 'addr'), /wn|wu|wb|vif|eth2/, 'the host does not speak there')

      await first.ip('link', 'set', 'eth0', 'address', '02:00:00:00:09:09')
      t.notOk(await ping(first, '10.0.0.9'), 'frames of another source do not leave by it')
      await first.ip('link', 'set', 'eth0', 'address', macOf('vif1.0'))

      const alone = link({ vnet: 'c.v', vifs: ['vif3.0'], nic: 'eth2' })
      await t.rejects(plan(bridge, [alone], 'c.v'), { code: 'nic.taken' }, 'nobody has it alone')
      await t.rejects(plan(click, [alone], 'c.v'), { code: 'nic.taken' })

      const changed = new Set<string>()
      await bridge.watch((vnet) => changed.add(vnet))
      await home.ip('link', 'del', 'eth2')
      await until(async () => changed.has('a.v') && changed.has('b.v'))
      await t.rejects(plan(bridge, wanted['a.v'], 'a.v'), { code: 'nic.unknown' })
      await wire()
      for (const vnet of ['a.v', 'b.v'] as const) await settled(vnet, wanted[vnet])
      // Who is outside has another Ethernet address now, which neighbours would take a while to learn.
      for (const inside of [first, second]) await inside.ip('neighbour', 'flush', 'all')
      t.ok(await reaches(first, '10.0.0.9'))

      await settled('a.v', [])
      t.ok(await reaches(second, '10.0.0.9'), 'who stays goes on')
      t.match(await looks(), /master wn/)
      await settled('b.v', [])
      const names = /^\d+: eth2@\S+|link\/ether \S+/g
      t.equal((await looks()).replaceAll(names, ''), was.replaceAll(names, ''), 'the last one gives it back')
      t.notMatch(await home.ip('-br', 'link'), /^w/m, 'and nothing is left')
    },
  )
}
