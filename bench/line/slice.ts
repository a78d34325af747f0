/** A line of nodes on one host: each joined to the next by a link of its own, with a subnet of its own. */
import { create } from '../../proto/codec.ts'
import type { Slice } from '../../proto/generated/weft.v1.ts'

export interface LineOptions {
  readonly vnet: string
  readonly nodes: number
  /** 'fake' (a namespace), 'lxc'. */
  readonly hypervisor: string
}

export const nodeName = (position: number): string => `n${position}`

/** Addresses of the link between a node and the next: a /30 of 10.0.0.0/8. */
export const addressesOf = (link: number): readonly [string, string] => {
  const subnet = `10.${link >> 14}.${(link >> 6) & 255}.`
  const first = (link & 63) * 4
  return [`${subnet}${first + 1}`, `${subnet}${first + 2}`]
}

/** Interface 0 of each node leads back, interface 1 on. */
export const lineSlice = ({ vnet, nodes, hypervisor }: LineOptions): Slice => {
  const positions = Array.from({ length: nodes }, (_, position) => position)
  const isLast = (position: number): boolean => position === nodes - 1
  return create('Slice', {
    vnet,
    generation: 1,
    nodes: positions.map((position) => ({
      id: nodeName(position),
      hypervisor,
      cpu: { count: 1, shares: 2 },
      memoryBytes: 16 * 2 ** 20,
      interfaces: [
        ...(position === 0 ? [] : [{ index: 0, addresses: [`${addressesOf(position - 1)[1]}/30`] }]),
        ...(isLast(position) ? [] : [{ index: 1, addresses: [`${addressesOf(position)[0]}/30`] }]),
      ],
    })),
    links: positions
      .filter((position) => !isLast(position))
      .map((position) => ({
        id: `l${position}`,
        ends: [
          { node: nodeName(position), interface: 1 },
          { node: nodeName(position + 1), interface: 0 },
        ],
      })),
  })
}
