/** Rules of nodes whose packets the host forwards: containers, joined to their links by Click. */
import type { Node, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { quote } from './request-errors.ts'
import type { Find } from './validate.ts'
import { interfaceOf } from './validate-links.ts'

/** Whose routes a host can see: they stand in a network namespace of its kernel. `fake` is there for tests. */
const containers: readonly string[] = ['', 'any', 'lxc', 'fake']

export const checkForwarding = ({ nodes, links }: VNetRequest, find: Find): void => {
  const ends = Map.groupBy(
    links.flatMap(({ id, a, b }) => [a, b].flatMap((end) => (end ? [{ link: id, end }] : []))),
    ({ end }) => end.node,
  )
  for (const [i, node] of nodes.entries()) {
    if (node.forwarding !== 'host') continue
    const path = `nodes[${i}].forwarding`
    checkHypervisor(node, path, find)
    for (const { link, end } of ends.get(node.id) ?? []) {
      if (interfaceOf(node, end)?.forwarding === 'click') continue
      const name = `${end.node}.${end.interface}`
      const message = `the host forwards for ${node.id}, and its interface ${name}, an end of link ${link}, is not joined by Click`
      find(path, `node/${node.id}`, message, `forwarding click for ${name}`)
    }
  }
}

const checkHypervisor = ({ id, hypervisor }: Node, path: string, find: Find): void => {
  if (containers.includes(hypervisor)) return
  const message = `the host cannot forward for ${id}: it is no container but of hypervisor ${quote(hypervisor)}`
  find(path, `node/${id}`, message, 'hypervisor lxc, or forwarding guest')
}
