/** Rates as the receiver counts them, in the real kernel. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import {
  cases,
  countFrames,
  flood,
  keeps,
  listening,
  mbit,
  measure,
  segmentedRate,
  settled,
  tooMuch,
  within,
} from './support/rates.ts'
import { background, build, datapaths, guest, host, link, plan, problem, reaches, wire } from './support/world.ts'

t.setTimeout(900_000)

for (const datapath of datapaths) {
  t.test(`${datapath}: a link within a host keeps its rates, each direction its own`, { skip: problem }, async (t) => {
    const dom0 = await host(t, 'dom0', { datapath })
    const a = await guest(t, dom0, { vif: 'vif1.0', address: '10.0.0.1/24' })
    const b = await guest(t, dom0, { vif: 'vif2.0', address: '10.0.0.2/24' })
    await build(dom0.driver, [link({ vifs: ['vif1.0', 'vif2.0'], rates: [20e6, 50e6] })])
    t.ok(await reaches(a, '10.0.0.2'))
    await keeps(t, 50e6, () => segmentedRate(t, a, b, '10.0.0.2', 1450))
    await countFrames(a, b)
    for (const [position, { name, how }] of cases.entries()) {
      await t.test(name, async (t) => {
        await flood(t, a, b, '10.0.0.2', 5000 + position, ...how)
        await keeps(t, 50e6, () => measure(b, 3))
      })
    }
    await t.test('the other way', async (t) => {
      await flood(t, b, a, '10.0.0.1', 5010)
      await keeps(t, 20e6, () => measure(a, 3))
    })
  })
}

for (const datapath of datapaths) {
  t.test(
    `${datapath}: a tunnel keeps its rate in the guest frames, and a change of rate loses nothing`,
    { skip: problem },
    async (t) => {
      const [h1, h2] = [await host(t, 'h1', { datapath }), await host(t, 'h2', { datapath })]
      await wire({ at: h1, nic: 'eth1', address: '192.0.2.1/24' }, { at: h2, nic: 'eth1', address: '192.0.2.2/24' })
      const a = await guest(t, h1, { vif: 'vif1.0', address: '10.0.0.1/24' })
      const b = await guest(t, h2, { vif: 'vif1.0', address: '10.0.0.2/24' })
      await countFrames(a, b)
      const specs = (from: number, to: number, rate: number) => [
        link({
          vifs: ['vif1.0'],
          segments: [{ identifier: 7, local: `192.0.2.${from}`, remote: `192.0.2.${to}`, nic: 'eth1', rate }],
        }),
      ]
      await build(h1.driver, specs(1, 2, 40e6))
      await build(h2.driver, specs(2, 1, 40e6))
      t.ok(await reaches(a, '10.0.0.2'))
      await keeps(t, 40e6, () => segmentedRate(t, a, b, '10.0.0.2', 1450))
      await countFrames(a, b)
      for (const [position, { name, how }] of cases.entries()) {
        await t.test(name, async (t) => {
          await flood(t, a, b, '10.0.0.2', 5000 + position, ...how)
          await keeps(t, 40e6, () => measure(b, 3))
        })
      }

      await t.test('a change while it carries traffic', async (t) => {
        // Far below the rate, so that nothing is lost but by the change; frames are counted, since a receiving program may be late.
        background(t, b, 'iperf3', '-s', '-1', '-p', '5020')
        await listening(b, 5020)
        const before = await settled(a, b)
        const sending = a.exec('iperf3', '-c', '10.0.0.2', '-p', '5020', '-u', '-b', '2M', '-l', '1000', '-t', '6')
        for (const rate of [60e6, 30e6, 80e6]) {
          await delay(1200)
          t.match(await build(h1.driver, specs(1, 2, rate)), [{ action: 'change' }])
        }
        await sending
        const after = await settled(a, b)
        const sent = after.sent - before.sent
        t.ok(sent > 1000, `${sent} frames`)
        t.equal(after.arrived - before.arrived, sent)
        await flood(t, a, b, '10.0.0.2', 5021)
        await keeps(t, 80e6, () => measure(b, 3))
        t.same(await plan(h1.driver, specs(1, 2, 80e6)), [])
      })
    },
  )

  t.test(
    `${datapath}: guests keep what their segments were promised, and management answers, while others flood the NIC`,
    { skip: problem },
    async (t) => {
      const nicRates = { eth1: 100e6 }
      const [h1, h2] = [await host(t, 'h1', { datapath, nicRates }), await host(t, 'h2', { datapath, nicRates })]
      await wire({ at: h1, nic: 'eth1', address: '192.0.2.1/24' }, { at: h2, nic: 'eth1', address: '192.0.2.2/24' })
      const vnets = [
        { vnet: 'a.promised', vif: 'vif1.0', identifier: 7, rate: 30e6 },
        { vnet: 'b.flood', vif: 'vif2.0', identifier: 8, rate: 0 },
      ] as const
      const guests = []
      for (const { vnet, vif, identifier, rate } of vnets) {
        const a = await guest(t, h1, { vnet, vif, address: '10.0.0.1/24' })
        const b = await guest(t, h2, { vnet, vif, address: '10.0.0.2/24' })
        await countFrames(a, b)
        const segment = (from: number, to: number) => ({
          identifier,
          local: `192.0.2.${from}`,
          remote: `192.0.2.${to}`,
          nic: 'eth1',
          rate,
        })
        await build(h1.driver, [link({ vnet, vifs: [vif], segments: [segment(1, 2)] })], vnet)
        await build(h2.driver, [link({ vnet, vifs: [vif], segments: [segment(2, 1)] })], vnet)
        t.ok(await reaches(a, '10.0.0.2'))
        guests.push({ a, b })
      }
      const [promised, other] = guests
      if (promised === undefined || other === undefined) throw new Error('no guests')
      await flood(t, other.a, other.b, '10.0.0.2', 5000, '-u', '-b', '0', '-l', '1400')
      await flood(t, promised.a, promised.b, '10.0.0.2', 5001, '-u', '-b', '0', '-l', '1400')
      const seen: (readonly [kept: number, rest: number])[] = []
      const isRight = ([kept, rest]: readonly [number, number]): boolean =>
        within(kept, 30e6) && rest > 40e6 && rest < 75e6
      while (seen.length < 12) {
        const [kept, rest] = await Promise.all([measure(promised.b, 3), measure(other.b, 3)])
        seen.push([kept, rest])
        if (isRight([kept, rest]) || tooMuch(kept, 30e6) || tooMuch(kept + rest, 100e6)) break
      }
      t.ok(isRight(seen.at(-1) ?? [0, 0]), `promised 30 Mbit/s, and the rest of 100: ${seen.map(mbit).join('; ')}`)
      const answers = await h1.exec('ping', '-n', '-q', '-i', '0.05', '-c', '40', '-W', '5', '192.0.2.2')
      t.match(answers, / 0% packet loss/, 'management loses nothing')
      background(t, h2, 'iperf3', '-s', '-1', '-p', '5002')
      await listening(h2, 5002)
      const json = await h1.exec('iperf3', '-c', '192.0.2.2', '-p', '5002', '-t', '4', '-J')
      const { end } = JSON.parse(json) as { end: { sum_received: { bits_per_second: number } } }
      t.ok(
        end.sum_received.bits_per_second > 5e6,
        `management gets its share: ${(end.sum_received.bits_per_second / 1e6).toFixed(1)} Mbit/s`,
      )
    },
  )
}
