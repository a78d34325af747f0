/**
 * Links over tunnels, between hosts that are namespaces: a router for each guest's interface puts its frames into the tunnel, one for the underlay
 * interface takes them out again. What guests send is as large as their stack makes it (TCP segments of up to 64 KB, checksums not there yet).
 */
import t, { type Test } from 'tap'
import { type Namespace, ping, reaches } from '../../datapath/test/support/world.ts'
import { missing } from '../../ebpf/features.ts'
import type { Router } from '../router.ts'
import { checksums, segmentation, turnOff } from './support/offloads.ts'
import { guestText, technologies } from './support/technologies.ts'
import { dataHash, transfer } from './support/transfer.ts'
import { attach, guestOf, indexOf, type TunnelHost, twoHosts } from './support/two-hosts.ts'

t.setTimeout(900_000)
const skip = missing('bpf')?.message ?? false

const bytes = 16 << 20
const patienceMs = Number(process.env.WEFT_PATIENCE_MS ?? 120_000)
const wanted = dataHash(bytes)

const other = (guest: number): number => 3 - guest

/** The routers of one host, for the guest 10.0.0.N at `vif`. */
const join = async (
  t: Test,
  name: string,
  [local, remote]: readonly [TunnelHost, TunnelHost],
  vif: string,
  guest: number,
  { before = 'Null', peer = false } = {},
): Promise<Router> => {
  const technology = technologies[name]
  if (!technology) throw new RangeError(name)
  const { send, link, more } = technology
  const sending = send(local.address, remote.address, 'eth1')
  await attach(t, local, guestText(technology, vif, other(guest), sending, before))
  const entry = `${link(local.address, remote.address)} ${await indexOf(local, vif)}${more?.(guest, other(guest)) ?? ''}${peer ? (more ? ' PEER' : ` PEER 2:0:0:0:0:${guest}`) : ''}`
  return attach(t, local, `FromDevice(eth1) -> links :: LinkSwitch(${entry}) -> ToHost(eth1)`)
}

const expectTransfer = async (t: Test, from: Namespace, to: Namespace, address: string): Promise<void> => {
  const result = await transfer(from.name, to.name, address, bytes, patienceMs)
  t.equal(result?.count, bytes, 'all bytes came')
  t.equal(result?.sha256, wanted, 'as they were sent')
  if (result) t.comment(`${Math.round((bytes * 8) / result.durationMs / 1000)} Mbit/s`)
}

const devices: Readonly<Record<string, readonly string[]>> = {
  'interfaces that do all': [],
  'interfaces that want segments': segmentation,
  'interfaces that want segments and checksums': [...segmentation, ...checksums],
}

/** As an interface of the guest for a VLAN of its own would: all that it sends has a tag, beside its frames. */
const tagAll = (t: Test, guest: Namespace): Promise<Router> =>
  attach(
    t,
    guest,
    `FromHost(eth0) -> sent :: Counter -> VLANEncap(VLAN_ID 9) -> Queue -> ToDevice(eth0);
     FromDevice(eth0) -> c :: Classifier(12/8100 14/0009%0fff, -); c[0] -> VLANDecap -> ToHost(eth0); c[1] -> Discard`,
  )

/** What the vif's router may do with its frames before they go into the tunnel. */
const lookedAt = 'k :: Classifier(12/0806, 12/0800, -); k[0], k[1], k[2]'

// IP packets alone go through ipip.
for (const name of Object.keys(technologies).filter((name) => name !== 'ipip')) {
  for (const [device, features] of Object.entries(devices)) {
    t.test(`guests have VLANs of their own over ${name}, over ${device}`, { skip }, async (t) => {
      const hosts = await twoHosts(t)
      for (const host of hosts) if (features.length > 0) await turnOff(host.path, 'eth1', features)
      const [a, b] = [await guestOf(t, hosts[0], 'vif1.0', 1), await guestOf(t, hosts[1], 'vif1.0', 2)]
      if (name === 'etherip') for (const each of [a, b]) await turnOff(each.path, 'eth0', segmentation)
      await join(t, name, hosts, 'vif1.0', 1, { before: lookedAt, peer: true })
      await join(t, name, [hosts[1], hosts[0]], 'vif1.0', 2)
      const sender = await tagAll(t, a)
      await tagAll(t, b)
      t.ok(await reaches(a, '10.0.0.2'))
      t.ok(await ping(b, '10.0.0.1', 1500 - 28), 'a packet of the whole MTU passes, and its tag')
      await expectTransfer(t, a, b, '10.0.0.2')
      const [packets, sent] = [Number(sender.read('sent.count')), Number(sender.read('sent.byte_count'))]
      if (name !== 'etherip') t.ok(sent / packets > 1600, `packets of ${Math.round(sent / packets)} bytes were sent`)
      await expectTransfer(t, b, a, '10.0.0.1')
    })
  }
}

for (const name of Object.keys(technologies)) {
  t.test(`packets over ${name} are handed to guests at once`, { skip }, async (t) => {
    const [one, two] = await twoHosts(t)
    const [a, b] = [await guestOf(t, one, 'vif1.0', 1), await guestOf(t, two, 'vif1.0', 2)]
    if (name === 'etherip') for (const each of [a, b]) await turnOff(each.path, 'eth0', segmentation)
    await join(t, name, [one, two], 'vif1.0', 1, { peer: true })
    const far = await join(t, name, [two, one], 'vif1.0', 2, { peer: true })
    const sent = async (): Promise<number> =>
      Number((await two.exec('cat', '/sys/class/net/vif1.0/statistics/tx_packets')).trim())
    t.ok(await reaches(a, '10.0.0.2'))
    t.ok(await ping(b, '10.0.0.1', 1500 - 28), 'a packet of the whole MTU passes')
    const before = await sent()
    await expectTransfer(t, a, b, '10.0.0.2')
    t.ok((await sent()) - before < 100, 'the interface has sent hardly anything')
    t.ok(Number(far.read('links.counts').split(' ')[1]) > bytes, 'the link has counted it')
    await b.ip('link', 'set', 'eth0', 'promisc', 'on')
    await a.ip('neighbour', 'replace', '10.0.0.2', 'lladdr', '02:00:00:00:00:77', 'dev', 'eth0', 'nud', 'permanent')
    // What carries IP alone has no other address within.
    t.equal(await ping(a, '10.0.0.2'), name === 'ipip', 'what is for another address is not for the guest')
  })
}

// Linux makes no segments of EtherIP: see EtherIPEncap.
for (const name of Object.keys(technologies)) {
  for (const [device, features] of Object.entries(devices)) {
    t.test(`guests on two hosts reach each other over ${name}, over ${device}`, { skip }, async (t) => {
      const [one, two] = await twoHosts(t)
      for (const host of [one, two]) if (features.length > 0) await turnOff(host.path, 'eth1', features)
      const [a, b] = [await guestOf(t, one, 'vif1.0', 1), await guestOf(t, two, 'vif1.0', 2)]
      if (name === 'etherip') for (const each of [a, b]) await turnOff(each.path, 'eth0', segmentation)
      await join(t, name, [one, two], 'vif1.0', 1)
      const far = await join(t, name, [two, one], 'vif1.0', 2)
      t.ok(await reaches(a, '10.0.0.2'))
      t.ok(await ping(b, '10.0.0.1', 1500 - 28), 'a packet of the whole MTU passes')
      await expectTransfer(t, a, b, '10.0.0.2')
      t.ok(Number(far.read('links.counts').split(' ')[1]) > bytes, 'the link has counted it')
    })
  }
}
