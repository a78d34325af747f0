/** The ways by which the paper instantiates a VNet, and the request that asks for each. Pure. */
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Hypervisor } from './options.ts'

/** By what tables call them: nodes made and booted when they are asked for. */
export const ways = ['on-demand'] as const
export type Way = (typeof ways)[number]

/** A kernel and an initramfs of its own need that much. */
const machineMemoryBytes = 128 * 2 ** 20

/** The same VNet, of nodes of one hypervisor: nothing but these differ between runs. */
export const requestFor = (request: VNetRequest, hypervisor: Hypervisor): VNetRequest => ({
  ...request,
  nodes: request.nodes.map((node) => ({
    ...node,
    hypervisor,
    allocation: 'on-demand',
    image: '',
    memoryBytes: hypervisor === 'lxc' ? node.memoryBytes : Math.max(node.memoryBytes, machineMemoryBytes),
  })),
})
