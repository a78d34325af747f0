/** CheckIPHeader and CheckIPHeader2. VERBOSE has nowhere to say anything. */

import type { Prefix } from '../../../click/arguments/addresses.ts'
import { checkIpHeader as of } from '../../../click/elements/check-ip-header.ts'
import { checkIpHeader2 as of2 } from '../../../click/elements/check-ip-header-2.ts'
import { add, and, be, jeq32, jgt, jlt, jne, jump, label, ldx, lsh, mov, rsh, stx, sub } from '../../ebpf/asm/asm.ts'
import { bytes32, loaded, sumIpHeader } from '../compile/bytes.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site, type Slots } from '../compile/element.ts'
import { frameLength, mostOffset } from '../compile/geometry.ts'
import { bounded } from '../compile/linear.ts'
import { loadLength, reach, unreached } from '../compile/packet.ts'
import { annotationSlot } from '../compile/stack.ts'
import { countIn } from '../compile/state.ts'
import { type ElementState, readSlot } from '../handlers.ts'

interface Values {
  readonly OFFSET: number
  readonly CHECKSUM: boolean
  readonly DETAILS: boolean | undefined
  readonly INTERFACES: readonly Prefix[] | undefined
  readonly BADSRC: readonly number[] | undefined
  readonly GOODDST: readonly number[] | undefined
}

/** What may be wrong, in the order in which it is looked at; what `drop_details` calls it. */
const reasons = {
  tiny: 'tiny packet',
  version: 'bad IP version',
  header: 'bad IP header length',
  length: 'bad IP length',
  checksum: 'bad IP checksum',
  source: 'bad source address',
} as const

type Reason = keyof typeof reasons
const reasonNames = Object.keys(reasons) as readonly Reason[]

type Place = Omit<Site, 'values' | 'list'> & { readonly values: Values }

const compile = ({ values, packet, output, outputLabel, dropLabel, newLabel, slot, refuse }: Place): Code => {
  const at = packet.offset + values.OFFSET
  if (at > mostOffset) return refuse(`a header ${at} bytes into a frame`)
  const bad = newLabel('bad')
  const whole = newLabel('whole')
  const padded = newLabel('padded')
  const labels = reasonNames.map((reason) => [reason, values.DETAILS ? newLabel(reason) : bad] as const)
  const wrong = Object.fromEntries(labels) as Readonly<Record<Reason, string>>
  const reached = reach(packet, values.OFFSET + 20, wrong.tiny, newLabel)
  return [
    reached.code,
    ldx('u8', 'r8', 'r7', at),
    mov('r0', 'r8'),
    rsh('r0', 4),
    jne('r0', 4, wrong.version),
    and('r8', 15),
    lsh('r8', 2),
    jlt('r8', 20, wrong.header),
    ldx('u16', 'r9', 'r7', at + 2),
    be('r9', 16),
    loadLength('r0', packet),
    values.OFFSET === 0 ? [] : sub('r0', values.OFFSET),
    jgt('r9', 'r0', wrong.length),
    jlt('r9', 'r8', wrong.length),
    values.CHECKSUM
      ? [sumIpHeader(packet, at, dropLabel(unreached(packet)), newLabel), jne('r0', 0xffff, wrong.checksum)]
      : [],
    checkSource(values, at, wrong.source, newLabel('source_right')),
    ldx('u32', 'r0', 'r7', at + 16),
    stx('u32', 'r10', annotationSlot(0), 'r0'),
    loadLength('r0', packet),
    values.OFFSET === 0 ? [] : sub('r0', values.OFFSET),
    jgt('r0', 'r9', padded),
    jump(whole),
    label(padded),
    // What is behind the IP packet is padding.
    mov('r2', 'r9'),
    add('r2', at),
    frameLength(packet, dropLabel(unreached(packet))),
    bounded(packet, 'r7', at + 20, bad),
    jump(whole),
    label(whole),
    output(0, { ...packet, network: at, reachable: at + 20 }),
    values.DETAILS ? reasonNames.map((reason) => [label(wrong[reason]), countIn(slot(reason)), jump(bad)]) : [],
    label(bad),
    countIn(slot('drops')),
    jump(outputLabel(1, unreached(packet))),
  ]
}

const checkSource = (
  { INTERFACES = [], BADSRC = [], GOODDST = [] }: Values,
  at: number,
  bad: string,
  right: string,
): Code => {
  const broadcasts = INTERFACES.map(({ address, mask }) => (address | ~mask) >>> 0)
  const always = INTERFACES.length > 0 ? [0, 0xffff_ffff] : []
  const badSources = [...new Set([...BADSRC, ...broadcasts, ...always])]
  const goodDestinations = [...new Set([...GOODDST, ...INTERFACES.map(({ address }) => address)])]
  if (badSources.length === 0) return []
  const suspect = `${right}_suspect`
  return [
    ldx('u32', 'r0', 'r7', at + 12),
    badSources.map((address) => jeq32('r0', loaded(bytes32(address)), suspect)),
    jump(right),
    label(suspect),
    ldx('u32', 'r0', 'r7', at + 16),
    goodDestinations.map((address) => jeq32('r0', loaded(bytes32(address)), right)),
    jump(bad),
    label(right),
  ]
}

interface Details {
  readonly values: { readonly DETAILS: boolean | undefined }
}

const work = {
  slots: ({ values }: Details): Slots => ({
    drops: 0n,
    ...(values.DETAILS ? Object.fromEntries(reasonNames.map((reason) => [reason, 0n])) : {}),
  }),
  modifies: true,
  resizes: true,
  handlers: { drops: readSlot('drops') },
  handlersFor: ({ values }: Details) =>
    values.DETAILS
      ? {
          drop_details: {
            read: ({ get }: ElementState): string =>
              reasonNames.map((reason) => `${get(reason)}\t${reasons[reason]}\n`).join(''),
          },
        }
      : {},
} as const

export const checkIpHeader = compileElement(of, { ...work, compile })
export const checkIpHeader2 = compileElement(of2, { ...work, compile })
