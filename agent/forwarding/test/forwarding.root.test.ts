/** A node between two others, whose packets Dom0 forwards: by its own routes, and without it. */

import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { readConfiguration } from '../../click/service/configuration.ts'
import { clickService } from '../../click/service/service.ts'
import type { LinkSpec } from '../../datapath/driver.ts'
import { countFrames, flood, measure } from '../../datapath/test/support/rates.ts'
import {
  build,
  clickPlaces,
  driverAt,
  guest,
  link,
  macOf,
  type Namespace,
  namespace,
  ping,
  plan,
  reaches,
  until,
} from '../../datapath/test/support/world.ts'
import { missing } from '../../ebpf/features.ts'
import { openRoute } from '../../netlink/route.ts'
import { type Follower, follow } from '../follow.ts'
import { forwardingText } from '../text.ts'

t.setTimeout(600_000)
const skip = missing('bpf')?.message ?? false

/** a -- r -- b, and a path for r's router. */
const line = async (t: Test, rate: number) => {
  const dom0 = await namespace(t, 'dom0')
  const a = await guest(t, dom0, { vif: 'vif1.0', address: '10.0.1.1/24' })
  const r = await guest(t, dom0, { vif: 'vif2.0', node: 'r', address: '10.0.1.2/24' })
  await secondInterface(dom0, r)
  const b = await guest(t, dom0, { vif: 'vif3.0', address: '10.0.2.1/24' })
  await r.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  await a.ip('route', 'add', 'default', 'via', '10.0.1.2')
  await b.ip('route', 'add', 'default', 'via', '10.0.2.2')
  const driver = await driverAt(t, 'click', dom0.path)
  t.teardown(() => driver.close())
  const links = (rateNow: number): readonly LinkSpec[] => [
    { ...link({ id: 'l1', vifs: ['vif1.0', 'vif2.0'], rates: [0, rateNow] }), forwarded: [false, true] },
    { ...link({ id: 'l2', vifs: ['vif2.1', 'vif3.0'] }), forwarded: [true, false] },
  ]
  await build(driver, links(rate))
  const route = openRoute({ namespace: dom0.path })
  t.teardown(() => route.close())
  return { dom0, a, r, b, route, driver, links }
}

const secondInterface = async (dom0: Namespace, r: Namespace): Promise<void> => {
  await dom0.ip(
    'link',
    'add',
    'vif2.1',
    'mtu',
    '1450',
    'type',
    'veth',
    'peer',
    'name',
    'eth1',
    'mtu',
    '1450',
    'netns',
    r.name,
  )
  await dom0.ip('link', 'set', 'vif2.1', 'addrgenmode', 'none', 'alias', (await aliasOf(dom0)) ?? '')
  await r.ip('link', 'set', 'eth1', 'address', macOf('vif2.1'), 'addrgenmode', 'none', 'up')
  await r.ip('address', 'add', '10.0.2.2/24', 'dev', 'eth1')
}

const aliasOf = async (dom0: Namespace): Promise<string | undefined> =>
  /alias (\S+)/.exec(await dom0.ip('link', 'show', 'vif2.0'))?.[1]

/** Frames that came into the node, less those that it asked or answered for itself. */
const framesInto = async (r: Namespace): Promise<number> => {
  const links = JSON.parse(await r.ip('-s', '-j', 'link', 'show')) as {
    ifname: string
    stats64: { rx: { packets: number } }
  }[]
  return links
    .filter(({ ifname }) => ifname.startsWith('eth'))
    .reduce((sum, { stats64 }) => sum + stats64.rx.packets, 0)
}

const forwarded = async (t: Test, rate = 0) => {
  const world = await line(t, rate)
  const { dom0, r, route } = world
  const places = await clickPlaces(t)
  const service = clickService({ namespace: dom0.path, ...places, group: 'forwarding' })
  const vifs = await Promise.all(['vif2.0', 'vif2.1'].map(async (name) => ({ name, link: await route.link(name) })))
  const interfaces = vifs.map(({ name, link: found }, index) => ({
    index,
    vif: { name, index: found?.index ?? 0 },
    mac: macOf(name),
    mtu: 1450,
    link: found?.lower ?? 0,
  }))
  await service.up('a.v@r', readConfiguration(forwardingText('r', interfaces), 'a.v/r'))
  t.teardown(() => service.down('a.v@r'))
  const problems: string[] = []
  const start = (): Follower => {
    const follower = follow({
      namespace: r.path,
      service,
      router: 'a.v@r',
      interfaces,
      onState: (problem) => void (problem && problems.push(problem.message)),
    })
    t.teardown(() => follower.close())
    return follower
  }
  const follower = start()
  await follower.first
  const table = () => service.read('a.v@r', 'routes.table')
  return { ...world, service, follower, start, table, problems }
}

t.test('what others send each other never enters the node, and what is for it does', { skip }, async (t) => {
  const { a, b, r, service, problems } = await forwarded(t)
  t.ok(await reaches(a, '10.0.2.1'))
  t.ok(await reaches(b, '10.0.1.1'))
  // Neighbours are known by now.
  await until(async () => (await service.read('a.v@r', 'near1.count')) !== '0')
  await until(async () => (await service.read('a.v@r', 'near0.count')) !== '0')
  const before = await framesInto(r)
  const text = await a.exec('ping', '-n', '-q', '-f', '-c', '2000', '-W', '10', '10.0.2.1')
  t.match(text, /2000 received/)
  const entered = (await framesInto(r)) - before
  t.ok(entered < 50, `${entered} frames entered the node, ARP mostly`)
  t.ok(Number(await service.read('a.v@r', 'forwarded1.count')) >= 2000)
  t.match(await a.exec('ping', '-n', '-c', '1', '-W', '10', '10.0.2.1'), /ttl=63/, 'a hop is a hop')
  t.ok(await reaches(a, '10.0.1.2'), 'the node itself answers')
  t.ok(await reaches(a, '10.0.2.2'), 'also by its far address')
  const expired = await a.exec('sh', '-c', 'ping -n -c 1 -t 1 -W 10 10.0.2.1 || true')
  t.match(expired, /From 10\.0\.1\.2 .*Time to live exceeded/, 'what dies there is told by the node')
  t.same(problems, [])
})

t.test('a rate towards the node holds for what never comes to it, and changes while it runs', { skip }, async (t) => {
  const { a, b, r, driver, links, service } = await forwarded(t, 5e6)
  t.same(await plan(driver, links(5e6)), [], 'all is as it shall be')
  t.ok(await reaches(a, '10.0.2.1'))
  await until(async () => (await service.read('a.v@r', 'near1.count')) !== '0')
  await countFrames(a, b)
  const entered = await framesInto(r)
  await flood(t, a, b, '10.0.2.1', 5001, '-u', '-b', '20M', '-l', '1000')
  for (const rate of [5e6, 8e6]) {
    await build(driver, links(rate))
    await delay(1000)
    const measured = await measure(b, 4)
    t.ok(Math.abs(measured / rate - 1) <= 0.05, `${measured} of ${rate} bit/s`)
  }
  t.ok((await framesInto(r)) - entered < 200, 'none of it entered the node')
  await build(driver, links(0))
  t.same(await plan(driver, links(0)), [])
})

t.test('its routes are followed as they change', { skip }, async (t) => {
  const { a, b, r, table } = await forwarded(t)
  await b.ip('address', 'add', '10.9.9.9/32', 'dev', 'lo')
  t.notOk(await ping(a, '10.9.9.9'))
  await r.ip('route', 'add', '10.9.9.0/24', 'via', '10.0.2.1')
  await until(async () => /10\.9\.9\.0\/24\s+10\.0\.2\.1\s+2/.test(await table()))
  t.ok(await reaches(a, '10.9.9.9'))
  await r.ip('route', 'add', '10.9.9.9/32', 'dev', 'eth1', 'metric', '50')
  await until(async () => /10\.9\.9\.9\/32\s+-\s+2/.test(await table()))
  await r.ip('route', 'add', 'blackhole', '10.9.9.9/32', 'metric', '10')
  await until(async () => /10\.9\.9\.9\/32\s+-\s+0/.test(await table()))
  t.notOk(await ping(a, '10.9.9.9'), 'the better route is one to nowhere')
  await r.ip('route', 'del', 'blackhole', '10.9.9.9/32', 'metric', '10')
  t.ok(await reaches(a, '10.9.9.9'))
  await r.ip('link', 'set', 'eth1', 'down')
  await until(async () => !/10\.9\.9\.0/.test(await table()))
  await r.ip('link', 'set', 'eth1', 'up')
  await until(async () => /10\.0\.2\.0\/24/.test(await table()))
})

t.test('a follower that begins anew finds the tables as they are, and mends what is different', { skip }, async (t) => {
  const { a, r, follower, start, service, table } = await forwarded(t)
  t.ok(await reaches(a, '10.0.2.1'))
  follower.close()
  t.ok(await reaches(a, '10.0.2.1'), 'nobody is needed for what is known')
  await r.ip('route', 'add', '10.7.0.0/16', 'via', '10.0.2.1')
  await service.write('a.v@r', 'routes.add', '10.8.0.0/16 1')
  await start().first
  const now = await table()
  t.match(now, /10\.7\.0\.0\/16\s+10\.0\.2\.1\s+2/)
  t.notMatch(now, /10\.8\.0\.0/)
})
