/**
 * StoreIPAddress. Where the annotation is to be stored and is 0, the packet passes as it is. A packet without an IP header of 20 bytes leaves by
 * output 1 where `src` or `dst` is to be set.
 */
import { storeIpAddress as of } from '../../../click/elements/store-ip-address.ts'
import {
  add,
  and,
  call,
  jeq,
  jlt,
  jne,
  jslt,
  jump,
  label,
  ldx,
  lsh,
  mov,
  mov32,
  type Register,
  stx,
  sub,
  xor,
} from '../../ebpf/asm/asm.ts'
import { bytes16, bytes32, fold, loaded } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { mostOffset } from '../compile/geometry.ts'
import { bounded, pullUpTo } from '../compile/linear.ts'
import { type Hooked, loadFrameLength, reach, reload, unreached } from '../compile/packet.ts'
import { annotationSlot, scratch } from '../compile/stack.ts'
import { networkHeader } from './network-header.ts'

type Place = Omit<Site, 'values' | 'list'>

/** r0 = the address; to `none` where it is that of an annotation that is 0. */
const loadAddress = (given: number | undefined, none: string): Code =>
  given === undefined
    ? [ldx('u32', 'r0', 'r10', annotationSlot(0)), jeq('r0', 0, none)]
    : [mov32('r0', loaded(bytes32(given)))]

const storeAt = (site: Place, given: number | undefined, offset: number): Code => {
  const { packet, output, outputLabel, newLabel, refuse } = site
  const at = packet.offset + offset
  if (at + 4 > mostOffset) return refuse(`an address ${at} bytes into a frame`)
  const reached = reach(packet, offset + 4, outputLabel(1, unreached(packet)), newLabel)
  const same = newLabel('same')
  return [reached.code, loadAddress(given, same), stx('u32', 'r7', at, 'r0'), label(same), output(0, reached.packet)]
}

/** The folded sums of the words of the old address and the new, and the addresses, while registers are lost. */
const sums = { old: scratch.at, new: scratch.at + 8 } as const
const addresses = { old: scratch.at + 16, new: scratch.at + 24 } as const

/** Updates a checksum by both sums, as Click does it: r4 was, r5 is. Loses r0 and r1. */
const update = (register: Register, at: number): Code => [
  ldx('u16', 'r0', register, at),
  xor('r0', 0xffff),
  mov('r1', 'r4'),
  xor('r1', 0xffff),
  add('r0', 'r1'),
  add('r0', 'r5'),
  fold('r0'),
  xor('r0', 0xffff),
  stx('u16', register, at, 'r0'),
]

/** BPF_F_PSEUDO_HDR of a field of four bytes, and BPF_F_MARK_MANGLED_0: a checksum of 0 is none, and stays so. */
const replace = { address: 0x10 | 4, mayLack: 0x20 } as const

/**
 * The kernel's own update, r8 bytes behind the IP header's start: where a checksum is still to be made, the field holds the sum of the
 * pseudo header alone (CHECKSUM_PARTIAL). Goes to `failed` where it cannot be written. Loses r0 to r5.
 */
const updateByKernel = (packet: Hooked, at: number, mayLack: boolean, failed: string): Code => [
  mov('r1', 'r6'),
  mov('r2', 'r8'),
  add('r2', at),
  ldx('u64', 'r3', 'r10', addresses.old),
  ldx('u64', 'r4', 'r10', addresses.new),
  mov('r5', replace.address | (mayLack ? replace.mayLack : 0)),
  call('l4CsumReplace'),
  reload(packet),
  jne('r0', 0, failed),
]

const mostIpHeader = 60
const transports = [
  { protocol: 6, headerBytes: 20, checksum: 16, mayLack: false },
  { protocol: 17, headerBytes: 8, checksum: 6, mayLack: true },
] as const

/** Into a field of the IP header at `field`, the checksums of which all that follow are kept right. */
const storeField = (site: Place, given: number | undefined, field: number): Code => {
  const { packet, output, outputLabel, dropLabel, newLabel } = site
  const at = networkHeader(site)
  const other = outputLabel(1, unreached(packet))
  const drop = dropLabel(unreached(packet))
  const done = newLabel('done')
  const found = transports.map((transport) => ({ ...transport, here: newLabel('transport') }))
  return [
    reach(packet, at + 20 - packet.offset, other, newLabel).code,
    ldx('u8', 'r8', 'r7', at),
    and('r8', 15),
    lsh('r8', 2),
    jlt('r8', 20, other),
    loadAddress(given, done),
    mov('r5', 'r0'),
    ldx('u32', 'r4', 'r7', at + field),
    stx('u32', 'r7', at + field, 'r0'),
    stx('u64', 'r10', addresses.old, 'r4'),
    stx('u64', 'r10', addresses.new, 'r5'),
    fold('r4'),
    fold('r5'),
    stx('u64', 'r10', sums.old, 'r4'),
    stx('u64', 'r10', sums.new, 'r5'),
    update('r7', at + 10),
    ldx('u16', 'r0', 'r7', at + 6),
    and('r0', loaded(bytes16(0x1fff))),
    jne('r0', 0, done),
    ldx('u8', 'r0', 'r7', at + 9),
    found.map(({ protocol, here }) => jeq('r0', protocol, here)),
    jump(done),
    found.map(({ here, headerBytes, checksum, mayLack }) => [
      label(here),
      loadFrameLength('r0', packet),
      sub('r0', at),
      sub('r0', 'r8'),
      jslt('r0', headerBytes, done),
      packet.hook === 'tc'
        ? updateByKernel(packet, at + checksum, mayLack, drop)
        : [
            pullUpTo(packet, at + mostIpHeader + headerBytes, drop, newLabel),
            mov('r9', 'r7'),
            add('r9', 'r8'),
            bounded(packet, 'r9', at + headerBytes, done),
            ldx('u64', 'r4', 'r10', sums.old),
            ldx('u64', 'r5', 'r10', sums.new),
            mayLack ? [ldx('u16', 'r0', 'r9', at + checksum), jeq('r0', 0, done)] : [],
            update('r9', at + checksum),
          ],
      jump(done),
    ]),
    label(done),
    output(0, unreached(packet)),
  ]
}

export const storeIpAddress = compileElement(of, {
  compile: (site) => {
    const given = site.list.length > 1 ? site.list[0] : undefined
    const address = given?.kind === 'address' ? given.address : undefined
    const place = site.list.at(-1)
    const offset = place?.kind === 'offset' ? place.offset : 0
    return typeof offset === 'number'
      ? storeAt(site, address, offset)
      : storeField(site, address, offset === 'src' ? 12 : 16)
  },
  modifies: true,
})
