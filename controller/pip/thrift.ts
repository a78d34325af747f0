/** Declines, where the provider's file asks for thrift, new VNets that would fit but take too much of what is left (admission/thrift.ts). */
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { createUsual, type Demand, dearnessOf, type Shares } from '../admission/thrift.ts'
import { usageOf } from '../ledger/ledger.ts'
import { reservedCpuMillis } from '../mapping/demand.ts'
import type { Embedding, Picture } from '../mapping/mapping.ts'

/** Requests that the usual one is the mean of. */
const usualOf = 1000

export interface Thrift {
  /** Throws admission.not-now where the mapping of a part that is new would be too dear. */
  readonly check: (picture: Picture, part: VNetRequest, embedding: Embedding) => void
}

const sumOf = (values: Iterable<number>): number => {
  let sum = 0
  for (const value of values) sum += value
  return sum
}

const askedBy = ({ nodes, links, lifetimeSeconds }: VNetRequest): Demand => ({
  cpu: sumOf(nodes.map(reservedCpuMillis)),
  rate: sumOf(links.map((link) => link.rateAToBBitsPerSecond + link.rateBToABitsPerSecond)),
  lifetime: lifetimeSeconds,
})

const takenBy = ({ graph }: Picture, request: VNetRequest, embedding: Embedding): Demand => {
  const { cpuMillis, rateBitsPerSecond } = usageOf(graph, [{ request, embedding }])
  return {
    cpu: sumOf(cpuMillis.values()),
    rate: sumOf(rateBitsPerSecond.values()),
    lifetime: request.lifetimeSeconds,
  }
}

const sharesOf = ({ graph, usage }: Picture): Shares => ({
  cpu: sumOf(usage.cpuMillis.values()) / sumOf(graph.nodes.map(({ cpuMillis }) => cpuMillis)),
  rate:
    sumOf(usage.rateBitsPerSecond.values()) /
    sumOf(graph.links.map(({ capacityBitsPerSecond }) => 2 * capacityBitsPerSecond)),
})

const percent = (share: number): string => (Number.isFinite(share) ? `${Math.round(100 * share)} %` : 'nothing')

/**
 * @param most how dear a mapping may be; undefined: whatever fits is taken
 * @param standing parts that stand when the PIP starts: what is usual, until others ask
 */
export const createThrift = (most: number | undefined, standing: Iterable<VNetRequest>): Thrift => {
  if (most === undefined) return { check: () => undefined }
  const usual = createUsual(usualOf)
  // A request that waits is tried again and again, and is one.
  const counted = new Set<string>()
  const count = (part: VNetRequest): void => {
    if (counted.has(part.name)) return
    if (counted.size >= usualOf) counted.delete(counted.values().next().value as string)
    counted.add(part.name)
    usual.add(askedBy(part))
  }
  for (const part of standing) count(part)
  return {
    check: (picture, part, embedding) => {
      count(part)
      const shares = sharesOf(picture)
      const dearness = dearnessOf(takenBy(picture, part, embedding), usual.mean(), shares)
      if (dearness <= most) return
      throw new WeftError(
        'admission.not-now',
        `it fits, but takes ${dearness.toFixed(1)} times what requests usually take while half is free, ${most} at most: ` +
          `of CPU ${percent(shares.cpu)} is taken, of bandwidth ${percent(shares.rate)}`,
        {
          where: 'thrift',
          hint: 'it is taken once more is free; or ask for less CPU or bandwidth, or for a shorter lifetime',
        },
      )
    },
  }
}
