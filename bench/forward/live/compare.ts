/** Forwarders under full rate, one after the other in each round, and how they compare in the same round. */
import { median } from '../../statistics.ts'
import { type FrameSize, frameSizes } from '../path.ts'
import { makeRoutes } from '../routes.ts'
import { type Forwarder, type ForwarderName, forwarders, type Place } from './forwarders.ts'
import { openGround } from './ground.ts'
import { type LiveRate, measure, nsPerPacket } from './measure.ts'
import { openSink } from './sink.ts'

export interface LiveResult {
  readonly name: ForwarderName
  readonly title: string
  readonly frameBytes: FrameSize
  readonly flows: number
  readonly threads: number
  /** Medians over the rounds, of all flows together. */
  readonly packetsPerSecond: number
  readonly nsPerPacket: number
  /** Of what was sent, the share that did not arrive. */
  readonly lost: number
  /** Processor time of Weft's router over this one's, of all that was measured: the median of the rounds' ratios. */
  readonly weftRatio: number
  /** The least and the greatest ns a packet of the rounds. */
  readonly spreadNs: readonly [number, number]
}

export interface LiveOptions {
  readonly names: readonly ForwarderName[]
  readonly click: string | undefined
  readonly seconds: number
  readonly rounds: number
  readonly onProgress?: (what: string) => void
}

/** In the routing tables of all. */
export const liveRoutes = 1000
/** A warmed-up forwarder is right where it says what arrived; packets that are on their way to Click are not. */
const mostDifference = 0.01

const chosen = (names: readonly ForwarderName[]): readonly Forwarder[] =>
  forwarders.filter(({ name }) => names.includes(name))

/** Throws Error where what a forwarder counted is not what arrived: something else forwarded. */
const expectCounted = ({ name }: Forwarder, { arrived, counted }: LiveRate): void => {
  if (arrived === 0) throw new Error(`${name} forwards nothing`)
  if (counted !== undefined && Math.abs(counted - arrived) > arrived * mostDifference) {
    throw new Error(`${name} says that it forwarded ${counted} packets, ${arrived} arrived`)
  }
}

/** By the flows, of each size. A thread sends for several flows where there are more of them than threads. */
export const compareLive = async (
  flows: number,
  threads: number,
  { names, click, seconds, rounds, onProgress }: LiveOptions,
): Promise<readonly LiveResult[]> => {
  const ground = await openGround(flows)
  const sink = openSink(flows)
  try {
    const place: Place = { ground, sink, routes: makeRoutes(liveRoutes, flows), click }
    const results: LiveResult[] = []
    for (const frameBytes of frameSizes) {
      const rates = new Map<ForwarderName, LiveRate[]>()
      for (let round = 0; round < rounds; round++) {
        onProgress?.(`${flows} flow${flows === 1 ? '' : 's'} of ${frameBytes} bytes, round ${round + 1} of ${rounds}`)
        for (const forwarder of chosen(names)) {
          const rate = await measure({ forwarder, place, flows, threads, frameBytes }, { seconds })
          expectCounted(forwarder, rate)
          rates.set(forwarder.name, [...(rates.get(forwarder.name) ?? []), rate])
        }
      }
      const weft = rates.get('weft') ?? []
      results.push(
        ...chosen(names).map((forwarder) =>
          summarise(forwarder, rates.get(forwarder.name) ?? [], weft, { frameBytes, flows, threads }),
        ),
      )
    }
    return results
  } finally {
    sink.close()
    await ground.close()
  }
}

const summarise = (
  { name, title }: Forwarder,
  rates: readonly LiveRate[],
  weft: readonly LiveRate[],
  where: Pick<LiveResult, 'frameBytes' | 'flows' | 'threads'>,
): LiveResult => {
  const costs = rates.map(nsPerPacket)
  return {
    name,
    title,
    ...where,
    packetsPerSecond: median(rates.map(({ packetsPerSecond }) => packetsPerSecond)),
    nsPerPacket: median(costs),
    lost: median(rates.map(({ sent, arrived }) => Math.max(0, 1 - arrived / sent))),
    weftRatio: median(
      rates.flatMap((rate, round) => {
        const own = weft[round]
        return own ? [nsPerPacket(own) / nsPerPacket(rate)] : []
      }),
    ),
    spreadNs: [Math.min(...costs), Math.max(...costs)],
  }
}
