import t from 'tap'
import { openNicReader } from '../nics.ts'
import { build, guest, host, link, problem, reaches, wire } from './support/world.ts'

t.setTimeout(300_000)

t.test(
  'the NICs of a host are those that are not part of a VNet, with what the monitor wants',
  { skip: problem },
  async (t) => {
    const [h1, h2] = [await host(t, 'h1'), await host(t, 'h2')]
    await wire({ at: h1, nic: 'eth1', address: '192.0.2.1/24' }, { at: h2, nic: 'eth1', address: '192.0.2.2/24' }, 1600)
    await guest(t, h1, { vif: 'vif1.0', address: '10.0.0.1/24' })
    const segments = [{ identifier: 7, local: '192.0.2.1', remote: '192.0.2.2', nic: 'eth1' }]
    await build(h1.driver, [link({ vifs: ['vif1.0'], segments })])
    await h1.ip('address', 'add', '2001:db8::1/64', 'dev', 'eth1', 'nodad')
    await h1.ip('link', 'add', 'spare', 'type', 'veth', 'peer', 'name', 'other')
    const reader = openNicReader({ namespace: h1.path })
    t.teardown(() => reader.close())
    const nics = await reader.read()
    t.same(nics.map(({ name }) => name).toSorted(), ['eth1', 'other', 'spare'])
    const [eth1] = nics.filter(({ name }) => name === 'eth1')
    t.match(eth1, {
      mac: /^(..:){5}..$/,
      addresses: ['192.0.2.1/24', '2001:db8::1/64'],
      mtu: 1600,
      rateBitsPerSecond: 10e9,
      up: true,
    })
    t.match(
      nics.find(({ name }) => name === 'spare'),
      { up: false, addresses: [], transmitBytes: 0 },
    )
    t.ok(await reaches(h1, '192.0.2.2'))
    const after = (await reader.read()).find(({ name }) => name === 'eth1')
    t.ok((after?.transmitBytes ?? 0) > (eth1?.transmitBytes ?? 0))
  },
)
