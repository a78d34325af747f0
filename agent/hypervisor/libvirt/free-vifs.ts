/**
 * Before libvirt starts a domain, the names of its vifs must be free: where one is taken libvirt fails and deletes what has the name,
 * whosever it is.
 */
import { WeftError } from '../../../proto/errors.ts'
import { nodeMark } from '../../datapath/mark.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { NodeSpec } from '../driver.ts'
import { vifName } from '../vifs.ts'

/** The kernel takes a container's namespace down at leisure; what was its own goes then by itself. */
const patienceMs = 2000
const pauseMs = 20

/** Settles when all are free. Throws object.foreign where one is not the node's own. */
export const freeVifs = async (route: RouteSocket, { vnet, node, slot }: NodeSpec): Promise<void> => {
  const end = performance.now() + patienceMs
  for (const { index } of node.interfaces) {
    const name = vifName(slot, index)
    for (let link = await route.link(name); link; link = await route.link(name)) {
      if (link.alias !== nodeMark(vnet, node.id)) {
        const object = `node/${node.id}`
        throw new WeftError('object.foreign', `${name} exists and is not node ${node.id}'s`, { object })
      }
      if (performance.now() < end) await new Promise((resolve) => setTimeout(resolve, pauseMs))
      else await route.deleteLink(name).catch(unlessGone)
    }
  }
}

const unlessGone = (error: unknown): void => {
  if (!(error instanceof NetlinkError && error.code === 'ENODEV')) throw error
}
