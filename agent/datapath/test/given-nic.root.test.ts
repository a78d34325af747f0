/** A physical interface that a link has for itself, by each data path: used, refused, lost and found again, and given back as it was. */
import t, { type Test } from 'tap'
import { bridgeDriver } from '../bridge/driver.ts'
import { clickDriver } from '../click/driver.ts'
import type { DatapathDriver, LinkSpec } from '../driver.ts'
import { guardedDriver } from '../guard/driver.ts'
import {
  build,
  clickPlaces,
  type DatapathName,
  datapaths,
  guest,
  link,
  macOf,
  type Namespace,
  namespace,
  ping,
  plan,
  problem,
  reaches,
  until,
} from './support/world.ts'

t.setTimeout(300_000)

/** A host whose drivers come and go as agents do. */
const hostOf = async (t: Test, datapath: DatapathName) => {
  const home = await namespace(t, 'h')
  const places = await clickPlaces(t)
  const open = (): DatapathDriver => {
    const at = { namespace: home.path, ...places }
    const driver = datapath === 'bridge' ? guardedDriver(bridgeDriver({ namespace: home.path }), at) : clickDriver(at)
    t.teardown(() => driver.close())
    return driver
  }
  return { home, open }
}

/** eth2 of the host, a wire to somebody outside. */
const wireTo = async (home: Namespace, outside: Namespace, ...words: readonly string[]): Promise<void> => {
  await home.ip('link', 'add', 'eth2', ...words, 'type', 'veth', 'peer', 'name', 'e0', 'netns', outside.name)
  await outside.ip('address', 'add', '10.0.0.9/24', 'dev', 'e0')
  await outside.ip('link', 'set', 'e0', 'up')
}

/** All of it that a link may change. */
const looks = async (home: Namespace): Promise<string> => {
  const shown = [await home.ip('-d', '-o', 'addr', 'show', 'eth2'), await home.ip('-d', '-o', 'link', 'show', 'eth2')]
  // Its queueing is made when it is first raised, and an address of its own is tentative for a while then (RFC 4862, 5.4).
  return shown.join('').replaceAll('qdisc noop', 'qdisc noqueue').replaceAll(' tentative', '')
}

const wanted: LinkSpec = link({ vifs: ['vif1.0'], nic: 'eth2' })

for (const datapath of datapaths) {
  t.test(`${datapath}: an interface is the link's alone, and then as it was before`, { skip: problem }, async (t) => {
    for (const before of [
      ['mtu', '1600'],
      ['mtu', '1500', 'addrgenmode', 'none', 'up', 'promisc', 'on'],
    ]) {
      const { home, open } = await hostOf(t, datapath)
      const outside = await namespace(t, 'o')
      await wireTo(home, outside)
      await home.ip('link', 'set', 'eth2', ...before)
      if (before.includes('up')) await until(async () => / state UP /.test(await looks(home)))
      const was = await looks(home)
      const inside = await guest(t, home, { vif: 'vif1.0', address: '10.0.0.1/24' })
      const driver = open()
      await build(driver, [wanted])
      t.ok(await reaches(inside, '10.0.0.9'))
      t.ok(await ping(inside, '10.0.0.9', 1422))
      t.same(await plan(driver, [wanted]), [], 'nothing is left to do')
      t.match((await driver.snapshot()).links, [{ vnet: 'a.v', id: 'l1' }])

      await inside.ip('link', 'set', 'eth0', 'address', '02:00:00:00:09:09')
      t.notOk(await ping(inside, '10.0.0.9'), 'frames of another source do not leave by it')
      await inside.ip('link', 'set', 'eth0', 'address', macOf('vif1.0'))
      t.ok(await reaches(inside, '10.0.0.9'))

      // Another agent finds it, and takes nothing for what it was like that a link has made of it.
      await driver.close()
      const next = open()
      t.same(await plan(next, [wanted]), [])
      await home.ip('link', 'set', 'eth2', 'mtu', '1300')
      await build(next, [wanted])
      await build(next, [])
      t.equal(await looks(home), was)
      t.same((await next.snapshot()).links, [])
    }
  })

  t.test(`${datapath}: one that is lost is told at once, and used when it is back`, { skip: problem }, async (t) => {
    const { home, open } = await hostOf(t, datapath)
    const outside = await namespace(t, 'o')
    await wireTo(home, outside)
    const inside = await guest(t, home, { vif: 'vif1.0', address: '10.0.0.1/24' })
    const driver = open()
    await build(driver, [wanted])
    t.ok(await reaches(inside, '10.0.0.9'))
    const changed: string[] = []
    await driver.watch((vnet) => changed.push(vnet))
    await plan(driver, [wanted])

    await home.ip('link', 'del', 'eth2')
    await until(async () => changed.includes('a.v'))
    await t.rejects(plan(driver, [wanted]), { code: 'nic.unknown', object: 'link/l1' })
    changed.length = 0
    await wireTo(home, outside, 'mtu', '1400')
    await until(async () => changed.includes('a.v'))
    const was = await looks(home)
    await home.ip('address', 'add', '192.0.2.1/24', 'dev', 'eth2')
    await t.rejects(plan(driver, [wanted]), { code: 'nic.taken', message: /carries an address/ })
    await home.ip('address', 'del', '192.0.2.1/24', 'dev', 'eth2')
    await build(driver, [wanted])
    // Who is outside has another Ethernet address now, which neighbours would take a while to learn.
    await inside.ip('neighbour', 'flush', 'all')
    t.ok(await reaches(inside, '10.0.0.9'))
    await build(driver, [])
    t.equal(await looks(home), was, 'as it was when it came back')
    await build(driver, [wanted])
    await home.ip('link', 'del', 'eth2')
    await build(driver, [])
    t.same((await driver.snapshot()).links, [], 'a link goes without it')
  })
}
