/** Links that are worse than they could be, because somebody asked for it: on every data path. */
import t from 'tap'
import { create } from '../../../proto/codec.ts'
import type { Impairment } from '../../../proto/generated/weft.v1.ts'
import type { DatapathDriver, LinkSpec } from '../driver.ts'
import { openUnderlay } from '../underlay/underlay.ts'
import {
  build,
  type DatapathName,
  datapaths,
  driverAt,
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
  wire,
} from './support/world.ts'

t.setTimeout(600_000)

const none: Impairment = create('Impairment', {})

const noNetem = async (): Promise<string | false> => {
  if (problem) return problem
  let lack: string | undefined
  await t.test('a probe', async (t) => {
    const { path } = await namespace(t, 'probe')
    const underlay = openUnderlay({ namespace: path })
    t.teardown(() => underlay.close())
    lack = await underlay.noNetem()
  })
  return lack ?? false
}

const impaired = (spec: LinkSpec, towards: number, impairment: Impairment): LinkSpec => ({
  ...spec,
  link: {
    ...spec.link,
    ends: spec.link.ends.map((end, position) => (position === towards ? { ...end, impairment } : end)),
    segments: spec.link.segments.map((segment) => ({ ...segment, impairment })),
  },
})

const local = link({ vifs: ['vif1.0', 'vif2.0'] })

const joined = async (t: Parameters<typeof namespace>[0], datapath: DatapathName) => {
  const at = await namespace(t, 'host')
  const a = await guest(t, at, { vif: 'vif1.0', address: '10.0.0.1/24' })
  const b = await guest(t, at, { vif: 'vif2.0', address: '10.0.0.2/24' })
  const driver = await driverAt(t, datapath, at.path)
  t.teardown(() => driver.close())
  await build(driver, [local])
  t.ok(await reaches(a, '10.0.0.2'))
  return { at, a, b, driver }
}

/** Milliseconds, the least of a few. */
const roundTrip = async (from: Namespace, address: string): Promise<number> => {
  const text = await from.exec('ping', '-n', '-q', '-c', '4', '-i', '0.1', '-W', '10', address)
  return Number(/min\/avg\/max\/mdev = ([\d.]+)/.exec(text)?.[1])
}

const carrier = async (guestNamespace: Namespace): Promise<boolean> =>
  / state UP /.test(await guestNamespace.ip('link', 'show', 'eth0'))

const skip = await noNetem()

for (const datapath of datapaths) {
  t.test(
    `${datapath}: a link that is down carries nothing, its ends see it, and it comes back`,
    { skip: problem },
    async (t) => {
      const { a, b, driver } = await joined(t, datapath)
      const down: LinkSpec = { ...local, link: { ...local.link, down: true } }
      await build(driver, [down])
      t.same(await plan(driver, [down]), [], 'it is as it shall be')
      t.notOk(await ping(a, '10.0.0.2'))
      for (const end of [a, b]) await until(async () => !(await carrier(end)))
      await build(driver, [local])
      t.ok(await reaches(a, '10.0.0.2'))
      t.same(await plan(driver, [local]), [])
    },
  )

  t.test(`${datapath}: a link that is made down is down`, { skip: problem }, async (t) => {
    const at = await namespace(t, 'host')
    const a = await guest(t, at, { vif: 'vif1.0', address: '10.0.0.1/24' })
    await guest(t, at, { vif: 'vif2.0', address: '10.0.0.2/24' })
    const driver: DatapathDriver = await driverAt(t, datapath, at.path)
    t.teardown(() => driver.close())
    const down: LinkSpec = { ...local, link: { ...local.link, down: true } }
    await build(driver, [down])
    t.same(await plan(driver, [down]), [])
    t.notOk(await ping(a, '10.0.0.2'))
    await build(driver, [local])
    t.ok(await reaches(a, '10.0.0.2'))
  })

  t.test(
    `${datapath}: a kernel that cannot impair says so`,
    { skip: problem || (skip === false && 'this kernel can') },
    async (t) => {
      const { a, driver } = await joined(t, datapath)
      const delayed = impaired(local, 1, { ...none, delayMicroseconds: 1000 })
      await t.rejects(plan(driver, [delayed]), { code: 'datapath.unavailable', object: 'link/l1', message: /no netem/ })
      t.ok(await ping(a, '10.0.0.2'), 'the link is as it was')
    },
  )

  if (datapath === 'click') {
    t.test('click: packets are lost by chance also where the kernel loses none', { skip: problem }, async (t) => {
      const { a, b, driver } = await joined(t, datapath)
      // What is lost shall be pings, and no question for an address.
      for (const [at, address, vif] of [
        [a, '10.0.0.2', 'vif2.0'],
        [b, '10.0.0.1', 'vif1.0'],
      ] as const) {
        await at.ip('neigh', 'replace', address, 'lladdr', macOf(vif), 'dev', 'eth0', 'nud', 'permanent')
      }
      const half = impaired(local, 1, { ...none, lossMillionths: 500_000 })
      await build(driver, [half])
      t.same(await plan(driver, [half]), [])
      const text = await a.exec('sh', '-c', 'ping -n -q -i 0.02 -c 200 -W 5 10.0.0.2 || true')
      const received = Number(/(\d+) received/.exec(text)?.[1])
      t.ok(received > 60 && received < 140, `${received} of 200`)
      await build(driver, [impaired(local, 0, { ...none, lossMillionths: 1_000_000 })])
      t.notOk(await ping(a, '10.0.0.2'), 'also on the way back alone')
      await build(driver, [local])
      t.ok(await reaches(a, '10.0.0.2'))
    })
  }

  t.test(`${datapath}: a delay comes and goes on a link within a host, in one direction`, { skip }, async (t) => {
    const { a, driver } = await joined(t, datapath)
    const delayed = impaired(local, 1, { ...none, delayMicroseconds: 60_000 })
    await build(driver, [delayed])
    t.same(await plan(driver, [delayed]), [])
    const time = await roundTrip(a, '10.0.0.2')
    t.ok(time >= 60 && time < 120, `${time} ms: once on the way`)
    await build(driver, [impaired(local, 1, { ...none, lossMillionths: 1_000_000 })])
    t.notOk(await ping(a, '10.0.0.2'))
    await build(driver, [local])
    t.ok(await reaches(a, '10.0.0.2'))
    t.ok((await roundTrip(a, '10.0.0.2')) < 60)
  })

  t.test(`${datapath}: a delay of a tunnel, beside a rate`, { skip }, async (t) => {
    const [one, other] = [await namespace(t, 'h1'), await namespace(t, 'h2')]
    await wire({ at: one, nic: 'eth1', address: '192.0.2.1/24' }, { at: other, nic: 'eth1', address: '192.0.2.2/24' })
    const a = await guest(t, one, { vif: 'vif1.0', address: '10.0.0.1/24' })
    await guest(t, other, { vif: 'vif2.0', address: '10.0.0.2/24' })
    const ends = [
      { at: one, vif: 'vif1.0', local: '192.0.2.1', remote: '192.0.2.2' },
      { at: other, vif: 'vif2.0', local: '192.0.2.2', remote: '192.0.2.1' },
    ]
    for (const [position, { at, vif, local: own, remote }] of ends.entries()) {
      const driver = await driverAt(t, datapath, at.path)
      t.teardown(() => driver.close())
      const segment = { identifier: 5000, local: own, remote, nic: 'eth1', rate: 5e6 }
      const plain = link({ vifs: [vif], segments: [segment] })
      const spec = position === 0 ? impaired(plain, 9, { ...none, delayMicroseconds: 60_000 }) : plain
      await build(driver, [spec])
      t.same(await plan(driver, [spec]), [])
    }
    t.ok(await reaches(a, '10.0.0.2'))
    const time = await roundTrip(a, '10.0.0.2')
    t.ok(time >= 60 && time < 120, `${time} ms`)
  })
}
