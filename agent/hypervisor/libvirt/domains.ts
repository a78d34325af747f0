/** Our domains among those that libvirt has: told by their mark, never by their name alone. */
import type { DomainSummary, LibvirtConnection } from '../../../native/libvirt.ts'
import { WeftError } from '../../../proto/errors.ts'
import { isLibvirtError } from './connection.ts'
import type { KeptNode } from './directories.ts'
import { type DomainMark, metadataUri, parseMark } from './metadata.ts'
import { isOf, type Taken, type TakenNodes } from './taken.ts'

export interface MarkedDomain {
  readonly domain: DomainSummary
  readonly mark: DomainMark
  /** Of a node that was taken from a pool: libvirt's own record of it is still that of the pool's node. */
  readonly outdated?: Taken | undefined
}

/** virDomainState: everything between running and shut down has its processes and vifs. */
const shutOff = 5
const crashed = 6
export const isRunning = ({ state }: DomainSummary): boolean => state !== 0 && state !== shutOff && state !== crashed

/** What libvirt refuses with this code is no failure: there is no such thing, or it is so already. */
export const unless =
  (code: string) =>
  (error: unknown): undefined => {
    if (!(isLibvirtError(error) && error.code === code)) throw error
  }

/** The mark of a domain; undefined where it is none of ours. */
const markOf = async (connection: LibvirtConnection, { uuid }: DomainSummary): Promise<DomainMark | undefined> => {
  const gone = unless('NO_DOMAIN')
  const unmarked = unless('NO_DOMAIN_METADATA')
  const metadata = await connection
    .metadata(uuid, metadataUri)
    .catch((error: unknown) => (isLibvirtError(error) && error.code === 'NO_DOMAIN' ? gone(error) : unmarked(error)))
  return parseMark(metadata ?? '')
}

/** Whose a domain is: where it was taken from a pool, and libvirt does not say so yet, what was written down before counts. */
const marked = (domain: DomainSummary, mark: DomainMark | undefined, taken: Taken | undefined): MarkedDomain[] => {
  if (taken && !(mark && isOf(mark, taken.mark))) return [{ domain, mark: taken.mark, outdated: taken }]
  return mark ? [{ domain, mark }] : []
}

/** The domain of a node, by its name; undefined where there is none, or where it was taken for another node. Throws object.foreign. */
export const findDomain = async (
  connection: LibvirtConnection,
  taken: TakenNodes,
  name: string,
  { vnet, node }: KeptNode,
): Promise<MarkedDomain | undefined> => {
  const domain = await connection.lookupByName(name).catch(unless('NO_DOMAIN'))
  if (!domain) return undefined
  const mark = await markOf(connection, domain)
  const takenFor = await taken.by(name)
  if (takenFor && !isOf(takenFor.mark, { vnet, node })) return undefined
  const [found] = marked(domain, mark, takenFor)
  if (found && isOf(found.mark, { vnet, node })) return found
  const object = `node/${node}`
  throw new WeftError('object.foreign', `the domain ${name} exists and is not node ${node} of ${vnet}`, { object })
}

/** All domains with our mark, also those without a directory. */
export const findAll = async (connection: LibvirtConnection, taken: TakenNodes): Promise<readonly MarkedDomain[]> => {
  const domains = await connection.list(metadataUri)
  const found = domains.map(async (domain) => marked(domain, parseMark(domain.metadata), await taken.by(domain.name)))
  return (await Promise.all(found)).flat()
}

/** The domains of nodes that have a directory, one by one. */
export const findKept = async (
  connection: LibvirtConnection,
  taken: TakenNodes,
  kept: readonly KeptNode[],
): Promise<readonly MarkedDomain[]> => {
  const found = await Promise.all(
    kept.map(async (one) => {
      const name = await taken.domainOf(one.vnet, one.node)
      const domain = await connection.lookupByName(name).catch(unless('NO_DOMAIN'))
      if (!domain) return []
      const all = marked(domain, await markOf(connection, domain), await taken.by(name))
      return all.filter(({ mark }) => isOf(mark, one))
    }),
  )
  return found.flat()
}
