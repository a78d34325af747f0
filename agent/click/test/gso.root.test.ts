/**
 * What a guest's stack sends: TCP segments of up to 64 KB whose checksums are not there yet. They go through routers in namespaces of their
 * own, and must arrive as they were sent, also where a device behind wants segments or checksums made.
 */
import t, { type Test } from 'tap'
import { type Namespace, namespace } from '../../datapath/test/support/world.ts'
import { missing } from '../../ebpf/features.ts'
import { attachTcx } from '../../ebpf/link.ts'
import { openRoute } from '../../netlink/route.ts'
import { compile } from '../compile/compile.ts'
import { loadRouter, type Router } from '../router.ts'
import { graphOf } from './support/compare.ts'
import { checksums, segmentation, turnOff } from './support/offloads.ts'
import { dataHash, transfer } from './support/transfer.ts'

t.setTimeout(900_000)
const skip = missing('tcx')?.message ?? false

const bytes = 32 << 20
const patienceMs = Number(process.env.WEFT_PATIENCE_MS ?? 120_000)
const wanted = dataHash(bytes)

const macs = {
  guestA: '02:00:00:00:0a:02',
  left: '02:00:00:00:0a:01',
  right: '02:00:00:00:0b:01',
  guestB: '02:00:00:00:0b:02',
}

/** A veth pair between two namespaces. */
const join = async (one: Namespace, name: string, other: Namespace, otherName: string, mtu = 1500): Promise<void> => {
  await one.ip(
    'link',
    'add',
    name,
    'mtu',
    `${mtu}`,
    'type',
    'veth',
    'peer',
    'name',
    otherName,
    'mtu',
    `${mtu}`,
    'netns',
    other.name,
  )
  for (const [space, device] of [
    [one, name],
    [other, otherName],
  ] as const) {
    await space.ip('link', 'set', device, 'addrgenmode', 'none', 'up')
  }
}

/** A guest with its gateway, which answers no ARP. */
const guest = async (
  space: Namespace,
  mac: string,
  address: string,
  gateway: string,
  gatewayMac: string,
): Promise<void> => {
  await space.ip('link', 'set', 'eth0', 'address', mac)
  await space.ip('address', 'add', `${address}/24`, 'dev', 'eth0')
  await space.ip('route', 'add', 'default', 'via', gateway)
  await space.ip('neighbour', 'add', gateway, 'lladdr', gatewayMac, 'dev', 'eth0', 'nud', 'permanent')
}

/** A configuration at the interfaces of a namespace, to the end of the test. */
const route = async (t: Test, space: Namespace, text: string): Promise<Router> => {
  const socket = openRoute({ namespace: space.path })
  const indices = new Map((await socket.links()).map(({ name, index }) => [name, index]))
  socket.close()
  const device = (name: string): number => indices.get(name) ?? 0
  const router = loadRouter(compile(graphOf(text), { device }))
  t.teardown(() => router.close())
  for (const { program, device: name, direction } of router.programs) {
    const link = attachTcx(program, { interfaceIndex: device(name), namespace: space.path }, direction)
    t.teardown(() => link.close())
  }
  return router
}

const ip = 'Classifier(12/0800, -)'
const toRight = `EtherEncap(0x0800, ${macs.right}, ${macs.guestB})`
const toLeft = `EtherEncap(0x0800, ${macs.left}, ${macs.guestA})`

/** Both ways between `left` and `right`. */
const routers: Readonly<Record<string, string>> = {
  'a forwarding path': `
    FromDevice(left) -> c :: ${ip}; c[1] -> Discard; FromDevice(right) -> d :: ${ip}; d[1] -> Discard;
    c[0] -> Strip(14) -> CheckIPHeader -> a :: Counter -> routes :: StaticIPLookup(10.0.1.0/24 0, 10.0.2.0/24 1); d[0] -> Strip(14) -> CheckIPHeader -> routes;
    routes[0] -> DecIPTTL -> ${toLeft} -> ToDevice(left); routes[1] -> DecIPTTL -> ${toRight} -> ToDevice(right)`,
  'a filter that writes': `
    FromDevice(left) -> c :: ${ip}; c[1] -> Discard; FromDevice(right) -> d :: ${ip}; d[1] -> Discard;
    c[0] -> a :: Counter -> CheckIPHeader(14) -> IPFilter(allow tcp and dst port 7001, deny all) -> SetIPAddress(1.2.3.4) -> SetIPDSCP(9) -> SetIPECN(0)
      -> EtherRewrite(${macs.right}, ${macs.guestB}) -> ToDevice(right);
    d[0] -> CheckIPHeader(14) -> IPFilter(allow src port 7001, deny all) -> EtherRewrite(${macs.left}, ${macs.guestA}) -> ToDevice(left)`,
  'a translation of addresses': `
    FromDevice(left) -> c :: ${ip}; c[1] -> Discard; FromDevice(right) -> d :: ${ip}; d[1] -> Discard;
    c[0] -> a :: Counter -> CheckIPHeader(14) -> StoreIPAddress(10.0.2.77, src) -> EtherRewrite(${macs.right}, ${macs.guestB}) -> ToDevice(right);
    d[0] -> CheckIPHeader(14) -> StoreIPAddress(10.0.1.2, dst) -> EtherRewrite(${macs.left}, ${macs.guestA}) -> ToDevice(left)`,
  'a copy for another device': `
    FromDevice(left) -> a :: Counter -> s :: Tee; s[1] -> Truncate(64) -> ToDevice(spare); s[0] -> EtherRewrite(${macs.right}, ${macs.guestB}) -> ToDevice(right);
    FromDevice(right) -> EtherRewrite(${macs.left}, ${macs.guestA}) -> ToDevice(left)`,
}

/** What the device towards the receiver leaves to the kernel. */
const devices: Readonly<Record<string, readonly string[]>> = {
  'a device that does all': [],
  'a device that wants segments': segmentation,
  'a device that wants segments and checksums': [...segmentation, ...checksums],
}

const expectTransfer = async (t: Test, from: Namespace, to: Namespace): Promise<void> => {
  const result = await transfer(from.name, to.name, '10.0.2.2', bytes, patienceMs)
  t.equal(result?.count, bytes, 'all bytes came')
  t.equal(result?.sha256, wanted, 'as they were sent')
  if (result) t.comment(`${Math.round((bytes * 8) / result.durationMs / 1000)} Mbit/s`)
}

const isWhole = (t: Test, router: Router, name: string): void => {
  const mean = Number(router.read(`${name}.byte_count`)) / Number(router.read(`${name}.count`))
  t.ok(mean > 3000, `packets of ${Math.round(mean)} bytes went through`)
}

for (const [router, text] of Object.entries(routers)) {
  for (const [device, features] of Object.entries(devices)) {
    t.test(`segments of 64 KB go through ${router} to ${device}`, { skip }, async (t) => {
      const [a, r, b] = [await namespace(t, 'a'), await namespace(t, 'r'), await namespace(t, 'b')]
      await join(a, 'eth0', r, 'left')
      await join(b, 'eth0', r, 'right')
      await r.ip('link', 'add', 'spare', 'type', 'bridge')
      await guest(a, macs.guestA, '10.0.1.2', '10.0.1.1', macs.left)
      await guest(b, macs.guestB, '10.0.2.2', '10.0.2.1', macs.right)
      await b.ip('neighbour', 'add', '10.0.2.77', 'lladdr', macs.right, 'dev', 'eth0', 'nud', 'permanent')
      for (const side of ['left', 'right']) if (features.length > 0) await turnOff(r.path, side, features)
      const loaded = await route(t, r, text)
      await expectTransfer(t, a, b)
      isWhole(t, loaded, 'a')
    })
  }
}

for (const [device, features] of Object.entries({
  'a device that does all': [],
  'a device that wants checksums': checksums,
})) {
  t.test(`checksums are made by ${device} behind a copy that bytes were put before`, { skip }, async (t) => {
    const [a, r, b] = [await namespace(t, 'a'), await namespace(t, 'r'), await namespace(t, 'b')]
    await join(a, 'eth0', r, 'left')
    await join(b, 'eth0', r, 'right')
    await r.ip('link', 'add', 'spare', 'type', 'bridge')
    await guest(a, macs.guestA, '10.0.1.2', '10.0.1.1', macs.left)
    await guest(b, macs.guestB, '10.0.2.2', '10.0.2.1', macs.right)
    // A packet of which such a copy was made is not segmented any more.
    await turnOff(a.path, 'eth0', segmentation)
    for (const side of ['left', 'right']) if (features.length > 0) await turnOff(r.path, side, features)
    const encap =
      'UDPIPEncap(192.0.2.1, 1, 192.0.2.2, 2, CHECKSUM false) -> EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2)'
    await route(
      t,
      r,
      `FromDevice(left) -> s :: Tee; s[0] -> Strip(14) -> ${encap} -> ToDevice(spare);
       s[1] -> EtherRewrite(${macs.right}, ${macs.guestB}) -> ToDevice(right);
       FromDevice(right) -> EtherRewrite(${macs.left}, ${macs.guestA}) -> ToDevice(left)`,
    )
    const few = 1 << 20
    const result = await transfer(a.name, b.name, '10.0.2.2', few, patienceMs)
    t.same([result?.count, result?.sha256], [few, dataHash(few)], 'all came as they were sent')
  })
}

/** From a guest to the way between, and back. */
const tunnels: Readonly<Record<string, readonly [into: string, out: string]>> = {
  'IP in IP': ['Strip(14) -> IPEncap(4, 192.0.2.1, 192.0.2.2)', 'Strip(14) -> CheckIPHeader -> StripIPHeader'],
  'IP in UDP': [
    'Strip(14) -> UDPIPEncap(192.0.2.1, 4000, 192.0.2.2, 4000, false)',
    'Strip(14) -> CheckIPHeader -> Strip(28)',
  ],
  'IP in UDP with a checksum': [
    'Strip(14) -> UDPIPEncap(192.0.2.1, 4000, 192.0.2.2, 4000)',
    'Strip(14) -> CheckIPHeader -> Strip(28)',
  ],
  'a VLAN': ['VLANEncap(VLAN_ID 7)', 'VLANDecap'],
  'a VLAN that is looked for': [
    'VLANEncap(VLAN_ID 7)',
    'w :: Classifier(12/8100, -); w[1] -> Discard; w[0] -> VLANDecap',
  ],
  'a VLAN in a VLAN of a service': [
    'VLANEncap(VLAN_ID 7) -> VLANEncap(VLAN_ID 8, ETHERTYPE 0x88a8)',
    'VLANDecap(ETHERTYPE 0x88a8) -> VLANDecap',
  ],
}

for (const [tunnel, [into, out]] of Object.entries(tunnels)) {
  for (const [device, features] of Object.entries(devices)) {
    t.test(`segments of 64 KB go through ${tunnel} over ${device}`, { skip }, async (t) => {
      const [a, r1] = [await namespace(t, 'a'), await namespace(t, 'r1')]
      const [r2, b] = [await namespace(t, 'r2'), await namespace(t, 'b')]
      await join(a, 'eth0', r1, 'guest')
      await join(b, 'eth0', r2, 'guest')
      await join(r1, 'way', r2, 'way', 1600)
      await guest(a, macs.guestA, '10.0.1.2', '10.0.1.1', macs.left)
      await guest(b, macs.guestB, '10.0.2.2', '10.0.2.1', macs.right)
      for (const space of [r1, r2]) if (features.length > 0) await turnOff(space.path, 'way', features)
      const isVlan = tunnel.startsWith('a VLAN')
      const wrap = isVlan ? 'Null' : 'EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2)'
      const strip = isVlan ? 'Strip(14)' : 'Null'
      const end = (unwrap: string): string => `
        FromDevice(guest) -> c :: ${ip}; c[1] -> Discard; c[0] -> a :: Counter -> ${into} -> ${wrap} -> ToDevice(way);
        FromDevice(way) -> ${out} -> ${strip} -> ${unwrap} -> ToDevice(guest)`
      const first = await route(t, r1, end(toLeft))
      await route(t, r2, end(toRight))
      await expectTransfer(t, a, b)
      isWhole(t, first, 'a')
    })
  }
}
