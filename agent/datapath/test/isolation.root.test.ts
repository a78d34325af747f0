/** What a guest sends, and what Dom0 does with it: nothing. */
import t from 'tap'
import { build, datapaths, guest, host, link, namespace, ping, plan, problem, reaches, wire } from './support/world.ts'

t.setTimeout(600_000)

for (const datapath of datapaths) {
  t.test(
    `${datapath}: a guest gets no answer from Dom0, by ARP or IP, whatever address it asks for`,
    { skip: problem },
    async (t) => {
      const dom0 = await host(t, 'dom0', { datapath })
      const outside = await namespace(t, 'outside')
      await wire(
        { at: dom0, nic: 'eth0', address: '192.0.2.1/24' },
        { at: outside, nic: 'eth0', address: '192.0.2.2/24' },
      )
      await dom0.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
      const a = await guest(t, dom0, { vif: 'vif1.0', address: '10.0.0.1/24' })
      await guest(t, dom0, { vif: 'vif2.0', address: '10.0.0.2/24' })
      await build(dom0.driver, [link({ vifs: ['vif1.0', 'vif2.0'] })])
      t.ok(await reaches(a, '10.0.0.2'))

      const dom0Sees = async () =>
        Number(await dom0.exec('awk', '/^Ip:/ && ++line == 2 { print $4 }', '/proc/net/snmp'))
      const before = await dom0Sees()
      await a.ip('route', 'add', '192.0.2.0/24', 'dev', 'eth0')
      t.notOk(await ping(a, '192.0.2.1'), 'ARP for an address of the host')

      const own = datapath === 'bridge' ? ['type', 'bridge'] : ['vif1.0']
      const mac0 = (await dom0.ip('-o', 'link', 'show', ...own)).match(/link\/ether (\S+)/)?.[1] ?? ''
      for (const mac of [mac0, 'ff:ff:ff:ff:ff:ff', '01:80:c2:00:00:02', '01:80:c2:00:00:0e', '01:00:5e:00:00:01']) {
        await a.ip('neigh', 'replace', '192.0.2.1', 'lladdr', mac, 'dev', 'eth0')
        t.notOk(await ping(a, '192.0.2.1'), `IP to the host by ${mac}`)
        await a.ip('neigh', 'replace', '192.0.2.2', 'lladdr', mac, 'dev', 'eth0')
        t.notOk(await ping(a, '192.0.2.2'), `IP through the host by ${mac}`)
      }
      t.equal(await dom0Sees(), before, 'the host received no IP packet at all')
    },
  )
}

t.test('without its guard a bridge does answer, and the plan mends that', { skip: problem }, async (t) => {
  const dom0 = await host(t, 'dom0')
  await dom0.ip('address', 'add', '192.0.2.1/32', 'dev', 'lo')
  const a = await guest(t, dom0, { vif: 'vif1.0', address: '10.0.0.1/24' })
  await guest(t, dom0, { vif: 'vif2.0', address: '10.0.0.2/24' })
  const specs = [link({ vifs: ['vif1.0', 'vif2.0'] })]
  await build(dom0.driver, specs)
  t.ok(await reaches(a, '10.0.0.2'))
  await a.ip('route', 'add', '192.0.2.0/24', 'dev', 'eth0')
  await dom0.ip('route', 'add', '10.0.0.0/24', 'dev', (await dom0.driver.snapshot()).links[0]?.interfaces[0] ?? '')
  t.notOk(await ping(a, '192.0.2.1'))

  const [bridge = ''] = (await dom0.driver.snapshot()).links[0]?.interfaces ?? []
  await dom0.exec('tc', 'qdisc', 'del', 'dev', bridge, 'clsact')
  t.ok(await reaches(a, '192.0.2.1'), 'the test can tell')
  t.match(await build(dom0.driver, specs), [{ operations: [{ op: 'isolate', hooks: 'missing' }] }])
  t.notOk(await ping(a, '192.0.2.1'))
  t.same(await plan(dom0.driver, specs), [])
})

for (const datapath of datapaths) {
  t.test(`${datapath}: link-local frames pass between guests, as on a wire`, { skip: problem }, async (t) => {
    const dom0 = await host(t, 'dom0', { datapath })
    const a = await guest(t, dom0, { vif: 'vif1.0', address: '10.0.0.1/24' })
    const b = await guest(t, dom0, { vif: 'vif2.0', address: '10.0.0.2/24' })
    await build(dom0.driver, [link({ vifs: ['vif1.0', 'vif2.0'] })])
    t.ok(await reaches(a, '10.0.0.2'))
    for (const last of ['00', '02', '03', '0e', '0f']) {
      await a.ip('neigh', 'replace', '10.0.0.9', 'lladdr', `01:80:c2:00:00:${last}`, 'dev', 'eth0')
      const received = async () => Number(await b.exec('cat', '/sys/class/net/eth0/statistics/rx_packets'))
      const before = await received()
      await ping(a, '10.0.0.9')
      t.ok((await received()) > before, `01:80:c2:00:00:${last}`)
    }
  })
}

for (const datapath of datapaths) {
  t.test(`${datapath}: Dom0 itself says nothing on a link`, { skip: problem }, async (t) => {
    const dom0 = await host(t, 'dom0', { datapath })
    await dom0.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
    const a = await guest(t, dom0, { vif: 'vif1.0', address: '10.0.0.1/24' })
    const b = await guest(t, dom0, { vif: 'vif2.0', address: '10.0.0.2/24' })
    for (const inside of [a, b]) await inside.exec('sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1')
    await build(dom0.driver, [link({ vifs: ['vif1.0', 'vif2.0'] })])
    await new Promise((resolve) => setTimeout(resolve, 4000))
    for (const inside of [a, b]) {
      t.equal(Number(await inside.exec('cat', '/sys/class/net/eth0/statistics/rx_packets')), 0)
    }
  })
}
