/** ARPResponder. Where masks are not prefixes and entries overlap, the one whose mask is the greater number counts. */
import { formatEtherAddress, readIpAddress, readPrefixOrAddress } from '../../../click/arguments/addresses.ts'
import { isRefusal } from '../../../click/arguments/types.ts'
import { type ArpEntry, arpEntry, arpResponder as of } from '../../../click/elements/arp-responder.ts'
import { callFunction, jeq, jle, jne, label, ldx, mov, rsh, stx } from '../../ebpf/asm/asm.ts'
import { bytes16, loaded, writeBytes } from '../compile/bytes.ts'
import { compileElement } from '../compile/element.ts'
import { frameLength } from '../compile/geometry.ts'
import { loadFrameLength, reach, unreached } from '../compile/packet.ts'
import { HandlerError } from '../handlers.ts'
import { freshAnnotations } from './arp/annotations.ts'
import {
  addResponses,
  copyResponses,
  findResponse,
  formatPrefix,
  formatResponse,
  listResponses,
  mostMasks,
  type Response,
  removeResponse,
  responseMaps,
  roomFor,
  writeFindResponse,
} from './arp/responses.ts'

/** Ethernet and ARP header. */
const replyBytes = 42

const responsesOf = (list: readonly ArpEntry[]): readonly Response[] =>
  list.flatMap(({ prefixes, ether }) => prefixes.map((prefix) => ({ ...prefix, ether })))

const maskCount = (list: readonly ArpEntry[]): number => new Set(responsesOf(list).map(({ mask }) => mask)).size

export const arpResponder = compileElement(of, {
  unsupported: ({ list }) => (maskCount(list) > mostMasks ? `more than ${mostMasks} masks` : undefined),
  settings: ['entries', 'masks'],
  room: ({ list }) => roomFor(responsesOf(list).length),
  maps: (_, room) => responseMaps(room),
  start: (state, { list }) => addResponses(state, responsesOf(list)),
  carry: copyResponses,
  compile: (site) => {
    const { packet, output, outputLabel, dropLabel, newLabel, routine } = site
    const at = packet.offset
    const other = outputLabel(1, unreached(packet))
    const reached = reach(packet, replyBytes, other, newLabel)
    const unless = (offset: number, value: number) => [
      ldx('u16', 'r0', 'r7', at + offset),
      jne('r0', loaded(bytes16(value)), other),
    ]
    const exact = newLabel('exact')
    return [
      reached.code,
      unless(12, 0x0806),
      unless(14, 1),
      unless(16, 0x0800),
      unless(20, 1),
      ldx('u32', 'r1', 'r7', at + 38),
      callFunction(routine('find', () => writeFindResponse(site))),
      jeq('r0', 0, other),
      ldx('u32', 'r5', 'r7', at + 38),
      ldx('u32', 'r2', 'r7', at + 22),
      ldx('u16', 'r3', 'r7', at + 26),
      ldx('u32', 'r4', 'r7', at + 28),
      stx('u32', 'r7', at, 'r2'),
      stx('u16', 'r7', at + 4, 'r3'),
      [6, 22].map((offset) => stx('u32', 'r7', at + offset, 'r0')),
      rsh('r0', 32),
      [6, 22].map((offset) => stx('u16', 'r7', at + offset + 4, 'r0')),
      writeBytes(at + 18, [6, 4, 0, 2]),
      stx('u32', 'r7', at + 28, 'r5'),
      stx('u32', 'r7', at + 32, 'r2'),
      stx('u16', 'r7', at + 36, 'r3'),
      stx('u32', 'r7', at + 38, 'r4'),
      freshAnnotations,
      loadFrameLength('r0', packet),
      jle('r0', at + replyBytes, exact),
      mov('r2', at + replyBytes),
      frameLength(packet, dropLabel(unreached(packet))),
      label(exact),
      output(0, { ...unreached(packet), network: undefined, mac: at }),
    ]
  },
  modifies: true,
  resizes: true,
  handlers: {
    table: {
      read: (state) =>
        listResponses(state)
          .map((each) => `${formatResponse(each)}\n`)
          .join(''),
    },
    lookup: {
      query: (state, text) => {
        const address = readIpAddress(text)
        if (address === undefined) throw new HandlerError('expected IP address')
        const ether = findResponse(state, address)
        return ether === undefined ? '' : formatEtherAddress(ether)
      },
    },
    add: {
      write: (state, text) => {
        const entry = arpEntry.parse(text)
        if (isRefusal(entry)) throw new HandlerError(entry.refused)
        addResponses(state, responsesOf([entry]))
      },
    },
    remove: {
      write: (state, text) => {
        const prefix = readPrefixOrAddress(text)
        if (!prefix) throw new HandlerError('expected IP/MASK')
        const network = { address: (prefix.address & prefix.mask) >>> 0, mask: prefix.mask }
        if (!removeResponse(state, network)) throw new HandlerError(`${formatPrefix(network)} not found`)
      },
    },
  },
})
