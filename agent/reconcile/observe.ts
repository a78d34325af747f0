/** One reading of everything on this host that carries our mark, or of what some VNets have, by all drivers at once. */
import type { WeftError } from '../../proto/errors.ts'
import type { DatapathDriver, ObservedLink, SnapshotOptions } from '../datapath/driver.ts'
import type { HypervisorDriver, ObservedNode } from '../hypervisor/driver.ts'
import type { HypervisorView } from './plan.ts'
import { asWeftError, type DatapathView } from './plan-links.ts'

export interface Observation {
  readonly hypervisors: ReadonlyMap<string, readonly ObservedNode[] | WeftError>
  readonly datapaths: ReadonlyMap<string, DatapathView>
}

export interface Drivers {
  readonly hypervisors: readonly HypervisorDriver[]
  /** They are asked what they can do at every look: `probedOnce`. */
  readonly datapaths: readonly DatapathDriver[]
}

export const observe = async (
  { hypervisors, datapaths }: Drivers,
  options: SnapshotOptions = {},
): Promise<Observation> => {
  const { vnets } = options
  const nodesSeen = hypervisors.map(
    async (driver) => [driver.name, await driver.observe({ vnets }).catch(asWeftError)] as const,
  )
  const [nodes, links] = await Promise.all([
    Promise.all(nodesSeen),
    Promise.all(datapaths.map(async (driver) => [driver.name, await seenBy(driver, options)] as const)),
  ])
  return { hypervisors: new Map(nodes), datapaths: new Map(links) }
}

const seenBy = async (driver: DatapathDriver, options: SnapshotOptions): Promise<DatapathView> => {
  const { technologies } = await driver.probe()
  return { driver, technologies, snapshot: await driver.snapshot(options).catch(asWeftError) }
}

const isSeen = <T>(view: T | WeftError): view is T => !(view instanceof Error)

/** What hypervisors show of one VNet. */
export const nodesOf = (
  observation: Observation,
  vnet: string,
  without: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, HypervisorView> =>
  new Map(
    [...observation.hypervisors].map(([name, view]) => [
      name,
      isSeen(view) ? view.filter((node) => node.vnet === vnet && !without.has(node.id)) : view,
    ]),
  )

export const allNodes = (observation: Observation): readonly ObservedNode[] =>
  [...observation.hypervisors.values()].filter(isSeen).flat()

export const allLinks = (observation: Observation): readonly ObservedLink[] =>
  [...observation.datapaths.values()].flatMap(({ snapshot }) => (isSeen(snapshot) ? snapshot.links : []))

/** Whether every driver could be asked: only then is something that was not seen not there. */
export const isWhole = ({ hypervisors, datapaths }: Observation): boolean =>
  [...hypervisors.values()].every(isSeen) && [...datapaths.values()].every(({ snapshot }) => isSeen(snapshot))
