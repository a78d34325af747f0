/** Our domains among those that libvirt has: told by their mark, never by their name alone. */
import type { DomainSummary, LibvirtConnection } from '../../../native/libvirt.ts'
import { WeftError } from '../../../proto/errors.ts'
import { domainName } from '../domain-name.ts'
import { isLibvirtError } from './connection.ts'
import type { KeptNode } from './directories.ts'
import { type DomainMark, metadataUri, parseMark } from './metadata.ts'

export interface MarkedDomain {
  readonly domain: DomainSummary
  readonly mark: DomainMark
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

/** The domain of a node; undefined where there is none. Throws object.foreign. */
export const findDomain = async (
  connection: LibvirtConnection,
  vnet: string,
  node: string,
): Promise<MarkedDomain | undefined> => {
  const name = domainName(vnet, node)
  const domain = await connection.lookupByName(name).catch(unless('NO_DOMAIN'))
  if (!domain) return undefined
  const mark = await markOf(connection, domain)
  if (mark?.vnet === vnet && mark.node === node) return { domain, mark }
  const object = `node/${node}`
  throw new WeftError('object.foreign', `the domain ${name} exists and is not node ${node} of ${vnet}`, { object })
}

/** All domains with our mark, also those without a directory. */
export const findAll = async (connection: LibvirtConnection): Promise<readonly MarkedDomain[]> => {
  const domains = await connection.list(metadataUri)
  return domains.flatMap((domain) => {
    const mark = parseMark(domain.metadata)
    return mark ? [{ domain, mark }] : []
  })
}

/** The domains of nodes that have a directory, one by one. */
export const findKept = async (
  connection: LibvirtConnection,
  kept: readonly KeptNode[],
): Promise<readonly MarkedDomain[]> => {
  const found = await Promise.all(
    kept.map(async ({ vnet, node }) => {
      const domain = await connection.lookupByName(domainName(vnet, node)).catch(unless('NO_DOMAIN'))
      const mark = domain && (await markOf(connection, domain))
      return domain && mark?.vnet === vnet && mark.node === node ? [{ domain, mark }] : []
    }),
  )
  return found.flat()
}
