import t from 'tap'
import { create } from '../../../proto/codec.ts'
import type { Impairment } from '../../../proto/generated/weft.v1.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import { type Egress, egressOf, egressRequests, foundEgress, plainEgress, sameEgress } from '../egress.ts'
import { type Namespace, namespace, problem, wire } from './support/world.ts'

t.setTimeout(300_000)

const none: Impairment = create('Impairment', {})

interface Pair {
  readonly route: RouteSocket
  readonly index: number
  readonly a: Namespace
  /** Of the interface as it is. */
  found(): Promise<Egress | undefined>
  set(to: Egress): Promise<void>
}

const pair = async (t: Parameters<typeof namespace>[0]): Promise<Pair> => {
  const [a, b] = [await namespace(t, 'a'), await namespace(t, 'b')]
  await wire({ at: a, nic: 'e0', address: '10.0.0.1/24' }, { at: b, nic: 'e0', address: '10.0.0.2/24' })
  // What is lost shall be pings, and no question for an address.
  for (const [at, other, address] of [
    [a, b, '10.0.0.2'],
    [b, a, '10.0.0.1'],
  ] as const) {
    const [, mac = ''] = /link\/ether (\S+)/.exec(await other.ip('link', 'show', 'e0')) ?? []
    await at.ip('neigh', 'replace', address, 'lladdr', mac, 'dev', 'e0', 'nud', 'permanent')
  }
  const route = openRoute({ namespace: a.path })
  t.teardown(() => route.close())
  const index = (await route.link('e0'))?.index ?? 0
  const found = async () => foundEgress((await route.qdiscs()).filter((qdisc) => qdisc.index === index))
  return {
    route,
    index,
    a,
    found,
    set: async (to) => {
      for (const outcome of await route.batch(egressRequests(index, await found(), to))) {
        if (outcome instanceof NetlinkError && !(to === plainEgress && outcome.code === 'ENOENT')) throw outcome
      }
    },
  }
}

/** Why the kernel cannot emulate a line; false where it can. */
const noEmulation = async (): Promise<string | false> => {
  if (problem) return problem
  let reason: string | false = false
  await t.test('a probe', async (t) => {
    const { set } = await pair(t)
    await set(egressOf(0, { ...none, delayMicroseconds: 1 }, 1500)).catch((error: Error) => {
      reason = `this kernel has no netem: ${error.message}`
    })
  })
  return reason
}

t.test('a ceiling is set, found, changed and taken away', { skip: problem }, async (t) => {
  const { set, found } = await pair(t)
  t.same(await found(), plainEgress)
  for (const rate of [1e6, 50e6, 3e9]) {
    const wanted = egressOf(rate, undefined, 1500)
    await set(wanted)
    t.ok(sameEgress(await found(), wanted), `${rate} bit/s`)
  }
  await set(plainEgress)
  t.same(await found(), plainEgress)
})

t.test('a root of somebody else is told from ours', { skip: problem }, async (t) => {
  const { a, found } = await pair(t)
  await a.exec('tc', 'qdisc', 'add', 'dev', 'e0', 'root', 'handle', '9:', 'htb')
  t.equal(await found(), undefined)
})

const skip = await noEmulation()

t.test('an impairment comes and goes beside a ceiling, and is found as it was asked for', { skip }, async (t) => {
  const { set, found } = await pair(t)
  const line = { ...none, delayMicroseconds: 12_345, jitterMicroseconds: 1001, lossMillionths: 1234 }
  const steps = [
    egressOf(5e6, undefined, 1500),
    egressOf(5e6, line, 1500),
    egressOf(7e6, { ...line, duplicateMillionths: 3, reorderMillionths: 250_001 }, 1500),
    egressOf(0, line, 1500),
    egressOf(9e6, line, 1500),
    egressOf(9e6, undefined, 1500),
    plainEgress,
  ]
  for (const step of steps) {
    await set(step)
    t.ok(sameEgress(await found(), step), JSON.stringify(await found()))
  }
})

t.test('what is asked for happens to packets', { skip }, async (t) => {
  const { a, set } = await pair(t)
  const ping = async (count: number): Promise<string> =>
    a.exec('sh', '-c', `ping -n -i 0.05 -c ${count} -W 5 10.0.0.2 || true`)
  const least = (text: string): number => Number(/min\/avg\/max\/mdev = ([\d.]+)/.exec(text)?.[1])
  const received = (text: string): number => Number(/(\d+) received/.exec(text)?.[1])
  await set(egressOf(0, { ...none, delayMicroseconds: 80_000 }, 1500))
  t.ok(least(await ping(5)) >= 80, 'a delay')
  await set(egressOf(10e6, { ...none, delayMicroseconds: 80_000 }, 1500))
  t.ok(least(await ping(5)) >= 80, 'with a ceiling too')
  await set(egressOf(0, { ...none, duplicateMillionths: 1_000_000 }, 1500))
  t.match(await ping(5), /\+[45] duplicates/)
  await set(egressOf(0, { ...none, lossMillionths: 1_000_000 }, 1500))
  t.equal(received(await ping(2)), 0, 'all lost')
  await set(egressOf(0, { ...none, lossMillionths: 500_000 }, 1500))
  const half = received(await ping(100))
  t.ok(half > 20 && half < 80, `${half} of 100 are received`)
  await set(plainEgress)
  t.equal(received(await ping(5)), 5)
})
