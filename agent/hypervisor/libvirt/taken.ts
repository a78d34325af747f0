/**
 * Nodes that were taken from a pool. The domain of one keeps the name that the pool's node gave it, since libvirt cannot rename a domain that
 * runs. A file of the node's directory says so, and whose the domain is until libvirt's own record of it says the same.
 *
 * A take is one rename(2), of the directory of the pool's node to that of the other: before it the node is wholly the pool's, whatever the file
 * says, and after it wholly the other's, whatever libvirt says. All that follows is done by `configure`, and done again where it was cut short.
 */
import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../../state/atomic-file.ts'
import { domainName } from '../domain-name.ts'
import type { KeptNode, NodeDirectories } from './directories.ts'
import type { DomainMark } from './metadata.ts'

export interface Taken {
  /** Name of its domain. */
  readonly domain: string
  /** As it was taken: boot of the host and libvirt's id of the domain, which is another one at each start. */
  readonly bootId: string
  readonly domainId: number
  /** Of the pool. */
  readonly from: KeptNode
  /** Of the node that it became. */
  readonly mark: DomainMark
  /** It was told all that others are told as they start. */
  readonly isTold: boolean
}

export interface TakenNodes {
  /** undefined of a node that was made as any other. */
  of(vnet: string, node: string): Promise<Taken | undefined>
  /** What a domain was taken for, by its name. */
  by(domain: string): Promise<Taken | undefined>
  /** Name of a node's domain. */
  domainOf(vnet: string, node: string): Promise<string>
  /** The directory of the node that it is taken from becomes its own. */
  take(taken: Taken): Promise<void>
  told(vnet: string, node: string): Promise<void>
  /** It is removed. */
  forget(vnet: string, node: string): void
}

const fileOf = (directory: string): string => join(directory, 'taken')
/** There once it was told all. */
const toldFileOf = (directory: string): string => join(directory, 'told')

const read = async (directories: NodeDirectories, { vnet, node }: KeptNode): Promise<Taken | undefined> => {
  const directory = directories.of(vnet, node)
  const taken = parse(await readFile(fileOf(directory), 'utf8').catch(() => ''))
  // Else the take was cut short before it was one.
  if (!taken || !isOf(taken.mark, { vnet, node })) return undefined
  const isTold = await access(toldFileOf(directory)).then(
    () => true,
    () => false,
  )
  return { ...taken, isTold }
}

const parse = (text: string): Taken | undefined => {
  try {
    return JSON.parse(text) as Taken
  } catch {
    return undefined
  }
}

export const isOf = (mark: KeptNode, { vnet, node }: KeptNode): boolean => mark.vnet === vnet && mark.node === node

/** All that were taken, as the disk has it now. */
export const readTaken = async (directories: NodeDirectories): Promise<readonly Taken[]> => {
  const found = await Promise.all((await directories.list()).map((kept) => read(directories, kept)))
  return found.flatMap((one) => one ?? [])
}

/** Nobody else writes the files: they are read once. */
export const takenNodes = (directories: NodeDirectories): TakenNodes => {
  const byNode = new Map<string, Taken>()
  const byDomain = new Map<string, Taken>()
  let loading: Promise<void> | undefined
  const keyOf = (vnet: string, node: string): string => `${vnet}/${node}`

  const keep = (taken: Taken): void => {
    byNode.set(keyOf(taken.mark.vnet, taken.mark.node), taken)
    byDomain.set(taken.domain, taken)
  }
  const load = (): Promise<void> => {
    loading ??= readTaken(directories).then(
      (all) => all.forEach(keep),
      (error: unknown) => {
        loading = undefined
        throw error
      },
    )
    return loading
  }
  const of = async (vnet: string, node: string): Promise<Taken | undefined> => {
    await load()
    return byNode.get(keyOf(vnet, node))
  }

  return {
    of,
    by: async (domain) => {
      await load()
      return byDomain.get(domain)
    },
    domainOf: async (vnet, node) => (await of(vnet, node))?.domain ?? domainName(vnet, node),
    take: async (taken) => {
      await load()
      const { from, mark } = taken
      await writeAtomic(fileOf(directories.of(from.vnet, from.node)), `${JSON.stringify(taken)}\n`, 0o600, 'whole')
      await directories.move(from, mark)
      keep(taken)
    },
    told: async (vnet, node) => {
      const taken = await of(vnet, node)
      if (!taken || taken.isTold) return
      // After a loss of power nothing runs that could be told: nobody waits for the disk.
      await writeFile(toldFileOf(directories.of(vnet, node)), '')
      keep({ ...taken, isTold: true })
    },
    forget: (vnet, node) => {
      const taken = byNode.get(keyOf(vnet, node))
      if (taken) byDomain.delete(taken.domain)
      byNode.delete(keyOf(vnet, node))
    },
  }
}

/** What it was taken as, where it runs as it was taken: once it is started again it is as any other. */
export const inRun = (taken: Taken | undefined, bootId: string, domainId: number): Taken | undefined =>
  taken?.bootId === bootId && taken.domainId === domainId ? taken : undefined

/** Whether it runs as it was taken, and was not told all yet. */
export const isUntold = (taken: Taken | undefined, bootId: string, domainId: number): boolean =>
  inRun(taken, bootId, domainId)?.isTold === false
