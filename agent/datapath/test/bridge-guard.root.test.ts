/** Guards in front of a bridge: what passes goes on as if they were not there, and they come and go with the link. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { transfer } from '../../click/test/support/transfer.ts'
import { bridgeDriver } from '../bridge/driver.ts'
import type { LinkSpec, LinkStep, Snapshot } from '../driver.ts'
import { guardedDriver } from '../guard/driver.ts'
import { openUnderlay } from '../underlay/underlay.ts'
import { frame, receivedFrames, sendFrames } from './support/frames.ts'
import { ethernet, ip4, protocol, tagged, types, udp } from './support/packets.ts'
import {
  build,
  clickPlaces,
  guest,
  link,
  macOf,
  type Namespace,
  namespace,
  ping,
  plan,
  problem,
  reaches,
  until,
} from './support/world.ts'

t.setTimeout(600_000)

const all = ['mac', 'ip', 'arp', 'nd', 'dhcp-server', 'ra']
const vifs = ['vif1.0', 'vif2.0'] as const
const addresses = ['10.0.0.1/24', '10.0.0.2/24'] as const
const plain = link({ vifs })

const guarded = (guards: readonly string[], more: Partial<LinkSpec['interfaces'][number]> = {}): LinkSpec => ({
  ...plain,
  interfaces: plain.interfaces.map((one, i) => ({
    ...one,
    addresses: [addresses[i] ?? ''],
    guards: [...guards],
    ...more,
  })),
})

const hostWithGuests = async (t: Test) => {
  const dom0 = await namespace(t, 'dom0')
  const places = await clickPlaces(t)
  const underlay = openUnderlay({ namespace: dom0.path })
  t.teardown(() => underlay.close())
  const driver = guardedDriver(bridgeDriver({ namespace: dom0.path, underlay }), { namespace: dom0.path, ...places })
  t.teardown(() => driver.close())
  const a = await guest(t, dom0, { vif: vifs[0], address: addresses[0] })
  const b = await guest(t, dom0, { vif: vifs[1], address: addresses[1] })
  /** Of the guard of the first guest's interface. */
  const read = async (counter: string): Promise<number> => {
    const router = await driver.inspect?.('a.v', vifs[0], 0, true)
    return Number(router?.handlers.find(({ name }) => name === `${counter}.count`)?.value)
  }
  return { dom0, places, driver, a, b, read }
}

const opsOf = (step: LinkStep | undefined): readonly string[] =>
  (step?.operations ?? []).map((operation) => (operation as { readonly op: string }).op)

const own = { from: macOf(vifs[0]), to: macOf(vifs[1]) }
const forged = {
  spoofed_mac: frame(own.to, '02:00:00:00:09:09', 0x88, 0xb5),
  spoofed_ip: ethernet(own, types.ip4, ip4({ from: '10.0.0.9', to: '10.0.0.2', next: protocol.udp }, udp(1, 2))),
  dhcp_server: ethernet(own, types.ip4, ip4({ from: '10.0.0.1', to: '10.0.0.2', next: protocol.udp }, udp(67, 68))),
  tagged: tagged(frame(own.to, own.from, 0x88, 0xb5), 5),
}

/** Silent but for what the test sends. */
const silence = async (...guests: readonly Namespace[]): Promise<void> => {
  for (const one of guests) await one.exec('sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1')
}

t.test('what is right reaches the other guest, what is forged is dropped and counted', { skip: problem }, async (t) => {
  const { driver, a, b, read } = await hostWithGuests(t)
  await silence(a, b)
  t.match(await build(driver, [guarded(all)]), [
    { action: 'add', reasons: [/guard of vif1\.0\.0 is not there/, /vif2/] },
  ])
  t.same(await plan(driver, [guarded(all)]), [])
  t.ok(await reaches(a, '10.0.0.2'))
  const bytes = 4 << 20
  t.equal((await transfer(a.name, b.name, '10.0.0.2', bytes, 120_000))?.count, bytes, 'large segments pass too')
  for (const [counter, bytes] of Object.entries(forged)) {
    const before = await receivedFrames(b)
    await sendFrames(a, [bytes], 5)
    await until(async () => (await read(counter)) >= 5)
    t.equal(await receivedFrames(b), before, counter)
  }
  t.equal(await read('spoofed_mac'), 5)
  t.ok(await ping(a, '10.0.0.2'))
})

t.test('with the Ethernet address alone guarded, tagged frames pass as they are', { skip: problem }, async (t) => {
  const { driver, a, b, read } = await hostWithGuests(t)
  await silence(a, b)
  await build(driver, [guarded(['mac'])])
  t.ok(await reaches(a, '10.0.0.2'))
  for (const bytes of [forged.tagged, tagged(forged.tagged, 7, 0x88a8), forged.spoofed_ip]) {
    const before = await receivedFrames(b)
    await sendFrames(a, [bytes], 5)
    await until(async () => (await receivedFrames(b)) >= before + 5)
  }
  await sendFrames(a, [forged.spoofed_mac], 5)
  await until(async () => (await read('spoofed_mac')) === 5)
})

t.test('guards are changed while frames flow, and what they counted stays', { skip: problem }, async (t) => {
  const { driver, a, read } = await hostWithGuests(t)
  await build(driver, [guarded(all)])
  t.ok(await reaches(a, '10.0.0.2'))
  await sendFrames(a, [forged.spoofed_mac], 3)
  await until(async () => (await read('spoofed_mac')) === 3)
  t.match(await build(driver, [guarded(['mac'])]), [
    { action: 'change', operations: [{ op: 'guard' }, { op: 'guard' }] },
  ])
  t.equal(await read('spoofed_mac'), 3)
  t.ok(await ping(a, '10.0.0.2'))
  t.match(await build(driver, [guarded([])]), [{ operations: [{ op: 'unguard' }, { op: 'unguard' }] }])
  t.equal(await driver.inspect?.('a.v', vifs[0], 0, false), undefined)
  t.ok(await ping(a, '10.0.0.2'))
  t.same(await plan(driver, [guarded([])]), [])
})

t.test('an end that the data path click takes the frames of is left to it', { skip: problem }, async (t) => {
  const { driver } = await hostWithGuests(t)
  const [step] = await plan(driver, [guarded(all, { forwarding: 'click' })])
  t.equal(opsOf(step).includes('add-bridge'), true)
  t.equal(opsOf(step).includes('guard'), false)
})

t.test('a guard that somebody took off is put back', { skip: problem }, async (t) => {
  const { driver, places, a } = await hostWithGuests(t)
  await build(driver, [guarded(all)])
  const [pins = ''] = readdirSync(join(places.bpffs, 'weft/v1/guards'))
  rmSync(join(places.bpffs, 'weft/v1/guards', pins), { recursive: true })
  t.match(await build(driver, [guarded(all)]), [{ reasons: [/the guard of vif1\.0\.0 is (lost|degraded)/] }])
  t.same(await plan(driver, [guarded(all)]), [])
  t.ok(await reaches(a, '10.0.0.2'))
})

t.test('what a loss of power leaves of guards is put right', { skip: problem }, async (t) => {
  const { dom0, driver, places, a } = await hostWithGuests(t)
  const kept = (): readonly string[] => readdirSync(places.directory).filter((name) => !name.startsWith('.'))
  /** What the kernel has of guards: where it has TCX all goes with the pins, else filters stay. */
  const loseKernelState = async (): Promise<void> => {
    rmSync(join(places.bpffs, 'weft/v1/guards'), { recursive: true })
    for (const vif of vifs) {
      const hooks = await dom0.exec('tc', 'qdisc', 'show', 'dev', vif)
      if (hooks.includes('clsact')) await dom0.exec('tc', 'qdisc', 'del', 'dev', vif, 'clsact')
    }
  }
  await build(driver, [guarded(all)])
  const [first = '', second = ''] = kept()
  const record = readFileSync(join(places.directory, second))
  await loseKernelState()
  writeFileSync(join(places.directory, first), '')
  await build(driver, [guarded(all)])
  t.same(await plan(driver, [guarded(all)]), [])
  t.ok(await reaches(a, '10.0.0.2'))
  await build(driver, [])
  t.same(kept(), [])
  writeFileSync(join(places.directory, second), record)
  t.match(await build(driver, []), [{ action: 'remove', operations: [{ op: 'unguard' }] }], 'one came back')
  t.same(kept(), [])
})

t.test('a vif that is made anew is guarded before it is joined', { skip: problem }, async (t) => {
  const { dom0, driver, a } = await hostWithGuests(t)
  await build(driver, [guarded(all)])
  await dom0.ip('link', 'del', 'vif2.0')
  await build(driver, [guarded(all)])
  await guest(t, dom0, { vif: 'vif2.0', address: '10.0.0.2/24' })
  const [step] = await build(driver, [guarded(all)])
  t.equal(opsOf(step)[0], 'guard')
  t.ok(await reaches(a, '10.0.0.2'))
})

t.test('nothing is left of a link that is removed', { skip: problem }, async (t) => {
  const { dom0, driver, places } = await hostWithGuests(t)
  await build(driver, [guarded(all)])
  t.match(await build(driver, []), [{ action: 'remove' }])
  t.same((await driver.snapshot()).links, [])
  t.same(
    readdirSync(places.directory).filter((name) => !name.startsWith('.')),
    [],
  )
  t.same(readdirSync(join(places.bpffs, 'weft/v1/guards')), [])
  t.match(await dom0.ip('link', 'show', 'vif1.0'), /state DOWN/)
})

t.test('guards that cannot be had are refused, and what is no address', { skip: problem }, async (t) => {
  const { driver } = await hostWithGuests(t)
  const snapshot = (await driver.snapshot()) as Snapshot & { readonly guards: object }
  const without = { ...snapshot, guards: { ...snapshot.guards, problem: 'no eBPF' } }
  t.throws(() => driver.plan('a.v', [guarded(all)], without), { code: 'datapath.unavailable', object: 'link/l1' })
  t.doesNotThrow(() => driver.plan('a.v', [guarded([])], without))
  t.throws(() => driver.plan('a.v', [guarded(['ip'], { addresses: ['10.0.0'] })], snapshot), {
    code: 'slice.invalid',
  })
})
