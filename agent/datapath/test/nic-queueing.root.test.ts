/** Which queueing an underlay NIC has, what it does for management, and how it changes, in the real kernel. */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { clickDriver } from '../click/driver.ts'
import { openUnderlay } from '../underlay/underlay.ts'
import { flood, testFrame } from './support/flood.ts'
import {
  build,
  clickPlaces,
  command,
  guest,
  type Host,
  host,
  link,
  macOf,
  plan,
  problem,
  reaches,
  state,
  wire,
} from './support/world.ts'

t.setTimeout(600_000)

const wired = async (t: Test): Promise<readonly [Host, Host]> => {
  const [h1, h2] = [await host(t, 'h1', { datapath: 'click' }), await host(t, 'h2', { datapath: 'click' })]
  await wire({ at: h1, nic: 'eth1', address: '192.0.2.1/24' }, { at: h2, nic: 'eth1', address: '192.0.2.2/24' })
  return [h1, h2]
}

const specOf = (number: number, from: 1 | 2, rate = 0) =>
  link({
    id: `l${number}`,
    vifs: [`vif${number}.0`],
    segments: [{ identifier: number, local: `192.0.2.${from}`, remote: `192.0.2.${3 - from}`, nic: 'eth1', rate }],
  })

const tc = (at: Host, ...words: readonly string[]): Promise<string> => command('tc', '-n', at.name, ...words)
const rootOf = async (at: Host): Promise<string> =>
  / (\S+ \S+): root/.exec(await tc(at, 'qdisc', 'show', 'dev', 'eth1'))?.[1] ?? ''

/** Echoes of the host's own that were lost, of so many a second, while something was done. */
const lostDuring = async (at: Host, work: () => Promise<unknown>): Promise<number> => {
  const pinging = at.exec('ping', '-n', '-q', '-i', '0.01', '-c', '300', '-W', '2', '192.0.2.2').catch(String)
  await delay(500)
  await work()
  const [, sent, came] = /(\d+) packets transmitted, (\d+) received/.exec(await pinging) ?? []
  return Number(sent) - Number(came)
}

t.test('where all is best effort, what a link sends lets management go first', { skip: problem }, async (t) => {
  const [h1, h2] = await wired(t)
  const a = await guest(t, h1, { vif: 'vif1.0', address: '10.0.0.1/24' })
  await guest(t, h2, { vif: 'vif1.0', address: '10.0.0.2/24' })
  await build(h1.driver, [specOf(1, 1)])
  await build(h2.driver, [specOf(1, 2)])
  t.ok(await reaches(a, '10.0.0.2'))
  t.equal(await rootOf(h1), 'noqueue 0', 'a veth takes all at once')

  // A bucket around the discipline that other NICs have makes of it one that is too slow for what is sent.
  await tc(h1, ...'qdisc replace dev eth1 root handle 1: tbf rate 5mbit burst 5k limit 1m'.split(' '))
  await tc(h1, ...'qdisc add dev eth1 parent 1:1 pfifo_fast'.split(' '))
  const end = await flood(t, a, [{ name: 'eth0', data: testFrame(macOf('vif1.0'), 1000), framesPerSecond: 3000 }])
  await delay(1000)
  t.match(await tc(h1, '-s', 'qdisc', 'show', 'dev', 'eth1'), /dropped [1-9]/, 'it is')
  t.equal(await lostDuring(h1, () => delay(0)), 0, 'of management nothing is lost')
  await end()
})

t.test('the first rate at a NIC brings classes, which stay until nothing uses it', { skip: problem }, async (t) => {
  const [h1, h2] = await wired(t)
  const before = await state(h1)
  const a = await guest(t, h1, { vif: 'vif1.0', address: '10.0.0.1/24' })
  await guest(t, h2, { vif: 'vif1.0', address: '10.0.0.2/24' })
  await guest(t, h1, { vif: 'vif2.0', address: '10.0.0.1/24' })
  await build(h1.driver, [specOf(1, 1), specOf(2, 1)])
  await build(h2.driver, [specOf(1, 2)])
  t.ok(await reaches(a, '10.0.0.2'))
  t.equal(await rootOf(h1), 'noqueue 0')
  t.same(await plan(h1.driver, [specOf(1, 1), specOf(2, 1)]), [])

  const promised = [specOf(1, 1), specOf(2, 1, 20e6)]
  const lost = await lostDuring(h1, () => build(h1.driver, promised))
  t.ok(lost < 10, `${lost} of 300 echoes lost while the root discipline is exchanged`)
  t.equal(await rootOf(h1), 'htb 7766')
  t.same(await plan(h1.driver, promised), [])

  // They need no filter: all of them are gone.
  await tc(h1, ...'filter del dev eth1 parent 7766: pref 1'.split(' '))
  const count = async () =>
    Number(
      /htb 7766:3 .*\n Sent \d+ bytes (\d+) pkt/.exec(await tc(h1, '-s', 'class', 'show', 'dev', 'eth1'))?.[1] ?? NaN,
    )
  const counted = await count()
  await a.exec('ping', '-n', '-q', '-c', '10', '-i', '0.02', '-W', '5', '10.0.0.2')
  t.ok((await count()) - counted >= 10, 'packets say that they are best effort')

  await build(h1.driver, [specOf(1, 1), specOf(2, 1)])
  t.equal(await rootOf(h1), 'htb 7766', 'nothing is lost only to have bands again')
  t.same(await plan(h1.driver, [specOf(1, 1), specOf(2, 1)]), [])
  await build(h1.driver, [])
  for (const vif of ['vif1.0', 'vif2.0']) await h1.ip('link', 'del', vif)
  t.equal(await state(h1), before, 'nothing is left behind')
})

t.test('a NIC that has a queue gets bands, and classes in their place', { skip: problem }, async (t) => {
  const h1 = await host(t, 'h1', { datapath: 'click' })
  await h1.ip('tuntap', 'add', 'eth1', 'mode', 'tap')
  await h1.ip('address', 'add', '192.0.2.1/24', 'dev', 'eth1')
  await h1.ip('link', 'set', 'eth1', 'up')
  const before = await rootOf(h1)
  await guest(t, h1, { vif: 'vif1.0', address: '10.0.0.1/24' })
  await guest(t, h1, { vif: 'vif2.0', address: '10.0.0.1/24' })
  const [bestEffort, promised] = [[specOf(1, 1)], [specOf(1, 1), specOf(2, 1, 20e6)]]
  await build(h1.driver, bestEffort)
  t.equal(await rootOf(h1), 'pfifo_fast 7767')
  t.same(await plan(h1.driver, bestEffort), [])
  await tc(h1, 'qdisc', 'del', 'dev', 'eth1', 'root')
  await build(h1.driver, bestEffort)
  t.equal(await rootOf(h1), 'pfifo_fast 7767', 'and gets them again')
  await build(h1.driver, promised)
  t.equal(await rootOf(h1), 'htb 7766')
  t.same(await plan(h1.driver, promised), [])
  await build(h1.driver, [])
  t.equal(await rootOf(h1), before)
})

t.test('a NIC that has classes already is taken as it is', { skip: problem }, async (t) => {
  const [h1] = await wired(t)
  await guest(t, h1, { vif: 'vif1.0', address: '10.0.0.1/24' })
  const places = await clickPlaces(t)
  const driverWith = (nicRates: Readonly<Record<string, number>>) => {
    const underlay = openUnderlay({ namespace: h1.path, nicRates })
    const driver = clickDriver({ namespace: h1.path, underlay, ...places })
    t.teardown(async () => {
      await driver.close()
      underlay.close()
    })
    return driver
  }
  const shaped = driverWith({ eth1: 1e9 })
  await build(shaped, [specOf(1, 1)])
  t.equal(await rootOf(h1), 'htb 7766', 'a rate that is configured is kept')
  const [step] = await plan(driverWith({}), [specOf(1, 1)])
  t.same(
    step?.reasons.filter((reason) => !reason.startsWith('eth1 lacks queueing: rate')),
    [],
    'at most the rates of its classes change',
  )
  await build(shaped, [])
  t.equal(await rootOf(h1), 'noqueue 0')
})
