import t from 'tap'
import { bridgeName, serviceName, tunnelName } from '../bridge/names.ts'
import { linkMark, nodeMark, parseMark } from '../mark.ts'

t.test('a mark is read back into what it was made of', async (t) => {
  t.equal(linkMark('alice.shop', 'r1-r2'), 'weft:alice.shop:link/r1-r2')
  t.equal(nodeMark('alice.shop', 'r1'), 'weft:alice.shop:node/r1')
  t.same(parseMark('weft:alice.shop:link/r1-r2'), { vnet: 'alice.shop', kind: 'link', id: 'r1-r2', note: '' })
  t.same(parseMark(linkMark('v', 'l', 'nic=eth1 up=0')), { vnet: 'v', kind: 'link', id: 'l', note: 'nic=eth1 up=0' })
  t.same(parseMark(nodeMark('v', 'n')), { vnet: 'v', kind: 'node', id: 'n', note: '' })
})

t.test('what is not our mark is nobody of ours', async (t) => {
  for (const alias of ['', 'uplink', 'weft', 'weft:v', 'weft:v:bridge/x', 'weft::link/x', 'weft:v:link/']) {
    t.equal(parseMark(alias), undefined, alias)
  }
})

t.test('names fit an interface, are the same every time and differ for every part', async (t) => {
  const names = [
    bridgeName('a.v', 'l1'),
    bridgeName('a.v', 'l2'),
    bridgeName('a.w', 'l1'),
    ...[
      { technology: 'vxlan', identifier: 1, nic: 'eth1' },
      { technology: 'vxlan', identifier: 2, nic: 'eth1' },
      { technology: 'gre', identifier: 2, nic: 'eth1' },
      { technology: 'vlan', identifier: 2, nic: 'eth1' },
      { technology: 'vlan', identifier: 2, nic: 'eth2' },
    ].map((segment) => tunnelName('a.v', 'l1', segment)),
    serviceName('eth1', 100),
    serviceName('eth2', 100),
  ]
  t.equal(new Set(names).size, names.length)
  for (const name of names) t.match(name, /^w[bts][a-z2-7]{13}$/)
  t.equal(bridgeName('a.v', 'l1'), names[0])
})
