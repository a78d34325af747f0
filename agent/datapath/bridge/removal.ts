/** Pure: what takes a link away, and gives back what it had. */

import type { LinkStep, ObservedLink } from '../driver.ts'
import { foundEgress, plainEgress } from '../egress.ts'
import { isServiceMark, markOf } from '../mark.ts'
import { leaveNic } from '../underlay/plan.ts'
import { isNoteOf, parseNote } from './note.ts'
import type { Operation } from './operation.ts'
import type { BridgeSnapshot } from './snapshot.ts'
import { idleServices, nicOf, tunnelFlow } from './tunnel.ts'
import { sharedBy } from './uplink.ts'

/** Vifs stay, lowered and without a limit: they are the hypervisor's. */
export const planRemoval = ({ vnet, id, interfaces }: ObservedLink, snapshot: BridgeSnapshot): LinkStep => {
  const bridges = interfaces.filter((name) => snapshot.byName.get(name)?.info?.kind === 'bridge')
  const operations = [
    ...bridges.flatMap((bridge) => releaseVifs(bridge, snapshot)),
    ...bridges.flatMap((bridge) => giveBack(bridge, snapshot)),
    ...interfaces.flatMap((name) => leaveUplink(name, snapshot)),
    ...interfaces.map((name): Operation => ({ op: 'delete', name })),
    ...interfaces.flatMap((name) => leaveNics(name, snapshot)),
    ...abandoned(snapshot),
  ]
  return { vnet, link: id, action: 'remove', reasons: ['the link is wanted no more'], operations, waitsFor: [] }
}

const releaseVifs = (bridge: string, { ports, marks, byName, traffic }: BridgeSnapshot): readonly Operation[] => {
  const members = ports.get(byName.get(bridge)?.index ?? -1) ?? []
  const vifs = members.filter(({ name }) => marks.get(name)?.kind === 'node')
  return vifs.flatMap(({ name, index }): readonly Operation[] => {
    const state = traffic.get(index)
    const limit: Operation = { op: 'limit', name, to: plainEgress, from: foundEgress(state?.qdiscs ?? []) }
    return [{ op: 'leave', name, bridge }, ...(state?.root === undefined ? [] : [limit])]
  })
}

const giveBack = (bridge: string, { marks, byName }: BridgeSnapshot): readonly Operation[] => {
  const note = parseNote(marks.get(bridge)?.note ?? '')
  return note !== undefined && isNoteOf(note, byName.get(note.nic)) ? [{ op: 'give-back', note }] : []
}

/** Of the near end of a link's pair. The link's own bridge goes after it: as long as that is there, this is done again. */
export const leaveUplink = (name: string, { marks }: Pick<BridgeSnapshot, 'marks'>): readonly Operation[] => {
  const nic = sharedBy(marks.get(name)?.note ?? '')
  return nic === undefined || !name.endsWith('a') ? [] : [{ op: 'drop-uplink', nic, a: name }]
}

/**
 * What a tunnel was guaranteed at its NIC, the service device below it, if nothing else is on that, and the NIC's queueing, if it was the last
 * one there. Nothing of what is no tunnel.
 */
export const leaveNics = (name: string, { byName, byIndex, traffic, said }: BridgeSnapshot): readonly Operation[] => {
  const tunnel = byName.get(name)
  const nic = tunnel && nicOf(tunnel, byIndex)
  const flow = tunnel && tunnelFlow(tunnel, byIndex)
  if (tunnel === undefined || nic === undefined || flow === undefined) return []
  const service = flow.technology === 'qinq' ? byIndex.get(tunnel.lower) : undefined
  return [
    ...(service === undefined ? [] : [{ op: 'drop-service', name: service.name, nic: nic.name } as const]),
    ...leaveNic(nic.name, flow, traffic.get(nic.index), said.get(tunnel.index)),
  ]
}

/** Service devices, and NICs with our queueing, that no tunnel of ours uses: somebody removed the last one by hand. */
const abandoned = (snapshot: BridgeSnapshot): readonly Operation[] => {
  const { unmarked, traffic, byIndex } = snapshot
  return [
    ...idleServices(unmarked, snapshot).map((service): Operation => {
      return { op: 'drop-service', name: service.name, nic: byIndex.get(service.lower)?.name ?? '' }
    }),
    ...traffic.underlays.flatMap((index): readonly Operation[] => {
      const nic = byIndex.get(index)
      return nic === undefined || isUsed(index, snapshot) ? [] : [{ op: 'tidy', nic: nic.name }]
    }),
  ]
}

/** Whether a tunnel of ours is on a NIC, or on a service device there. */
const isUsed = (nic: number, { above }: BridgeSnapshot): boolean =>
  (above.get(nic) ?? []).some(
    (link) => markOf(link)?.kind === 'link' || (isServiceMark(link.alias) && (above.get(link.index) ?? []).length > 0),
  )
