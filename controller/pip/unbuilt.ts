/** What the model of a request knows and this version does not build: refused at admission, rather than failed on a host. */
import { WeftError } from '../../proto/errors.ts'
import type { Node, VNetRequest } from '../../proto/generated/weft.v1.ts'

const allocations = ['', 'on-demand']

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
  return errors
}

export const unbuiltErrors = (request: VNetRequest): readonly WeftError[] => request.nodes.flatMap(nodeErrors)
