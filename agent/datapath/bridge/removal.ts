/** Pure: what takes a link away, and gives back what it had. */

import type { Vxlan } from '../../netlink/link/vxlan.ts'
import { majorOf, parent } from '../../netlink/traffic/handle.ts'
import type { LinkStep, ObservedLink } from '../driver.ts'
import { parseNote } from './note.ts'
import type { Operation } from './operation.ts'
import type { BridgeSnapshot } from './snapshot.ts'
import { findReservation, rootHandle } from './underlay.ts'

/** Vifs stay, lowered and without a limit: they are the hypervisor's. */
export const planRemoval = ({ vnet, id, interfaces }: ObservedLink, snapshot: BridgeSnapshot): LinkStep => {
  const bridges = interfaces.filter((name) => snapshot.byName.get(name)?.info?.kind === 'bridge')
  const others = interfaces.filter((name) => !bridges.includes(name))
  const operations = [
    ...bridges.flatMap((bridge) => releaseVifs(bridge, snapshot)),
    ...bridges.flatMap((bridge) => giveBack(bridge, snapshot)),
    ...others.flatMap((name) => removeTunnel(name, snapshot)),
    ...bridges.map((name): Operation => ({ op: 'delete', name })),
    ...abandoned(snapshot).map((nic): Operation => ({ op: 'tidy', nic })),
  ]
  return { vnet, link: id, action: 'remove', reasons: ['the link is wanted no more'], operations, waitsFor: [] }
}

const releaseVifs = (bridge: string, { interfaces, marks, byName, traffic }: BridgeSnapshot): readonly Operation[] => {
  const index = byName.get(bridge)?.index
  const vifs = interfaces.filter(({ name, master }) => master === index && marks.get(name)?.kind === 'node')
  return vifs.flatMap(({ name, index: of }): readonly Operation[] => {
    const qdiscs = traffic.get(of)?.qdiscs ?? []
    const root = qdiscs.find((qdisc) => qdisc.parent === parent.root && majorOf(qdisc.handle) !== 0)
    const from = root?.options.kind === 'tbf' ? root.options : undefined
    return [
      { op: 'leave', name, bridge },
      ...(root === undefined ? [] : [{ op: 'limit', name, to: undefined, from } as const]),
    ]
  })
}

const giveBack = (bridge: string, { marks }: BridgeSnapshot): readonly Operation[] => {
  const note = parseNote(marks.get(bridge)?.note ?? '')
  return note === undefined ? [] : [{ op: 'give-back', note }]
}

/** A tunnel and what it had at its NIC. */
export const removeTunnel = (name: string, snapshot: BridgeSnapshot): readonly Operation[] => {
  const info = snapshot.byName.get(name)?.info
  return [{ op: 'delete', name }, ...(info?.kind === 'vxlan' ? leaveNic(info, snapshot) : [])]
}

/** What a tunnel was guaranteed at its NIC, and the NIC's queueing, if it was the last one there. */
export const leaveNic = (tunnel: Vxlan, { byIndex, traffic }: BridgeSnapshot): readonly Operation[] => {
  const nic = byIndex.get(tunnel.lower ?? 0)
  if (nic === undefined) return []
  const identifier = tunnel.identifier ?? 0
  const state = traffic.get(nic.index)
  const from = state && findReservation(state, identifier)
  return [
    ...(from === undefined ? [] : [{ op: 'reserve', nic: nic.name, identifier, to: undefined, from } as const]),
    { op: 'tidy', nic: nic.name },
  ]
}

/** NICs with our queueing that no tunnel of ours uses: somebody removed the last one by hand. */
const abandoned = ({ interfaces, marks, qdiscs, byIndex }: BridgeSnapshot): readonly string[] => {
  const tunnels = interfaces.filter(({ name, info }) => info?.kind === 'vxlan' && marks.get(name)?.kind === 'link')
  const used = new Set(tunnels.map(({ info }) => (info?.kind === 'vxlan' ? info.lower : 0)))
  return qdiscs
    .filter(({ handle, index }) => handle === rootHandle && !used.has(index))
    .flatMap(({ index }) => byIndex.get(index)?.name ?? [])
}
