/**
 * Rates where many links share a NIC, and where they change under a flood. The links of a host have their guests' interfaces in one namespace, and
 * the frames come from eBPF: a hundred guests that flood would be more than the machine carries.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { LinkSpec } from '../driver.ts'
import { flood, interfaces, testFrame } from './support/flood.ts'
import {
  background,
  build,
  type DatapathName,
  datapaths,
  type Host,
  host,
  link,
  macOf,
  type Namespace,
  namespace,
  problem,
  until,
  wire,
} from './support/world.ts'

t.setTimeout(900_000)

const vifOf = (number: number): string => `vif${number}.0`
const frameBytes = 1000

/** One namespace with the interfaces g1, g2, … of so many guests. */
const manyGuests = async (t: Test, at: Host, role: string, count: number): Promise<Namespace> => {
  const inside = await namespace(t, role)
  const script = `for n in $(seq 1 ${count}); do
    ip link add vif$n.0 type veth peer name g$n netns ${inside.name}
    ip link set vif$n.0 addrgenmode none
    ip link set vif$n.0 alias weft:a.v:node/vif$n.0
    ip -n ${inside.name} link set g$n addrgenmode none up
  done`
  await at.exec('sh', '-ec', script)
  return inside
}

/** Sends frames out of g1, g2, …, as many a second as each shall, until it is ended. */
const floodAll = (t: Test, from: Namespace, framesPerSecond: readonly number[]) =>
  flood(
    t,
    from,
    framesPerSecond.map((each, position) => ({
      name: `g${position + 1}`,
      framesPerSecond: each,
      data: testFrame(macOf(vifOf(position + 1)), frameBytes),
    })),
  )

const specOf = (number: number, from: 1 | 2, rate: number): LinkSpec =>
  link({
    id: `l${number}`,
    mtu: 1400,
    vifs: [vifOf(number)],
    segments: [
      { identifier: 1000 + number, local: `192.0.2.${from}`, remote: `192.0.2.${3 - from}`, nic: 'eth1', rate },
    ],
  })

const twoHosts = async (t: Test, datapath: DatapathName, nicRate: number, count: number) => {
  const options = { datapath, nicRates: { eth1: nicRate } }
  const [h1, h2] = [await host(t, 'h1', options), await host(t, 'h2', options)]
  const end = (at: Namespace, address: string) => ({ at, nic: 'eth1', address })
  await wire(end(h1, '192.0.2.1/24'), end(h2, '192.0.2.2/24'))
  return { h1, h2, from: await manyGuests(t, h1, 'from', count), to: await manyGuests(t, h2, 'to', count) }
}

for (const datapath of datapaths) {
  t.test(
    `${datapath}: a hundred links that flood a NIC have their rates, best effort what is left, and management answers`,
    { skip: problem },
    async (t) => {
      const count = 100
      const rate = 1e6
      const { h1, h2, from, to } = await twoHosts(t, datapath, 150e6, count + 1)
      const rates = [...Array<number>(count).fill(rate), 0]
      await build(
        h1.driver,
        rates.map((each, position) => specOf(position + 1, 1, each)),
      )
      await build(
        h2.driver,
        rates.map((each, position) => specOf(position + 1, 2, each)),
      )
      // Twice the rate of each, and of the last one more than the NIC has.
      const twice = (2 * rate) / (8 * frameBytes)
      const end = await floodAll(
        t,
        from,
        rates.map((each) => (each === 0 ? 25_000 : twice)),
      )
      await delay(4000)

      /** Bits per second that each guest receives. */
      const window = async (seconds: number): Promise<readonly number[]> => {
        const [before, start] = [await interfaces(to), performance.now()]
        await delay(seconds * 1000)
        const [after, stop] = [await interfaces(to), performance.now()]
        return rates.map((_, position) => {
          const name = `g${position + 1}`
          const frames = (after.get(name)?.received ?? 0) - (before.get(name)?.received ?? 0)
          return (frames * frameBytes * 8 * 1000) / (stop - start)
        })
      }
      const isKept = (seen: number): boolean => Math.abs(seen / rate - 1) <= 0.05
      let seen: readonly number[] = []
      const told: string[] = []
      for (let attempt = 0; attempt < 8; attempt++) {
        seen = await window(8)
        const own = seen.slice(0, count)
        const rest = ((seen[count] ?? 0) / 1e6).toFixed(1)
        told.push(`${Math.min(...own).toFixed(0)} to ${Math.max(...own).toFixed(0)}, and ${rest} Mbit/s without`)
        if (own.some((each) => each > rate * 1.05) || own.every(isKept)) break
      }
      t.ok(seen.slice(0, count).every(isKept), `each of ${count} has its ${rate} bit/s ± 5 %: ${told.join('; ')}`)
      const left = seen[count] ?? 0
      t.ok(left > 5e6 && left < 50e6, 'what has no rate has what is left of the NIC, and no more')

      const answers = await h1.exec('ping', '-n', '-q', '-i', '0.05', '-c', '40', '-W', '5', '192.0.2.2')
      t.match(answers, / 0% packet loss/, 'management loses nothing')
      background(t, h2, 'iperf3', '-s', '-1', '-p', '5002')
      await until(async () => (await h2.exec('ss', '-Hltn', 'sport = :5002')) !== '')
      const json = await h1.exec('iperf3', '-c', '192.0.2.2', '-p', '5002', '-t', '4', '-J')
      const { end: result } = JSON.parse(json) as { end: { sum_received: { bits_per_second: number } } }
      const got = result.sum_received.bits_per_second
      t.ok(got > 5e6, `management gets its share: ${(got / 1e6).toFixed(1)} Mbit/s`)
      await end()
    },
  )

  t.test(
    `${datapath}: of a flood through changes of its rate nothing is lost but what the rate drops`,
    { skip: problem },
    async (t) => {
      const { h1, h2, from, to } = await twoHosts(t, datapath, 1e9, 1)
      await build(h1.driver, [specOf(1, 1, 8e6)])
      await build(h2.driver, [specOf(1, 2, 8e6)])
      const read = async () => {
        const sent = (await interfaces(h1)).get(vifOf(1))?.received ?? 0
        const arrived = (await interfaces(to)).get('g1')?.received ?? 0
        const counters = await h1.driver.counters?.(specOf(1, 1, 0))
        const drops = counters?.directions.flatMap((direction) => direction.drops) ?? []
        return { sent, arrived, drops: new Map(drops.map(({ reason, packets }) => [reason, packets])) }
      }
      const before = await read()
      const end = await floodAll(t, from, [5000])
      for (const rate of [4e6, 20e6, 2e6, 60e6, 8e6, 30e6]) {
        await delay(1000)
        t.match(await build(h1.driver, [specOf(1, 1, rate)]), [{ action: 'change' }])
      }
      await delay(1000)
      await end()
      // What waits leaves within moments.
      let after = await read()
      await until(async () => {
        const last = after
        await delay(500)
        after = await read()
        return last.arrived === after.arrived
      })
      const sent = after.sent - before.sent
      const arrived = after.arrived - before.arrived
      const dropped = (after.drops.get('rate') ?? 0) - (before.drops.get('rate') ?? 0)
      t.ok(dropped > 1000, `the rate dropped ${dropped} of ${sent} frames`)
      t.equal(arrived + dropped, sent, `${arrived} arrived`)
    },
  )
}
