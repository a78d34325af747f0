/** Whether the kernel emulates lines, by having it do so: at an interface that is made, down, and removed at once. */
import { create } from '../../proto/codec.ts'
import { deleteLink } from '../netlink/link/requests.ts'
import type { RouteSocket } from '../netlink/route.ts'
import { NetlinkError } from '../netlink/socket/error.ts'
import { egressOf, egressRequests } from './egress.ts'

const [name, other] = ['wprobe-netem-a', 'wprobe-netem-b'] as const
const impairment = create('Impairment', { delayMicroseconds: 1 })

/** Why not; undefined where it does. Rejects with NetlinkError where it cannot be tried. */
export const tryNetem = async (route: RouteSocket): Promise<string | undefined> => {
  // A probe that was killed may have left some.
  await route.batch([deleteLink(name)])
  try {
    await route.addLink({ name, info: { kind: 'veth', peer: { name: other } } })
    const index = (await route.link(name))?.index ?? 0
    const outcomes = await route.batch(egressRequests(index, undefined, egressOf(0, impairment, 1500)))
    const refused = outcomes.find((outcome) => outcome instanceof NetlinkError)
    return refused === undefined ? undefined : `its kernel has no netem (${refused.message})`
  } finally {
    await route.batch([deleteLink(name)])
  }
}
