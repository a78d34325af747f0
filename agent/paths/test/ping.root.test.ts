/** Two hosts and the router between them, each a namespace: what the router drops is found, whether it says so or not. */
import t from 'tap'
import { type Namespace, namespace } from '../../datapath/test/support/world.ts'
import { tryWay } from '../ping.ts'

t.setTimeout(600_000)

const skip = process.getuid?.() === 0 ? false : 'needs root'

const join = async (host: Namespace, address: string, gateway: string, router: Namespace): Promise<void> => {
  const nic = `to-${address.replaceAll('.', '-')}`.slice(0, 15)
  await host.ip('link', 'add', 'eth1', 'mtu', '1500', 'type', 'veth', 'peer', 'name', nic, 'netns', router.name)
  await host.ip('address', 'add', `${address}/24`, 'dev', 'eth1')
  await router.ip('address', 'add', `${gateway}/24`, 'dev', nic)
  await router.ip('link', 'set', nic, 'up')
  await host.ip('link', 'set', 'eth1', 'up')
  await host.ip('route', 'add', 'default', 'via', gateway)
}

t.test('packets that do not fit the way are told from hosts that do not answer', { skip }, async (t) => {
  const [a, router, b] = [await namespace(t, 'a'), await namespace(t, 'router'), await namespace(t, 'b')]
  await router.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  await join(a, '10.1.1.1', '10.1.1.2', router)
  await join(b, '10.2.1.1', '10.2.1.2', router)
  const from = { namespace: a.path, waitSeconds: 5 }
  const way = (bytes: number, remote = '10.2.1.1') => ({ local: '10.1.1.1', remote, bytes })
  t.equal(await tryWay(way(1500), from), 'fits')
  t.equal(await tryWay(way(1501), from), 'too large', 'for the NIC already')
  t.equal(await tryWay(way(1500, '10.2.1.9'), { ...from, waitSeconds: 1 }), 'silent')

  // A network that drops what is too large, and swallows what routers would say of it.
  await router.ip('link', 'set', 'to-10-2-1-1', 'mtu', '1400')
  await router.ip('route', 'add', 'blackhole', 'default', 'table', '100')
  await router.ip('rule', 'add', 'iif', 'lo', 'table', '100', 'priority', '1')
  t.equal(await tryWay(way(1500), { ...from, waitSeconds: 1 }), 'too large')
  t.equal(await tryWay(way(1400), from), 'fits')
})
