/** An interface of a running VNet changes its data path: what it had goes, nothing is left behind, and little is lost. */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import type { Slice } from '../../../proto/generated/weft.v1.ts'
import { planLinks } from '../../reconcile/plan-links.ts'
import { bridgeDriver } from '../bridge/driver.ts'
import { clickDriver } from '../click/driver.ts'
import type { DatapathDriver } from '../driver.ts'
import { openUnderlay } from '../underlay/underlay.ts'
import { pinging } from './support/pinging.ts'
import {
  clickPlaces,
  guest,
  macOf,
  type Namespace,
  namespace,
  ping,
  problem,
  reaches,
  state,
  wire,
} from './support/world.ts'

t.setTimeout(900_000)

const vnet = 'a.v'

interface Dom0 extends Namespace {
  /** Does what the agent does until nothing is left: one step for an object in each look. */
  reconcile(slice: Slice): Promise<void>
}

const dom0 = async (t: Test, role: string): Promise<Dom0> => {
  const home = await namespace(t, role)
  const underlay = openUnderlay({ namespace: home.path })
  const drivers: readonly DatapathDriver[] = [
    bridgeDriver({ namespace: home.path, underlay }),
    clickDriver({ namespace: home.path, underlay, ...(await clickPlaces(t)) }),
  ]
  t.teardown(async () => {
    for (const driver of drivers) await driver.close()
    underlay.close()
  })
  const probed = new Map<string, readonly string[]>()
  for (const driver of drivers) probed.set(driver.name, (await driver.probe()).technologies)
  const look = async (slice: Slice) => {
    const views = new Map<
      string,
      Parameters<typeof planLinks>[3] extends ReadonlyMap<string, infer View> ? View : never
    >()
    for (const driver of drivers) {
      const technologies = probed.get(driver.name) ?? []
      views.set(driver.name, { driver, technologies, snapshot: await driver.snapshot() })
    }
    const slots = new Map(slice.nodes.map(({ id }) => [id, Number(id.slice(1))]))
    const { steps, problems } = planLinks(vnet, slice, slots, views)
    for (const problem of problems.values()) throw problem
    const removals = steps.filter(({ step }) => step.action === 'remove')
    const [first] = [...removals, ...steps]
    if (first === undefined) return false
    await drivers.find(({ name }) => name === first.datapath)?.apply(first.step)
    return true
  }
  return {
    ...home,
    reconcile: async (slice) => {
      for (let looks = 0; await look(slice); looks++) if (looks > 8) throw new Error('it never ends')
    },
  }
}

/** Nodes n1, n2 … are behind vif1.0, vif2.0 … */
const node = (number: number, forwarding: string) => ({
  id: `n${number}`,
  interfaces: [{ index: 0, mac: macOf(`vif${number}.0`), forwarding, mtu: 1450 }],
})

const end = (number: number, rate = 0) => ({ node: `n${number}`, interface: 0, rateBitsPerSecond: rate })

const within = (first: string, second: string, rate: number): Slice =>
  create('Slice', {
    vnet,
    nodes: [node(1, first), node(2, second)],
    links: [{ id: 'l1', mtu: 1450, ends: [end(1, rate), end(2, rate)] }],
  })

/** Without what every new interface and discipline has of its own: numbers, addresses and handles. */
const kept = async (at: Namespace): Promise<string> =>
  (await state(at))
    .replaceAll(/^\d+: (?=w[bt])/gm, '')
    .replaceAll(/([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}/g, 'MAC')
    .replaceAll(/(?<=qdisc (?:tbf|pfifo|bfifo) )[0-9a-f]+:/g, 'HANDLE')
    .split('\n')
    .sort()
    .join('\n')

const steps = [
  ['click', 'bridge'],
  ['click', 'click'],
  ['bridge', 'click'],
  ['bridge', 'bridge'],
  ['click', 'click'],
  ['bridge', 'bridge'],
] as const

const rate = 50e6

t.test('the ends of a link within a host change one by one', { skip: problem }, async (t) => {
  const host = await dom0(t, 'dom0')
  const a = await guest(t, host, { vnet, vif: 'vif1.0', address: '10.0.0.1/24' })
  const b = await guest(t, host, { vnet, vif: 'vif2.0', address: '10.0.0.2/24' })
  await host.reconcile(within('bridge', 'bridge', rate))
  t.ok(await reaches(a, '10.0.0.2'))
  const before = await kept(host)
  for (const [first, second] of steps) {
    const stop = pinging(a, '10.0.0.2', 10)
    await delay(300)
    const since = performance.now()
    await host.reconcile(within(first, second, rate))
    const took = performance.now() - since
    t.ok(await reaches(a, '10.0.0.2'), `${first}, ${second}`)
    t.ok(await ping(b, '10.0.0.1', 1422))
    await delay(300)
    const { sent, received } = await stop()
    const lostMs = (sent - received) * 10
    // No more is lost than while it was done, and the moment that a bridge takes to forward.
    t.ok(lostMs <= took + 2500, `${first}, ${second}: ${Math.round(took)} ms, ${lostMs} ms without answers`)
  }
  t.equal(await kept(host), before, 'nothing is left behind')
})

t.test('the end of a link to another host changes, and the other host does not know', { skip: problem }, async (t) => {
  const [one, two] = [await dom0(t, 'h1'), await dom0(t, 'h2')]
  await wire({ at: one, nic: 'eth1', address: '192.0.2.1/24' }, { at: two, nic: 'eth1', address: '192.0.2.2/24' })
  const a = await guest(t, one, { vnet, vif: 'vif1.0', address: '10.0.0.1/24' })
  const b = await guest(t, two, { vnet, vif: 'vif1.0', address: '10.0.0.2/24' })
  const between = (forwarding: string, from: number, to: number): Slice =>
    create('Slice', {
      vnet,
      nodes: [node(1, forwarding)],
      links: [
        {
          id: 'l1',
          mtu: 1450,
          ends: [end(1)],
          segments: [
            {
              technology: 'vxlan',
              identifier: 7,
              local: `192.0.2.${from}`,
              remote: `192.0.2.${to}`,
              nic: 'eth1',
              rateBitsPerSecond: 20e6,
            },
          ],
        },
      ],
    })
  await two.reconcile(between('bridge', 2, 1))
  await one.reconcile(between('bridge', 1, 2))
  t.ok(await reaches(a, '10.0.0.2'))
  const before = await kept(one)
  for (const forwarding of ['click', 'bridge', 'click', 'bridge']) {
    await one.reconcile(between(forwarding, 1, 2))
    t.ok(await reaches(a, '10.0.0.2'), forwarding)
    t.ok(await ping(b, '10.0.0.1', 1422))
  }
  t.equal(await kept(one), before, 'nothing is left behind')
})
