/** What a PIP's operator sees of its pools. */
import type { Init } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { ApiReply, HostEntry, PoolEntry, PoolShape } from '../../../proto/generated/weft.v1.ts'
import type { Picture } from '../../mapping/mapping.ts'
import { makeCpuMillis } from '../../mapping/pools.ts'
import { formatCpu, formatSize } from '../../units.ts'
import { type Admission, pictureFor } from '../admit.ts'
import { claimKey, takers } from './claims.ts'
import { poolRef, poolVNet, rowKey } from './names.ts'
import { roomFor } from './room.ts'
import { isReady, type PoolRow } from './rows.ts'
import { keptRoom } from './stock.ts'

/** A pool at a host as declared; of one that is declared no more, with no nodes wanted. */
interface Declared {
  readonly host: string
  readonly shape: PoolShape
}

export const listPools = (admission: Admission): Init<ApiReply> => {
  const { substrate, book } = admission
  const declared = substrate.nodes.flatMap(({ id, pools }) => pools.map((shape): Declared => ({ host: id, shape })))
  const known = new Set(declared.map(({ host, shape }) => rowKey(host, shape.name)))
  const others = [...book.pools].filter(([key]) => !known.has(key)).map(([, row]) => formerOf(row))
  const taken = takers(book)
  const picture = pictureFor(admission, '')
  const entryOf = ({ host, shape }: Declared): Init<PoolEntry> => {
    const row = book.pools.get(rowKey(host, shape.name))
    const report = admission.hosts.views.get(host)?.reports.get(poolVNet(shape.name))
    const counts = { idle: 0, reserved: 0, building: 0, taken: 0, leaving: 0 }
    for (const { node, state } of row?.nodes ?? []) {
      const taker = taken.get(claimKey({ host, pooled: poolRef(shape.name, node.id) }))
      if (state === 'leaving') counts.leaving++
      else if (state === 'spent' || taker?.committed) counts.taken++
      else if (taker) counts.reserved++
      else if (isReady(report, node.id)) counts.idle++
      else counts.building++
    }
    const kept = (row?.nodes ?? []).filter(({ state }) => state !== 'leaving').length
    const failed = report?.nodes.find(({ error }) => error)?.error ?? report?.error
    const error = kept < shape.nodes ? whyFewer(admission, picture, host, shape) : failed
    return { shape, host, ...counts, error }
  }
  const entries = [...declared, ...others].sort(
    (a, b) => compare(a.shape.name, b.shape.name) || compare(a.host, b.host),
  )
  return { pools: { pools: entries.map(entryOf) } }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const formerOf = ({ host, shape: name, nodes }: PoolRow): Declared => {
  const { hypervisor = '', image = '', cpu, memoryBytes = 0, diskBytes = 0, interfaces = [] } = nodes[0]?.node ?? {}
  return {
    host,
    shape: { name, hypervisor, image, cpu, memoryBytes, diskBytes, nodes: 0, interfaces: interfaces.length },
  }
}

const whyFewer = (
  { hosts }: Admission,
  { graph, usage }: Picture,
  host: string,
  shape: PoolShape,
): WeftError | undefined => {
  const object = `pool/${shape.name}`
  if (!hosts.online(host)) return new WeftError('call.unreachable', `${host} is not connected`, { object })
  const node = graph.nodes.find(({ id }) => id === host)
  if (!node?.pools.some(({ name }) => name === shape.name)) {
    const what = shape.image === '' ? shape.hypervisor : `${shape.hypervisor} with the image ${shape.image}`
    return new WeftError('hypervisor.unavailable', `${host} does not offer ${what}`, { object })
  }
  if (roomFor(node, usage, shape) > 0) return undefined
  const needs = `${formatCpu(makeCpuMillis(shape))} and ${formatSize(shape.memoryBytes)}`
  return new WeftError('admission.not-now', `${host} has no room for one more, of ${needs}`, {
    object,
    hint: 'it is filled once VNets leave room',
  })
}

/** What a host's entry says of the nodes that nobody has. */
export const pooledAt = (admission: Admission): ((host: string) => Init<HostEntry>) => {
  const taken = takers(admission.book)
  const room = keptRoom(admission, taken)
  const nodes = new Map<string, number>()
  for (const { host, shape, nodes: all } of admission.book.pools.values()) {
    const free = all.filter(({ node }) => !taken.has(claimKey({ host, pooled: poolRef(shape, node.id) })))
    nodes.set(host, (nodes.get(host) ?? 0) + free.length)
  }
  return (host) => ({
    pooledNodes: nodes.get(host) ?? 0,
    pooledCpuMillis: room.cpuMillis.get(host) ?? 0,
    pooledMemoryBytes: room.memoryBytes.get(host) ?? 0,
  })
}
