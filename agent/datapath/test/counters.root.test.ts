/** What a link's hosts say of what it carried: by each data path, from hop to hop, with what was dropped and why. */
import t from 'tap'
import type { LinkCounters } from '../../../proto/generated/weft.v1.ts'
import type { LinkSpec } from '../driver.ts'
import { frame, sendFrames } from './support/frames.ts'
import { endSpec, guests, linkSpecs, make, segmentOf, threeInARow, twoSides } from './support/links.ts'
import { settled } from './support/rates.ts'
import { type Host, link, macOf, type Namespace, problem, reaches } from './support/world.ts'

t.setTimeout(900_000)

/** Frames from each guest to the other one in these tests, beside ARP. */
const pings = 20

const counted = async (at: Host, spec: LinkSpec): Promise<LinkCounters> => {
  const counters = await at.driver.counters?.(spec)
  if (!counters) throw new Error('nothing is counted')
  return counters
}

/** What a direction has carried more than before, by the name of where it comes from. */
const more = (before: LinkCounters, after: LinkCounters) =>
  after.directions.map(({ from, to, packets, bytes, drops }) => {
    const old = before.directions.find((one) => one.from === from)
    return { from, to, packets: packets - (old?.packets ?? 0), bytes: bytes - (old?.bytes ?? 0), drops }
  })

const ping = (from: Namespace) => from.exec('ping', '-n', '-q', '-c', String(pings), '-i', '0.02', '10.0.0.2')

/** Guests speak of nothing but what a test sends. */
const silence = async (...all: readonly Namespace[]): Promise<void> => {
  for (const one of all) await one.exec('sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1')
}

for (const pair of [
  ['click', 'click'],
  ['click', 'bridge'],
  ['bridge', 'bridge'],
] as const) {
  t.test(`both ends count both directions of a tunnel from ${pair.join(' to ')}`, { skip: problem }, async (t) => {
    const [one, two] = await twoSides(t, pair)
    const [a, b] = await guests(t, one, two)
    await silence(a, b)
    const [first, second] = linkSpecs('vxlan', one, two)
    await make(one, [first])
    await make(two, [second])
    t.ok(await reaches(a, '10.0.0.2'))
    const before = [await counted(one, first), await counted(two, second)] as const
    t.equal(before[0].datapath, pair[0])
    await ping(a)
    const after = [more(before[0], await counted(one, first)), more(before[1], await counted(two, second))] as const
    t.match(after[0], [
      { from: 'vif1.0.0', to: two.name },
      { from: two.name, to: 'vif1.0.0' },
    ])
    for (const { from, packets, bytes, drops } of after.flat()) {
      // Some ARP may be among them; a tunnel's headers are not.
      t.ok(packets >= pings && packets <= pings + 4, `${packets} packets from ${from}`)
      t.ok(bytes >= pings * 98 && bytes <= packets * 98, `${bytes} bytes`)
      t.same(drops, [])
    }
  })
}

t.test('a rate that drops is told, as many frames as it dropped', { skip: problem }, async (t) => {
  const [one, two] = await twoSides(t, ['click', 'click'])
  const [a, b] = await guests(t, one, two)
  await silence(a, b)
  const [first, second] = linkSpecs('vxlan', one, two, { rate: 2e6 })
  await make(one, [first])
  await make(two, [second])
  t.ok(await reaches(a, '10.0.0.2'))
  const before = await counted(one, first)
  const started = await settled(a, b)
  const sent = 5000
  await sendFrames(a, [frame(macOf('vif1.0'), macOf('vif1.0'), 0x88, 0xb5, ...Array(1000).fill(0))], sent)
  const arrived = (await settled(a, b)).arrived - started.arrived
  const [there] = more(before, await counted(one, first))
  const dropped = there?.drops.find(({ reason }) => reason === 'rate')?.packets ?? 0
  t.ok(dropped > 100, `${dropped} of ${sent} dropped`)
  t.ok(Math.abs((there?.packets ?? 0) - arrived) <= 5, `${there?.packets} counted, ${arrived} arrived`)
  t.ok(Math.abs((there?.packets ?? 0) + dropped - sent) <= 10, `${there?.packets} and ${dropped} of ${sent}`)
})

for (const middle of ['click', 'bridge'] as const) {
  t.test(`a relay by ${middle} counts both directions`, { skip: problem }, async (t) => {
    const { first, middle: relay, last } = await threeInARow(t, ['click', middle, 'click'])
    const [a, b] = await guests(t, first, last)
    await silence(a, b)
    const spec = link({
      mtu: 1500,
      segments: [segmentOf('vxlan', relay.left, first), segmentOf('vxlan', relay.right, last, { number: 1 })],
    })
    await make(first, [endSpec('vxlan', first, relay.left, '10.0.0.2/24')])
    await make(last, [endSpec('vxlan', last, relay.right, '10.0.0.1/24', { number: 1 })])
    await make(relay.left, [spec])
    t.ok(await reaches(a, '10.0.0.2'))
    const before = await counted(relay.left, spec)
    await ping(a)
    const after = more(before, await counted(relay.left, spec))
    t.match(after, [
      { from: first.name, to: last.name, drops: [] },
      { from: last.name, to: first.name, drops: [] },
    ])
    for (const { from, packets, bytes } of after) {
      t.ok(packets >= pings && packets <= pings + 4, `${packets} packets from ${from}`)
      t.ok(bytes >= pings * 98 && bytes <= packets * 98, `${bytes} bytes`)
    }
  })
}
