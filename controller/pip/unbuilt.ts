/** What the model of a request knows and this version does not build: refused at admission, rather than failed on a host. */
import { WeftError } from '../../proto/errors.ts'
import type { Interface, Node, VNetRequest } from '../../proto/generated/weft.v1.ts'

const forwardings = ['', 'bridge', 'click']
const allocations = ['', 'on-demand']

const interfaceErrors = (node: Node, { index, forwarding, physical }: Interface): readonly WeftError[] => {
  const isClickOnNic = forwarding === 'click' && physical !== ''
  if (forwardings.includes(forwarding) && !isClickOnNic) return []
  const where = isClickOnNic ? `interface ${index} on a ${physical} physical interface` : `interface ${index}`
  return [
    new WeftError('datapath.unavailable', `forwarding "${forwarding}" of ${where} is not built yet`, {
      object: `node/${node.id}`,
      hint: 'forwarding "bridge"',
    }),
  ]
}

const nodeErrors = (node: Node): readonly WeftError[] => {
  const object = `node/${node.id}`
  const errors: WeftError[] = []
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

export const unbuiltErrors = (request: VNetRequest): readonly WeftError[] => request.nodes.flatMap(nodeErrors)
