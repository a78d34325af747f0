/** Whatever somebody else does to a link, the next look at its VNet alone sees, and mends; a look at another VNet has nothing to do with it. */
import t, { type Test } from 'tap'
import type { DatapathDriver, LinkSpec } from '../driver.ts'
import { command, datapaths, guest, host, link, ping, problem, reaches } from './support/world.ts'

t.setTimeout(900_000)

const look = async (driver: DatapathDriver, vnet: string, specs: readonly LinkSpec[]) =>
  driver.plan(vnet, specs, await driver.snapshot({ vnets: new Set([vnet]) }))

const world = async (t: Test, datapath: (typeof datapaths)[number]) => {
  const dom0 = await host(t, datapath, { datapath })
  const guests = await Promise.all([
    guest(t, dom0, { vif: 'vif1.0', address: '10.0.0.1/24' }),
    guest(t, dom0, { vif: 'vif2.0', address: '10.0.0.2/24' }),
    guest(t, dom0, { vif: 'vif3.0', address: '10.0.0.1/24', vnet: 'b.w' }),
    guest(t, dom0, { vif: 'vif4.0', address: '10.0.0.2/24', vnet: 'b.w' }),
  ])
  const specs = {
    'a.v': [link({ vifs: ['vif1.0', 'vif2.0'], rates: [0, 80e6] })],
    'b.w': [link({ vnet: 'b.w', vifs: ['vif3.0', 'vif4.0'] })],
  }
  for (const [vnet, of] of Object.entries(specs)) {
    for (const step of await look(dom0.driver, vnet, of)) await dom0.driver.apply(step)
  }
  return { dom0, a: guests[0], specs, tc: (...args: readonly string[]) => command('tc', '-n', dom0.name, ...args) }
}

for (const datapath of datapaths) {
  t.test(datapath, { skip: problem }, async (t) => {
    const { dom0, a, specs, tc } = await world(t, datapath)
    const { driver } = dom0
    const [bridge = ''] = (await driver.snapshot({ vnets: new Set(['a.v']) })).links[0]?.interfaces ?? []
    await dom0.ip('link', 'add', 'stranger', 'type', 'bridge')
    const ofAll = {
      'an MTU': () => dom0.ip('link', 'set', 'vif1.0', 'mtu', '1300'),
      'a vif that is down': () => dom0.ip('link', 'set', 'vif1.0', 'down'),
      'the way in which it makes addresses': () => dom0.ip('link', 'set', 'vif1.0', 'addrgenmode', 'eui64'),
      'a master': () => dom0.ip('link', 'set', 'vif1.0', 'master', 'stranger'),
      'a rate that is gone': () => tc('qdisc', 'del', 'dev', 'vif2.0', 'root'),
      'a rate where none shall be': () =>
        tc('qdisc', 'add', 'dev', 'vif1.0', 'root', 'tbf', 'rate', '1mbit', 'burst', '5kb', 'limit', '9kb'),
      'another rate': () =>
        tc('qdisc', 'change', 'dev', 'vif2.0', 'root', 'tbf', 'rate', '1mbit', 'burst', '5kb', 'limit', '9kb'),
      'two at once': async () => {
        await dom0.ip('link', 'set', 'vif1.0', 'mtu', '1300')
        await tc('qdisc', 'del', 'dev', 'vif2.0', 'root')
      },
    }
    const ofBridge = {
      'no bridge': () => dom0.ip('link', 'del', bridge),
      'a bridge that is down': () => dom0.ip('link', 'set', bridge, 'down'),
      'an alias of the bridge': () =>
        dom0.ip('link', 'set', bridge, 'alias', 'weft:a.v:link/l1 nic=lost up=1 mtu=1500'),
      'a port that has left': () => dom0.ip('link', 'set', 'vif1.0', 'nomaster'),
      'a port that learns': () => command('bridge', '-n', dom0.name, 'link', 'set', 'dev', 'vif1.0', 'learning', 'on'),
      'hooks of the bridge': () => tc('qdisc', 'del', 'dev', bridge, 'clsact'),
      'somebody else in the bridge': () => dom0.ip('link', 'set', 'vif3.0', 'master', bridge),
    }
    for (const [name, act] of Object.entries({ ...ofAll, ...(datapath === 'bridge' ? ofBridge : {}) })) {
      await t.test(name, async (t) => {
        t.same(await look(driver, 'a.v', specs['a.v']), [], 'right before')
        await act()
        const steps = await look(driver, 'a.v', specs['a.v'])
        t.match(steps, [{ link: 'l1', reasons: [/./] }])
        const foreign = name === 'somebody else in the bridge' ? 1 : 0
        t.equal((await look(driver, 'b.w', specs['b.w'])).length, foreign, 'the other VNet has nothing to do with it')
        for (const step of steps) await driver.apply(step)
        for (const step of await look(driver, 'b.w', specs['b.w'])) await driver.apply(step)
        t.same(await look(driver, 'a.v', specs['a.v']), [], 'right afterwards')
        t.same(await look(driver, 'b.w', specs['b.w']), [])
        t.ok((await ping(a, '10.0.0.2')) || (await reaches(a, '10.0.0.2')))
      })
    }
    await t.test('a vif that was made anew', async (t) => {
      await dom0.ip('link', 'del', 'vif2.0')
      t.match(await look(driver, 'a.v', specs['a.v']), [{ waitsFor: ['vif2.0'] }])
      const anew = await guest(t, dom0, { vif: 'vif2.0', address: '10.0.0.2/24' })
      for (const step of await look(driver, 'a.v', specs['a.v'])) await driver.apply(step)
      t.same(await look(driver, 'a.v', specs['a.v']), [])
      t.ok(await reaches(anew, '10.0.0.1'))
    })
  })
}
