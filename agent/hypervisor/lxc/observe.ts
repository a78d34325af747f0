/**
 * What libvirt and the disk show of our containers. libvirt's list of domains waits for every domain that is just being started or
 * ended; while we do that ourselves, each node is looked up by itself, and those in hand are left out of the question.
 */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { DomainSummary, LibvirtConnection } from '../../../native/libvirt.ts'
import { interfaceNames } from '../../interfaces.ts'
import { domainName } from '../domain-name.ts'
import type { ObservedNode } from '../driver.ts'
import { vifName } from '../vifs.ts'
import { isLibvirtError } from './connection.ts'
import type { NodeDirectories } from './directories.ts'
import { initOf } from './enter.ts'
import { controlFiles } from './init.ts'
import { type DomainMark, metadataUri, parseMark } from './metadata.ts'
import { configurationOf, readReleased } from './released.ts'

export interface ObserveOptions {
  readonly hypervisor: string
  readonly directories: NodeDirectories
  readonly bootId: Promise<string>
  /** Names of domains that are just being made or removed by us. */
  readonly inHand: ReadonlySet<string>
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
export const markOf = async (
  connection: LibvirtConnection,
  { uuid }: DomainSummary,
): Promise<DomainMark | undefined> => {
  const gone = unless('NO_DOMAIN')
  const unmarked = unless('NO_DOMAIN_METADATA')
  const metadata = await connection
    .metadata(uuid, metadataUri)
    .catch((error: unknown) => (isLibvirtError(error) && error.code === 'NO_DOMAIN' ? gone(error) : unmarked(error)))
  return parseMark(metadata ?? '')
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )

interface Found {
  readonly domain: DomainSummary
  readonly mark: DomainMark
}

type Kept = Awaited<ReturnType<NodeDirectories['list']>>

/** All domains with our mark, also those without a directory. */
const findAll = async (connection: LibvirtConnection): Promise<readonly Found[]> => {
  const domains = await connection.list(metadataUri)
  return domains.flatMap((domain) => {
    const mark = parseMark(domain.metadata)
    return mark ? [{ domain, mark }] : []
  })
}

/** The domains of nodes that have a directory, one by one. */
const findKept = async (connection: LibvirtConnection, kept: Kept): Promise<readonly Found[]> => {
  const found = await Promise.all(
    kept.map(async ({ vnet, node }) => {
      const domain = await connection.lookupByName(domainName(vnet, node)).catch(unless('NO_DOMAIN'))
      const mark = domain && (await markOf(connection, domain))
      return domain && mark?.vnet === vnet && mark.node === node ? [{ domain, mark }] : []
    }),
  )
  return found.flat()
}

/** Of a container's own processes: its controller is in that of the host. */
const namespaceOf = async (controller: number): Promise<string | undefined> => {
  const init = await initOf(controller)
  return init === undefined ? undefined : `/proc/${init}/ns/net`
}

export const observeContainers = async (
  connection: LibvirtConnection,
  kept: Kept,
  { hypervisor, directories, bootId, inHand }: ObserveOptions,
): Promise<readonly ObservedNode[]> => {
  // Interfaces first: one that is missing then, of a domain that runs afterwards, belongs to a node that is being started.
  const vifs = await interfaceNames()
  const quiet = kept.filter(({ vnet, node }) => !inHand.has(domainName(vnet, node)))
  const found = inHand.size === 0 ? await findAll(connection) : await findKept(connection, quiet)

  const observeOne = async ({ domain, mark }: Found): Promise<ObservedNode> => {
    const { vnet, node, slot, digest, interfaces } = mark
    const { control } = directories.of(vnet, node)
    const running = isRunning(domain)
    const [released, isWhole] = await Promise.all([readReleased(control), isThere(join(control, controlFiles.init))])
    return {
      vnet,
      id: node,
      hypervisor,
      domain: domain.name,
      slot,
      running,
      configuration: configurationOf(released, await bootId, running ? domain.id : -1),
      // Without its directory a domain cannot start again.
      digest: isWhole ? digest : '',
      vifs: interfaces.map((index) => ({ index, name: vifName(slot, index) })).filter((vif) => vifs.has(vif.name)),
      ...(running ? { networkNamespace: () => namespaceOf(domain.id) } : {}),
    }
  }

  const half = ({ vnet, node }: Kept[number]): ObservedNode => ({
    vnet,
    id: node,
    hypervisor,
    domain: domainName(vnet, node),
    slot: 0,
    running: false,
    configuration: '',
    digest: '',
    vifs: [],
  })

  const nodes = await Promise.all(found.map(observeOne))
  const whole = new Set(nodes.map(({ vnet, id }) => `${vnet}/${id}`))
  // A directory without a domain, or one that is in hand: half of a node in either case.
  return [...nodes, ...kept.filter(({ vnet, node }) => !whole.has(`${vnet}/${node}`)).map(half)]
}
