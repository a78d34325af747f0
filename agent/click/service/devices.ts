/** The interfaces that a configuration names, as they are: a host has thousands that are none of its matter. */
import { configure } from '../../../click/element.ts'
import { type Graph, usedPorts } from '../../../click/graph.ts'
import { WeftError } from '../../../proto/errors.ts'
import { decodeLink } from '../../netlink/link/link.ts'
import { getLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import { elementCode } from '../elements/elements.ts'
import type { Interfaces } from './configuration.ts'

/** In the order of the elements; of those whose arguments are wrong none: to compile them says what is. */
export const deviceNames = (graph: Graph): readonly string[] => {
  const ports = usedPorts(graph)
  const names = graph.elements.flatMap((element, node): readonly string[] => {
    const of = elementCode(element.class)?.of
    if (of === undefined || !('DEVNAME' in of.arguments)) return []
    const { inputs = 0, outputs = 0 } = ports[node] ?? {}
    const name = configure(of, element.configuration, { inputs, outputs }).configured?.values['DEVNAME']
    return typeof name === 'string' && name !== '' ? [name] : []
  })
  return [...new Set(names)]
}

/**
 * Tries it with the interfaces that a configuration names, and once more with all of the namespace where one is missing: somebody has to be told
 * what there is. Rejects with NetlinkError, and with what `use` throws.
 */
export const withInterfaces = async <T>(
  route: RouteSocket,
  graph: Graph,
  use: (interfaces: Interfaces) => T,
): Promise<T> => {
  const named = await readNamed(route, deviceNames(graph))
  try {
    return use(named)
  } catch (error) {
    if (!(error instanceof WeftError) || error.code !== 'nic.unknown') throw error
  }
  return use(new Map((await route.links()).map((link) => [link.name, link])))
}

const readNamed = async (route: RouteSocket, names: readonly string[]): Promise<Interfaces> => {
  const outcomes = await route.batch(names.map(getLink))
  const links = outcomes.flatMap((outcome) => {
    if (!(outcome instanceof NetlinkError)) return outcome.messages.slice(0, 1).map(decodeLink)
    // ERANGE, EINVAL: no interface can be called so.
    if (['ENODEV', 'ERANGE', 'EINVAL'].includes(outcome.code)) return []
    throw outcome
  })
  return new Map(links.map((link) => [link.name, link]))
}
