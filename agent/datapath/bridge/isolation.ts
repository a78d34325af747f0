/**
 * What keeps a link's bridge from the host's own stack. A bridge hands up frames for its own MAC, for groups and, flooded, those of
 * any address, and Dom0 answers ARP for each of its addresses on every interface: without a guard a guest would reach the host, and
 * through its forwarding other guests.
 *
 * The guard is a filter of one instruction, `ret #2` (TC_ACT_SHOT), on both hooks of the bridge's clsact: nothing comes up and nothing
 * that the host says goes down. All our bridges share it as two blocks of filters, so that one dump tells whether it is there.
 * Frames of the bridge's ports never pass these hooks.
 *
 * Link-local groups (01:80:c2:00:00:0X) that a bridge does not forward it hands to the host as if they came from the port's own
 * interface, past this guard; ports.ts has them all forwarded.
 *
 * What the guard does not see: a Dom0 that forwards IPv6 reports its router groups (MLD, no address in it) on each interface that goes
 * up, its end of a vif too, where net.ipv6.conf.default.disable_ipv6 is 0.
 */

import type { Request } from '../../netlink/socket/request.ts'
import { action, ret } from '../../netlink/traffic/bpf.ts'
import { type Filter, type NewFilter, protocol, replaceFilter } from '../../netlink/traffic/filter.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { addClsact, type Clsact, deleteQdisc } from '../../netlink/traffic/qdisc.ts'

/** Numbers that nobody else would choose: 'wftI' and 'wftE'. A block cannot serve both hooks of one interface. */
export const blocks = { ingress: 0x77_66_74_49, egress: 0x77_66_74_45 } as const

const drop = (block: number): NewFilter => ({
  place: { block },
  handle: 1,
  priority: 1,
  protocol: protocol.all,
  options: { kind: 'bpf', instructions: [ret(action.shot)], directAction: true, name: '' },
})

/** Whether the filters of one block are the guard: one that asked before it might let something pass. */
export const isGuard = (filters: readonly Filter[]): boolean => {
  const [first] = filters.filter(({ handle }) => handle !== 0).toSorted((a, b) => a.priority - b.priority)
  if (first === undefined || first.options.kind !== 'bpf') return false
  const { instructions, directAction } = first.options
  const [only, ...more] = instructions
  return directAction && more.length === 0 && only?.code === ret(0).code && only.k === action.shot
}

export const isHooked = (clsact: Clsact | undefined): boolean =>
  clsact?.ingressBlock === blocks.ingress && clsact.egressBlock === blocks.egress

/** `tc qdisc add dev X ingress_block I egress_block E clsact` and `tc filter replace block … bpf direct-action bytecode '1,6 0 0 2'`. */
export const isolateRequests = (index: number, hooks: 'right' | 'missing' | 'wrong'): readonly Request[] => [
  ...(hooks === 'wrong' ? [deleteQdisc(index, parent.clsact)] : []),
  ...(hooks === 'right' ? [] : [addClsact(index, blocks.ingress, blocks.egress)]),
  replaceFilter(drop(blocks.ingress)),
  replaceFilter(drop(blocks.egress)),
]
