/** Rules of what a slice may ask of single interfaces and directions: guards, own Click, forwarding in Dom0, impairments. Pure. */
import { ownLimits } from '../../click/own.ts'
import type { Impairment, SliceInterface, SliceLink, SliceNode } from '../../proto/generated/weft.v1.ts'

/** Throws slice.invalid: the object, what is wrong with it, what would be right. */
export type Refuse = (object: string, problem: string, hint?: string) => void

const guards: readonly string[] = ['mac', 'ip', 'arp', 'nd', 'dhcp-server', 'ra']

const millionths = 1_000_000
/** One minute: a queue of netem holds what it delays. */
const mostDelayMicroseconds = 60_000_000

/** Whether the text itself can stand in a router is told by the link that needs it (click/own.ts). */
export const checkInterfaceFields = (object: string, each: SliceInterface, refuse: Refuse): void => {
  const unknown = each.guards.find((guard) => !guards.includes(guard))
  if (unknown !== undefined) refuse(object, `has the unknown guard "${unknown}"`, `of ${guards.join(', ')}`)
  if (new Set(each.guards).size < each.guards.length) refuse(object, 'has a guard twice')
  // All of them know what is the guest's own by its MAC.
  if (each.guards.length > 0 && each.mac === '') refuse(object, 'has guards and no MAC', 'a MAC, or no guards')
  if (each.click === '') return
  if (each.forwarding !== 'click' || each.nic !== '')
    refuse(object, 'has Click of its own and is not joined to a link by Click', 'forwarding click')
  const bytes = Buffer.byteLength(each.click)
  if (bytes > ownLimits.bytes) refuse(object, `has ${bytes} bytes of Click`, `at most ${ownLimits.bytes}`)
  if (each.click.includes('\0')) refuse(object, 'has a zero byte in its Click')
}

/** Dom0 forwards by the routes that it sees in a container's network namespace, and between routers of Click. */
export const checkNodeForwarding = (
  object: string,
  node: SliceNode,
  links: readonly SliceLink[],
  refuse: Refuse,
): void => {
  const { id, forwarding, hypervisor, interfaces } = node
  if (forwarding === '') return
  if (forwarding !== 'host') refuse(object, `has the unknown forwarding "${forwarding}"`, 'host, or nothing')
  if (hypervisor !== 'lxc' && hypervisor !== 'fake')
    refuse(object, `is to be forwarded for and is of hypervisor ${hypervisor}`, 'hypervisor lxc')
  const ends = links.flatMap((link) => link.ends).filter((end) => end.node === id)
  const bridged = interfaces.find(
    (each) => each.forwarding !== 'click' && ends.some((end) => end.interface === each.index),
  )
  if (bridged)
    refuse(
      object,
      `is to be forwarded for, and its interface ${bridged.index} is not joined by Click`,
      'forwarding click',
    )
}

export const checkImpairment = (object: string, impairment: Impairment | undefined, refuse: Refuse): void => {
  if (!impairment) return
  const { delayMicroseconds, jitterMicroseconds, lossMillionths, duplicateMillionths, reorderMillionths } = impairment
  if (Math.max(lossMillionths, duplicateMillionths, reorderMillionths) > millionths)
    refuse(object, 'has an impairment of more than all frames', `at most ${millionths} millionths`)
  if (delayMicroseconds > mostDelayMicroseconds)
    refuse(object, `has a delay of ${delayMicroseconds} us`, `at most ${mostDelayMicroseconds}`)
  if (jitterMicroseconds > delayMicroseconds)
    refuse(object, 'has a jitter of more than its delay', 'a delay that is no smaller')
  if (reorderMillionths > 0 && delayMicroseconds === 0) refuse(object, 'reorders without a delay', 'a delay too')
}
