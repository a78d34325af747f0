/** Pure: what takes a link away, and gives back what it had. */

import type { LinkStep, ObservedLink } from '../driver.ts'
import { rootHandle } from '../underlay/pieces.ts'
import { leaveNic } from '../underlay/plan.ts'
import { parseNote } from './note.ts'
import type { Operation } from './operation.ts'
import type { BridgeSnapshot } from './snapshot.ts'

/** Vifs stay, lowered and without a limit: they are the hypervisor's. */
export const planRemoval = ({ vnet, id, interfaces }: ObservedLink, snapshot: BridgeSnapshot): LinkStep => {
  const bridges = interfaces.filter((name) => snapshot.byName.get(name)?.info?.kind === 'bridge')
  const operations = [
    ...bridges.flatMap((bridge) => releaseVifs(bridge, snapshot)),
    ...bridges.flatMap((bridge) => giveBack(bridge, snapshot)),
    ...interfaces.map((name): Operation => ({ op: 'delete', name })),
    ...interfaces.flatMap((name) => leaveNics(name, snapshot)),
    ...abandoned(snapshot).map((nic): Operation => ({ op: 'tidy', nic })),
  ]
  return { vnet, link: id, action: 'remove', reasons: ['the link is wanted no more'], operations, waitsFor: [] }
}

const releaseVifs = (bridge: string, { ports, marks, byName, traffic }: BridgeSnapshot): readonly Operation[] => {
  const members = ports.get(byName.get(bridge)?.index ?? -1) ?? []
  const vifs = members.filter(({ name }) => marks.get(name)?.kind === 'node')
  return vifs.flatMap(({ name, index }): readonly Operation[] => {
    const root = traffic.get(index)?.root
    const from = root?.options.kind === 'tbf' ? root.options : undefined
    const limit: Operation = { op: 'limit', name, to: undefined, from }
    return [{ op: 'leave', name, bridge }, ...(root === undefined ? [] : [limit])]
  })
}

const giveBack = (bridge: string, { marks }: BridgeSnapshot): readonly Operation[] => {
  const note = parseNote(marks.get(bridge)?.note ?? '')
  return note === undefined ? [] : [{ op: 'give-back', note }]
}

/** What a tunnel was guaranteed at its NIC, and the NIC's queueing, if it was the last one there. Nothing of what is no tunnel. */
export const leaveNics = (name: string, { byName, byIndex, traffic }: BridgeSnapshot): readonly Operation[] => {
  const tunnel = byName.get(name)?.info
  if (tunnel?.kind !== 'vxlan') return []
  const nic = byIndex.get(tunnel.lower ?? 0)
  if (nic === undefined) return []
  const flow = { technology: 'vxlan', identifier: tunnel.identifier ?? 0, local: '', remote: '' }
  return leaveNic(nic.name, flow, traffic.get(nic.index))
}

/** NICs with our queueing that no tunnel of ours uses: somebody removed the last one by hand. */
const abandoned = ({ interfaces, marks, qdiscs, byIndex }: BridgeSnapshot): readonly string[] => {
  const tunnels = interfaces.filter(({ name, info }) => info?.kind === 'vxlan' && marks.get(name)?.kind === 'link')
  const used = new Set(tunnels.map(({ info }) => (info?.kind === 'vxlan' ? info.lower : 0)))
  return qdiscs
    .filter(({ handle, index }) => handle === rootHandle && !used.has(index))
    .flatMap(({ index }) => byIndex.get(index)?.name ?? [])
}
