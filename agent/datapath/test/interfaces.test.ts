import t from 'tap'
import { type InterfaceOrder, type Interfaces, interfaceOrder, interfacesOf } from '../interfaces.ts'
import { linkMark, nodeMark } from '../mark.ts'
import { bridge, iface, tunnel, vif } from './support/reading.ts'

const names = (links: readonly { readonly name: string }[] | undefined) => links?.map(({ name }) => name).toSorted()

/** All that it says, in the order of names. */
const told = (interfaces: Interfaces) => ({
  names: names([...interfaces.byName.values()]),
  indices: [...interfaces.byIndex.keys()].toSorted((a, b) => a - b),
  unmarked: names(interfaces.unmarked),
  marked: names(interfaces.marked()),
  a: names(interfaces.marked(new Set(['a.v']))),
  ports: names(interfaces.ports.get(20)),
  above: names(interfaces.above.get(2)),
  holders: [...['eth1', 'eth2']].map((nic) => interfaces.holders.get(nic)),
})

t.test('interfaces are found by what a plan asks for', async (t) => {
  const of = interfacesOf([
    iface(2, 'eth1'),
    vif(10, 'vif1.0', 'a.v', 20),
    vif(11, 'vif2.0', 'b.w', 20),
    bridge(20, 'wb1'),
    tunnel(21, 'wt1', 7, 2, 20),
    iface(22, 'ws1', { info: { kind: 'other', name: 'macvlan', data: Buffer.alloc(0) }, lower: 2 } as never),
    iface(23, 'veth0', { info: { kind: 'veth' }, lower: 2 }),
    iface(24, 'far', { info: { kind: 'vlan', unknown: [] }, lower: 2, lowerNamespace: 3 } as never),
  ])
  t.same(names(of.marked(new Set(['a.v']))), ['vif1.0', 'wb1', 'wt1'])
  t.same(names(of.marked(new Set(['c.x', 'b.w']))), ['vif2.0'])
  t.same(names(of.marked()), ['vif1.0', 'vif2.0', 'wb1', 'wt1'])
  t.same(names(of.unmarked), ['eth1', 'far', 'veth0', 'ws1'].toSorted())
  t.same(names(of.ports.get(20)), ['vif1.0', 'vif2.0', 'wt1'])
  t.same(names(of.above.get(2)), ['ws1', 'wt1'], 'neither the peer of a veth nor what is on an interface elsewhere')
  t.same(of.marks.get('vif2.0'), { vnet: 'b.w', kind: 'node', id: 'vif2.0', note: '' })
  t.same([of.marks.has('eth1'), of.marks.has('nowhere')], [false, false])
})

t.test('what has changed is as if it had been so from the start, and a moment stays', async (t) => {
  const order: InterfaceOrder = interfaceOrder()
  const held = new Map<number, ReturnType<typeof iface>>()
  const change = (now: ReturnType<typeof iface> | undefined, index = now?.index ?? 0) => {
    order.change(held.get(index), now)
    if (now) held.set(index, now)
    else held.delete(index)
    t.same(told(order.moment()), told(interfacesOf([...held.values()])))
  }
  change(iface(2, 'eth1'))
  change(bridge(20, 'wb1'))
  change(iface(10, 'vif1.0'))
  const before = order.moment()
  const saw = told(before)
  change(vif(10, 'vif1.0'))
  change(vif(10, 'vif1.0', 'a.v', 20))
  change({ ...vif(10, 'vif1.0', 'a.v', 20), alias: nodeMark('b.w', 'n') })
  change(bridge(20, 'wb1', linkMark('a.v', 'l1', 'nic=eth1 up=1 mtu=1500 addrgen=0')))
  change(tunnel(21, 'wt1', 7, 2, 20))
  change(tunnel(21, 'wt1', 7, 3, 0))
  // Two exchange their names.
  change(iface(30, 'a'))
  change(iface(31, 'b'))
  change(iface(30, 'c'))
  change(iface(31, 'a'))
  change(iface(30, 'b'))
  change(undefined, 20)
  change(undefined, 10)
  change(iface(32, 'vif1.0'))
  t.same(told(before), saw)
})
