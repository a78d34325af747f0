/** What the model of a request knows and this version does not build: refused at admission, rather than failed on a host. */
import { WeftError } from '../../proto/errors.ts'
import type { Interface, Link, Node, VNetRequest } from '../../proto/generated/weft.v1.ts'

const hypervisors = ['', 'any', 'lxc', 'fake']
const technologies = ['', 'any', 'vxlan']
const forwardings = ['', 'bridge']
const allocations = ['', 'on-demand']

const interfaceErrors = (node: Node, { index, forwarding }: Interface): readonly WeftError[] =>
  forwardings.includes(forwarding)
    ? []
    : [
        new WeftError('datapath.unavailable', `forwarding "${forwarding}" of interface ${index} is not built yet`, {
          object: `node/${node.id}`,
          hint: 'forwarding "bridge"',
        }),
      ]

const nodeErrors = (node: Node): readonly WeftError[] => {
  const object = `node/${node.id}`
  const errors: WeftError[] = []
  if (!hypervisors.includes(node.hypervisor)) {
    errors.push(
      new WeftError('hypervisor.unavailable', `hypervisor "${node.hypervisor}" is not driven yet`, {
        object,
        hint: 'hypervisor "lxc", or "any"',
      }),
    )
  }
  if (!allocations.includes(node.allocation)) {
    errors.push(
      new WeftError('verb.unsupported', `allocation "${node.allocation}" is not offered yet`, {
        object,
        hint: 'allocation "on-demand"',
      }),
    )
  }
  return [...errors, ...node.interfaces.flatMap((one) => interfaceErrors(node, one))]
}

const linkErrors = ({ id, technology }: Link): readonly WeftError[] =>
  technologies.includes(technology)
    ? []
    : [
        new WeftError('datapath.unavailable', `technology "${technology}" is not built yet`, {
          object: `link/${id}`,
          hint: 'technology "vxlan", or "any"',
        }),
      ]

export const unbuiltErrors = (request: VNetRequest): readonly WeftError[] => [
  ...request.nodes.flatMap(nodeErrors),
  ...request.links.flatMap(linkErrors),
]
