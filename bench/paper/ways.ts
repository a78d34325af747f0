/** The ways by which the paper instantiates a VNet, what is asked for by each, and the substrate that has what they take. Pure. */
import { formatCpus } from '../../controller/description/units.ts'
import type { Cpu, Node, VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Hypervisor } from './options.ts'

/**
 * `on-demand`: nodes are made when they are asked for, resources discovered at the PIP. `at-vnp`: discovered at the VNP instead, to which the PIP advertises
 * them. `preallocated`: nodes come from the PIP's pools, where they stand booted.
 */
export const ways = ['on-demand', 'at-vnp', 'preallocated'] as const
export type Way = (typeof ways)[number]

/** A kernel and an initramfs of its own need that much. */
const machineMemoryBytes = 128 * 2 ** 20

/** The same VNet, of nodes of one hypervisor: nothing but what the way says differs between runs. */
export const requestFor = (request: VNetRequest, hypervisor: Hypervisor, way: Way): VNetRequest => ({
  ...request,
  nodes: request.nodes.map((node) => ({
    ...node,
    hypervisor,
    allocation: way === 'preallocated' ? 'preallocated' : 'on-demand',
    image: '',
    memoryBytes: hypervisor === 'lxc' ? node.memoryBytes : Math.max(node.memoryBytes, machineMemoryBytes),
  })),
})

/** Of idle nodes whose request leaves it open. */
const leastMemoryBytes = 64 * 2 ** 20

const cpuText = ({ count, shares, quotaMillis }: Cpu): string =>
  [
    `count: ${count || 1}`,
    ...(shares > 0 ? [`shares: ${shares}`] : []),
    ...(quotaMillis > 0 ? [`quota: ${formatCpus(quotaMillis)}`] : []),
  ].join(', ')

const shapeText = ({ hypervisor, cpu, memoryBytes, diskBytes, interfaces }: Node): string =>
  [
    `hypervisor: ${hypervisor}`,
    ...(cpu ? [`cpu: { ${cpuText(cpu)} }`] : []),
    `memory: ${memoryBytes || leastMemoryBytes} B`,
    ...(diskBytes > 0 ? [`disk: ${diskBytes} B`] : []),
    `interfaces: ${interfaces.length}`,
  ].join(', ')

/** Of each shape that the VNet's nodes have, their interfaces counted, how many each host keeps: together enough for one such VNet. */
const shapesOf = ({ nodes }: VNetRequest, hosts: number): readonly { readonly text: string; readonly keep: number }[] =>
  [...Map.groupBy(nodes, shapeText)].map(([text, of]) => ({ text, keep: Math.ceil(of.length / hosts) }))

/** For a substrate file: a pool of each shape. */
export const poolsText = (request: VNetRequest, hosts: number): string =>
  [
    'pools:',
    ...shapesOf(request, hosts).map(({ text, keep }, index) => `  shape${index + 1}: { ${text}, keep: ${keep} }`),
    '',
  ].join('\n')

/** Why hosts with so much memory each have no room for idle nodes for one such VNet and the VNet beside them, as on demand: their pools would never be full. */
export const roomProblem = (request: VNetRequest, hosts: number, memoryBytes: number): string | false => {
  const { nodes } = request
  const greatest = Math.max(...nodes.map((node) => node.memoryBytes))
  const room = Math.floor(memoryBytes / greatest)
  const idle = shapesOf(request, hosts).reduce((sum, { keep }) => sum + keep, 0)
  const wanted = idle + Math.ceil(nodes.length / hosts)
  return wanted > room && `a host would have ${wanted} nodes, idle ones counted, and has memory for ${room}`
}
