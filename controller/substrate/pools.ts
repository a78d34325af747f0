/** A PIP's pools: nodes that its hosts keep booted and idle, for requests with allocation "preallocated". */
import { create } from '../../proto/codec.ts'
import type { Cpu, Image, PoolShape, SubstrateNode } from '../../proto/generated/weft.v1.ts'
import { suitsImage } from '../../proto/image-formats.ts'
import { bytes } from '../description/units.ts'
import type { Path } from '../yaml.ts'
import type { Reader } from './reader.ts'

/** What the schema has let through. */
export interface PoolFile {
  readonly hypervisor: string
  readonly image?: string
  readonly cpu?: number | { readonly count?: number; readonly shares?: number; readonly quota?: number }
  readonly memory: string
  readonly disk?: string
  readonly interfaces?: number
  readonly hosts?: readonly string[]
  readonly keep: number
  readonly most?: number
}

/** The length leaves room for the pool's name on hosts (controller/pip/pool). */
const namePattern = /^[a-z][a-z0-9-]{0,34}$/

/** Of each idle node: as many as most nodes of a network want. Each that is missing is plugged in as the node is taken, which a guest takes its time for. */
const defaultInterfaces = 4

/** Disks that are configured while they run need somebody inside who does it. */
const diskFormats: readonly string[] = ['raw', 'qcow2']

/** The substrate's nodes, with what each host keeps. */
export const withPools = (
  entries: Readonly<Record<string, PoolFile>> | null | undefined,
  nodes: ReadonlyMap<string, SubstrateNode>,
  images: readonly Image[],
  reader: Reader,
): readonly SubstrateNode[] => {
  const pools = new Map<string, PoolShape[]>([...nodes.keys()].map((id) => [id, []]))
  for (const [name, entry] of Object.entries(entries ?? {})) {
    const path = ['pools', name]
    if (!namePattern.test(name))
      reader.fail(path, 'is no name', 'lower-case letters, digits and hyphens, at most 35, starting with a letter')
    checkImage(entry, images, path, reader)
    const shape = create('PoolShape', {
      name,
      hypervisor: entry.hypervisor,
      image: entry.image ?? '',
      cpu: readCpu(entry.cpu, [...path, 'cpu'], reader),
      memoryBytes: reader.amount(bytes, entry.memory, [...path, 'memory']),
      diskBytes: reader.amount(bytes, entry.disk, [...path, 'disk']),
      interfaces: entry.interfaces ?? defaultInterfaces,
    })
    for (const [host, count] of shares(readHosts(entry, nodes, path, reader), entry.keep, entry.most))
      if (count > 0) pools.get(host)?.push({ ...shape, nodes: count })
    reader.declare(`pool/${name}`, path)
  }
  return [...nodes.values()].map((node) => ({ ...node, pools: pools.get(node.id) ?? [] }))
}

/** `keep` for each host, as far as `most` goes: dealt out one by one, so that they differ by one at most. */
const shares = (hosts: readonly string[], keep: number, most = keep * hosts.length): ReadonlyMap<string, number> => {
  const each = Math.floor(most / Math.max(1, hosts.length))
  const over = most - each * hosts.length
  return new Map(hosts.map((host, index) => [host, Math.min(keep, each + (index < over ? 1 : 0))]))
}

const readHosts = (
  { hosts }: PoolFile,
  nodes: ReadonlyMap<string, SubstrateNode>,
  path: Path,
  reader: Reader,
): readonly string[] => {
  const all = [...nodes.values()].filter(({ kind }) => kind === 'host').map(({ id }) => id)
  for (const [index, host] of (hosts ?? []).entries()) {
    const at = [...path, 'hosts', index]
    if (!all.includes(host)) reader.fail(at, `names "${host}", which is no host`, `one of ${all.join(', ')}`)
  }
  return hosts ?? all
}

const readCpu = (cpu: PoolFile['cpu'], path: Path, reader: Reader): Cpu => {
  const { count = 1, shares: weight = 0, quota } = typeof cpu === 'number' ? { quota: cpu } : (cpu ?? {})
  const quotaMillis = reader.amount('cpus', quota, path)
  if (quotaMillis > count * 1000)
    reader.fail(path, `guarantees ${quota} CPUs to nodes of ${count}`, 'at most as many as their virtual CPUs')
  return create('Cpu', { count, shares: weight, quotaMillis })
}

const checkImage = ({ hypervisor, image }: PoolFile, images: readonly Image[], path: Path, reader: Reader): void => {
  const known = images.find(({ name }) => name === image)
  if (!known) return
  const { name, format, guestAgent } = known
  const at = [...path, 'image']
  if (!suitsImage(hypervisor, format))
    reader.fail(at, `is ${name}, of format ${format}, which ${hypervisor} cannot start`, 'another image or hypervisor')
  else if (diskFormats.includes(format) && !guestAgent)
    reader.fail(
      at,
      `is ${name}, in which nobody could set a name and addresses while it runs`,
      'an image with the QEMU guest agent, and guest_agent: true',
    )
}
