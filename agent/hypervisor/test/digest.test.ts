import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import { configurationDigest, isMadeFrom, nodeDigest } from '../digest.ts'
import { domainName } from '../domain-name.ts'

const base: Init<SliceNode> = {
  id: 'a',
  hypervisor: 'lxc',
  memoryBytes: 1 << 27,
  interfaces: [
    { index: 0, mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/30', '10.0.0.5/30'], mtu: 1450 },
    { index: 1, mac: '02:00:00:00:00:02' },
  ],
  startUp: { command: 'true', files: [{ path: '/etc/x', content: 'y' }] },
}
const spec = (change: Init<SliceNode> = {}, slot = 1, vnet = 'shop') => ({
  vnet,
  slot,
  node: create('SliceNode', { ...base, ...change }),
})
const [first, second] = base.interfaces ?? []

t.test('what a node has to be made again for', async (t) => {
  const before = nodeDigest(spec())
  for (const change of [
    { memoryBytes: 1 << 28 },
    { cpu: { count: 2 } },
    { cpu: { quotaMillis: 500 } },
    { cpu: { pins: '1' } },
    { image: 'debian' },
    { startUp: { command: 'false' } },
    { startUp: { command: 'true', files: [{ path: '/etc/x', content: 'z' }] } },
  ]) {
    t.not(nodeDigest(spec(change)), before, JSON.stringify(change))
  }
  t.not(nodeDigest(spec({}, 2)), before)
  t.not(nodeDigest(spec({}, 1, 'other')), before)
})

t.test('what is done live, or to others', async (t) => {
  for (const change of [
    { restartPolicy: 'never' },
    { interfaces: [{ ...second }, { ...first }] },
    { interfaces: [{ ...first }] },
    { interfaces: [{ ...first, mac: '02:00:00:00:00:09' }, { ...second }] },
    { interfaces: [{ ...first, addresses: [], mtu: 9000, nic: 'eth2' }, { ...second }] },
  ]) {
    t.equal(nodeDigest(spec(change)), nodeDigest(spec()), JSON.stringify(change))
  }
})

t.test('a node of an agent that could not attach interfaces is made from what it was made from then', async (t) => {
  const written = 'FqlRYtgz0NX9CaZgWAzaGD'
  t.ok(isMadeFrom(spec(), nodeDigest(spec())))
  t.ok(isMadeFrom(spec(), written))
  t.notOk(isMadeFrom(spec({ memoryBytes: 1 << 28 }), written))
  t.notOk(isMadeFrom(spec(), ''))
})

t.test('the configuration is interfaces, MAC, MTU and addresses, in whatever order', async (t) => {
  const before = configurationDigest(spec())
  t.not(before, '')
  const swapped = { ...first, addresses: ['10.0.0.5/30', '10.0.0.1/30'] }
  t.equal(configurationDigest(spec({ interfaces: [{ ...second }, swapped], memoryBytes: 5 })), before)
  t.not(configurationDigest(spec({ interfaces: [{ ...first, mtu: 1400 }, { ...second }] })), before)
  t.not(configurationDigest(spec({ interfaces: [{ ...first, addresses: [] }, { ...second }] })), before)
  t.not(configurationDigest(spec({ interfaces: [{ ...first }] })), before)
  t.not(configurationDigest(spec({ interfaces: [{ ...first, mac: '02:00:00:00:00:09' }, { ...second }] })), before)
})

t.test('names of domains are stable, told apart and tell nothing', async (t) => {
  t.equal(domainName('alice.shop', 'a'), domainName('alice.shop', 'a'))
  t.not(domainName('alice.shop', 'a'), domainName('alice.shop', 'b'))
  t.not(domainName('alice', 'shop'), domainName('alice.shop', ''))
  t.match(domainName('alice.shop', 'a'), /^weft-[0-9a-f]{16}$/)
})
