import { toJson } from '../../../proto/codec.ts'
import type { NodeState } from '../../../proto/generated/weft.v1.ts'
import { formatSize } from '../../units.ts'
import type { Resource } from './resource.ts'
import { stateCell } from './tones.ts'

export interface NodeRow {
  readonly vnet: string
  readonly node: NodeState
  /** As it was asked for; 0: not known. */
  readonly cpus: number
  readonly memoryBytes: number
}

/** `crashed at 2026-11-22T20:00:00.000Z: its process 1 was killed`; empty of a node that never ended. */
export const lastEndText = ({ lastEnd }: Pick<NodeState, 'lastEnd'>): string =>
  lastEnd ? `${lastEnd.how} at ${new Date(lastEnd.unixMs).toISOString()}: ${lastEnd.reason}` : ''

export const nodes: Resource<NodeRow> = {
  name: ({ vnet, node }) => `node/${vnet}/${node.id}`,
  rows: ({ vnet, nodes, request }) =>
    nodes.map((node) => {
      const asked = request?.nodes.find(({ id }) => id === node.id)
      return { vnet, node, cpus: asked ? asked.cpu?.count || 1 : 0, memoryBytes: asked?.memoryBytes ?? 0 }
    }),
  columns: [
    { title: 'VNET', cell: ({ vnet }) => vnet },
    { title: 'NODE', cell: ({ node }) => node.id },
    { title: 'STATE', cell: ({ node }) => stateCell(node.state) },
    { title: 'RESTARTS', cell: ({ node }) => String(node.restarts) },
    { title: 'HOST', cell: ({ node }) => node.host },
    { title: 'HYPERVISOR', cell: ({ node }) => node.hypervisor },
    { title: 'VIFS', cell: ({ node }) => node.vifs.map(({ name }) => name).join(',') },
    { title: 'PROVIDER', wide: true, cell: ({ node }) => node.provider },
    { title: 'CPUS', wide: true, cell: ({ cpus }) => (cpus > 0 ? String(cpus) : '') },
    { title: 'MEMORY', wide: true, cell: ({ memoryBytes }) => (memoryBytes > 0 ? formatSize(memoryBytes) : '') },
    { title: 'ADDRESSES', wide: true, cell: ({ node }) => node.vifs.flatMap(({ addresses }) => addresses).join(',') },
    { title: 'PROGRESS', wide: true, cell: ({ node }) => node.progress },
    { title: 'LAST END', wide: true, cell: ({ node }) => lastEndText(node) },
    { title: 'DOMAIN', wide: true, cell: ({ node }) => node.domain },
    {
      title: 'ERROR',
      wide: true,
      cell: ({ node }) => (node.error ? `${node.error.message} [${node.error.code}]` : ''),
    },
  ],
  json: ({ vnet, node }) => ({ vnet, ...(toJson('NodeState', node) as object) }),
}
