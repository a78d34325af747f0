import t from 'tap'
import { create } from '../../../proto/codec.ts'
import type { Address } from '../../netlink/address.ts'
import type { Link } from '../../netlink/link/link.ts'
import { guestChanges } from '../guest-network.ts'
import { dressRequests } from '../vifs.ts'

const link = (index: number, name: string, change: Partial<Link> = {}): Link => ({
  index,
  name,
  hardware: 1,
  flags: 0,
  up: true,
  lowerUp: true,
  mtu: 1500,
  mac: '02:00:00:00:00:01',
  alias: '',
  master: 0,
  lower: 0,
  lowerNamespace: undefined,
  qdisc: 'noqueue',
  transmitQueueLength: 1000,
  addressGeneration: 0,
  info: undefined,
  port: undefined,
  counters: undefined,
  unknown: [],
  ...change,
})
const address = (index: number, text: string, scope = 0): Address => ({
  index,
  family: text.includes(':') ? 6 : 4,
  address: text,
  scope,
  flags: 0,
})
const one = (addresses: readonly string[], change = {}) =>
  create('SliceInterface', { index: 0, mtu: 1400, mac: '02:00:00:00:00:01', addresses, ...change })
const words = (...of: Parameters<typeof guestChanges>): readonly string[] =>
  guestChanges(...of).map(({ operation, subject }) => `${operation} ${subject}`)

t.test('a fresh guest gets loopback, MTU, MAC, link and addresses', async (t) => {
  const links = [link(1, 'lo', { up: false }), link(2, 'eth0', { up: false, mac: '02:00:00:00:00:99' })]
  t.same(words([one(['10.0.0.1/30', 'fd00::1/64'])], links, []), [
    'link set lo',
    'link set 2',
    'link set 2',
    'link set 2',
    'address replace 10.0.0.1/30 dev 2',
    'address replace fd00::1/64 dev 2',
  ])
})

t.test('a guest that is right is left alone, however its addresses are written', async (t) => {
  const links = [link(1, 'lo'), link(2, 'eth0', { mtu: 1400 })]
  const there = [
    address(2, '10.0.0.1/30'),
    address(2, 'fd00::1/64'),
    address(2, 'fe80::1/64', 253),
    address(1, '127.0.0.1/8'),
  ]
  t.same(words([one(['FD00:0:0::1/64', '10.0.0.1/30'])], links, there), [])
})

t.test('addresses are added before others are deleted', async (t) => {
  const links = [link(1, 'lo'), link(2, 'eth0', { mtu: 1400 })]
  t.same(words([one(['10.0.0.2/30'])], links, [address(2, '10.0.0.1/30')]), [
    'address replace 10.0.0.2/30 dev 2',
    'address del 10.0.0.1/30 dev 2',
  ])
})

t.test('an interface that is missing inside is an error', async (t) => {
  t.throws(() => guestChanges([one([])], [link(1, 'lo')], []), { code: 'hypervisor.failed' })
})

t.test('a vif is made silent and marked; one that is right is left alone', async (t) => {
  const interfaces = [{ index: 0, mtu: 1400 }, { index: 2 }]
  const spec = { vnet: 'shop', slot: 4, node: create('SliceNode', { id: 'a', interfaces }) }
  const said = (first: Partial<Link>, second: Partial<Link> = {}, isJoined = false) => {
    const alias = 'weft:shop:node/a'
    const links = [
      link(5, 'vif4.0', { alias, mtu: 1400, addressGeneration: 1, master: 9, ...first }),
      link(6, 'vif4.2', { alias, addressGeneration: 1, master: 9, ...second }),
    ]
    return dressRequests(spec, links, isJoined).map(({ subject }) => subject)
  }
  t.same(said({}), [])
  t.same(said({ addressGeneration: undefined }), [], 'a host without IPv6')
  t.same(said({ addressGeneration: 0 }), ['vif4.0'])
  t.same(said({ alias: '', addressGeneration: 0 }, { alias: '' }), ['vif4.0', 'vif4.0', 'vif4.2'])
  t.same(said({ mtu: 1500 }), ['vif4.0'])
  t.same(said({ up: false, master: 0 }), [], 'down and joined to nothing')
  t.same(said({ up: true, master: 0 }), ['vif4.0'], 'up and joined to nothing: Dom0 would hear the guest')
  t.same(said({ up: true, master: 0 }, {}, true), [], 'up where it may be joined by a router, which has no master')
})
