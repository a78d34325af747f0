/** One forwarder under full rate: packets a second that arrive, and ns of processor time that each takes, source and sink included. */
import { readdirSync, readFileSync } from 'node:fs'
import { etherBytes } from '../contenders.ts'
import { makeDestinations, randomFrom } from '../routes.ts'
import type { Forwarder, Place } from './forwarders.ts'
import type { Ground } from './ground.ts'
import { type Order, openSenders, type Senders } from './senders.ts'
import type { Shot, SourcePlan } from './source.ts'

export interface LiveRate {
  readonly sent: number
  readonly arrived: number
  /** Of those that arrived, by their flow. */
  readonly byFlow: readonly number[]
  /** What the forwarder says; undefined where it does not count. */
  readonly counted: number | undefined
  /**
   * Of those that arrived. Where all is done by the senders' processors, while they had them; where a process of its own goes on meanwhile, by
   * the clock.
   */
  readonly packetsPerSecond: number
  /** Of all processes and kernel threads that take part. */
  readonly cpuNs: number
}

export const nsPerPacket = ({ arrived, cpuNs }: LiveRate): number => cpuNs / arrived

/** Different destinations a flow. */
const shotsPerFlow = 64

const ip = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

const shotsOf = (forwarder: Forwarder, { ground, routes }: Place, flows: readonly number[]): readonly Shot[] => {
  const byFlow = flows.map((flow): readonly Shot[] => {
    const way = ground.ways[flow]
    if (!way) throw new RangeError(`no flow ${flow}`)
    const own = routes.filter(({ output }) => output === flow)
    return makeDestinations(own, shotsPerFlow, randomFrom(0xf10 + flow)).map((destination) => ({
      port: flow,
      source: ip(way.sourceAddress),
      destination,
      from: etherBytes(way.sourceMac),
      to: etherBytes(forwarder.target(way)),
    }))
  })
  // One packet of each flow after the other, as they would come from different guests.
  return Array.from({ length: shotsPerFlow }, (_, i) => byFlow.flatMap((shots) => shots[i] ?? [])).flat()
}

export const openSendersFor = (
  forwarder: Forwarder,
  place: Place,
  { flows, threads, frameBytes }: { readonly flows: number; readonly threads: number; readonly frameBytes: number },
): Promise<Senders> => {
  const { ground } = place
  const plans = Array.from({ length: threads }, (_, thread): SourcePlan => {
    const own = Array.from({ length: flows }, (_, flow) => flow).filter((flow) => flow % threads === thread)
    return {
      interfaces: ground.ways.map(({ sourceIndex }) => sourceIndex),
      namespace: ground.ends,
      frameBytes,
      shots: shotsOf(forwarder, place, own),
    }
  })
  return openSenders(plans)
}

/** The kernel's threads that go on with what processors were not done with: ns of processor time, by schedstat. */
const softirqThreads = (): readonly string[] =>
  readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false
    try {
      return readFileSync(`/proc/${entry}/comm`, 'latin1').startsWith('ksoftirqd/')
    } catch {
      return false
    }
  })

const softirqNs = (threads: readonly string[]): number =>
  threads.reduce((sum, pid) => sum + Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]), 0)

const ownNs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

export interface Rehearsal {
  readonly forwarder: Forwarder
  readonly place: Place
  readonly flows: number
  readonly threads: number
  readonly frameBytes: number
}

/** Packets before those that count: caches and neighbours are filled. */
const warmUp = 4096

/** Sets a forwarder up, lets it get warm, measures, and takes it down, also on failure. */
export const measure = async (rehearsal: Rehearsal, order: Order): Promise<LiveRate> => {
  const { forwarder, place } = rehearsal
  const running = await forwarder.start(place)
  try {
    const senders = await openSendersFor(forwarder, place, rehearsal)
    try {
      if ('seconds' in order) await senders.send({ count: warmUp })
      await settled(place.sink.counts)
      const threads = softirqThreads()
      const cpu = (): number => ownNs() + softirqNs(threads) + (running.processNs?.() ?? 0)
      const before = { counts: place.sink.counts(), counted: await running.counted?.(), cpu: cpu() }
      const from = performance.now()
      const sent = await senders.send(order)
      const seconds = (performance.now() - from) / 1000
      const cpuNs = cpu() - before.cpu
      // What is on its way when the last one was sent counts, or few packets would be counted wrong.
      await settled(place.sink.counts)
      const byFlow = place.sink.counts().map((count, i) => count - (before.counts[i] ?? 0))
      const arrived = byFlow.reduce((one, other) => one + other, 0)
      const counted = await running.counted?.()
      return {
        sent: sent.packets,
        packetsPerSecond: running.processNs ? arrived / seconds : (sent.perSecond * arrived) / sent.packets,
        arrived,
        byFlow,
        counted: counted === undefined ? undefined : counted - (before.counted ?? 0),
        cpuNs,
      }
    } finally {
      await senders.close()
    }
  } finally {
    await running.close()
  }
}

/** Until no more comes for a moment. */
const settled = async (counts: () => readonly number[]): Promise<void> => {
  const total = (): number => counts().reduce((one, other) => one + other, 0)
  for (let before = -1, now = total(); now !== before; now = total()) {
    before = now
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export type { Ground }
