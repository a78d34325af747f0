/**
 * ICMPError(SRC, TYPE [, CODE, BADADDRS] [, MTU m, PMTU p, SET_FIX_ANNO s]): an ICMP error about each packet (RFC 792, RFC 1812).
 *
 * The error goes from SRC to the packet's source, with the packet's IP header and as much behind it as MTU allows. TYPE is
 * `unreachable`, `sourcequench`, `redirect`, `timeexceeded`, `parameterproblem` or their number; CODE a name or number of that type. None
 * is sent about ICMP errors, fragments but the first, link-level broadcasts, and packets with an address of BADADDRS. A redirect's gateway
 * is the destination address annotation, a parameter problem's pointer its annotation; `unreachable needfrag` carries PMTU. Sets the
 * destination address annotation, and unless SET_FIX_ANNO is false that which asks FixIPSrc for a source address. About a packet with a
 * source route the error goes back by it, and a redirect is not sent.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: DecIPTTL, FixIPSrc, IPGWOptions.
 */
import { ipAddress, listOf } from '../arguments/addresses.ts'
import { icmpCodes, icmpType, lookUpName } from '../arguments/names.ts'
import { boolean, readInteger, unsigned } from '../arguments/numbers.ts'
import { keyword, optional, required } from '../arguments/spec.ts'
import { word } from '../arguments/text.ts'
import { defineElement, readWrite } from '../element.ts'

/** Types that are errors (RFC 1122 section 3.2.2). */
const errorTypes: readonly number[] = [3, 4, 5, 11, 12]

/** The number of a code that was written as name or number. undefined: no code of the type. */
export const icmpErrorCode = (type: number, code: string): number | undefined => {
  const value = lookUpName(icmpCodes[type] ?? {}, code) ?? readInteger(code)
  return value !== undefined && value >= 0 && value <= 255 ? value : undefined
}

export const icmpError = defineElement({
  name: 'ICMPError',
  summary: 'an ICMP error about each packet',
  ports: '1/1',
  arguments: {
    SRC: required(ipAddress, 'source address of the errors'),
    TYPE: required(icmpType, 'ICMP type, name or number'),
    CODE: optional(word, 'ICMP code, name or number', '0'),
    BADADDRS: optional(listOf(ipAddress), 'addresses whose packets get no error'),
    MTU: keyword(unsigned, 'longest error, in bytes', '576'),
    PMTU: keyword(unsigned, "next hop's MTU, for needfrag", '0'),
    SET_FIX_ANNO: keyword(boolean, 'asks FixIPSrc for the source address', 'true'),
  },
  handlers: [readWrite('src', 'SRC'), readWrite('mtu', 'MTU'), readWrite('pmtu', 'PMTU')],
  problems: ({ values: { TYPE, CODE } }) => {
    if (!errorTypes.includes(TYPE)) return [`ICMP type ${TYPE} is not an error type`]
    return icmpErrorCode(TYPE, CODE) === undefined ? ['argument 2 takes ICMP code (integer between 0 and 255)'] : []
  },
})
