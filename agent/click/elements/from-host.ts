/**
 * FromHost: what the host sends into a device enters at its egress, and never leaves by it. The device is made by whoever brings the router up
 * (`Compiled.hostDevices`).
 */
import { fromHost as of } from '../../../click/elements/from-host.ts'
import { and, be, jeq, jgt, jlt, jne, jump, label, ldx, lsh, rsh, stx } from '../../ebpf/asm/asm.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { pullFront } from '../compile/geometry.ts'
import { loadLength, reach, unreached } from '../compile/packet.ts'
import { lostSlotName } from '../compile/roots.ts'
import { annotationSlot } from '../compile/stack.ts'
import { countIn } from '../compile/state.ts'
import { clearSlots, readSlot } from '../handlers.ts'

const etherHeader = 14
const ipv6Header = 40

export const fromHost = compileElement(of, {
  slots: () => ({ count: 0n, drops: 0n, [lostSlotName]: 0n }),
  unsupported: ({ values: { CLEAR_ANNO } }) => (CLEAR_ANNO ? undefined : 'CLEAR_ANNO false'),
  compile: (site) => [
    countIn(site.slot('count')),
    site.values.TYPE === 'IP' ? ipPackets(site) : site.output(0, site.packet),
  ],
  modifies: false,
  takesTag: ({ values }) => values.TYPE === 'ETHER',
  handlers: {
    count: readSlot('count'),
    drops: readSlot('drops'),
    lost: readSlot(lostSlotName),
    length: { read: () => '0' },
    capacity: { read: (_, { values }) => `${values.CAPACITY}` },
    reset_counts: clearSlots('count', 'drops', lostSlotName),
  },
})

/** Checks as much of the IP header as the annotations stand on. An empty packet, which Click lets pass without them, has none. */
const ipPackets = (site: Omit<Site, 'values' | 'list'>): Code => {
  const { output, outputLabel, newLabel, slot } = site
  const pulled = pullFront(site, etherHeader)
  const { packet } = pulled
  const [bad, notFour] = [newLabel('bad'), newLabel('not_4')]
  const version = reach(packet, 1, bad, newLabel)
  const four = reach(version.packet, 20, bad, newLabel)
  const six = reach(version.packet, ipv6Header, bad, newLabel)
  return [
    pulled.code,
    version.code,
    ldx('u8', 'r0', 'r7', etherHeader),
    rsh('r0', 4),
    jne('r0', 4, notFour),
    four.code,
    ldx('u8', 'r8', 'r7', etherHeader),
    and('r8', 15),
    lsh('r8', 2),
    jlt('r8', 20, bad),
    ldx('u16', 'r0', 'r7', etherHeader + 2),
    be('r0', 16),
    jlt('r0', 'r8', bad),
    loadLength('r0', packet),
    jgt('r8', 'r0', bad),
    ldx('u32', 'r0', 'r7', etherHeader + 16),
    stx('u32', 'r10', annotationSlot(0), 'r0'),
    output(0, { ...four.packet, network: etherHeader }),
    label(notFour),
    jeq('r0', 6, `${notFour}_6`),
    jump(bad),
    label(`${notFour}_6`),
    six.code,
    output(0, { ...six.packet, network: etherHeader }),
    label(bad),
    countIn(slot('drops')),
    jump(outputLabel(1, unreached(packet))),
  ]
}
