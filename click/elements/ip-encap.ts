/**
 * IPEncap(PROTO, SRC, DST [, TTL t, TOS t, DSCP d, ECT e, CE c, DF d]): puts an IP header in front of packets.
 *
 * DST may be DST_ANNO: the destination address annotation, which is set to DST otherwise. TOS and DSCP, ECT or CE exclude each other.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: UDPIPEncap, StripIPHeader.
 */
import { addressOrAnnotation, ipAddress } from '../arguments/addresses.ts'
import { ipProtocol } from '../arguments/names.ts'
import { boolean, byte, integer } from '../arguments/numbers.ts'
import { keyword, required } from '../arguments/spec.ts'
import { oneOf } from '../arguments/text.ts'
import { defineElement, readWrite } from '../element.ts'

/** The value of the ECN bits. */
const ect = oneOf({ '0': 0, false: 0, no: 0, n: 0, f: 0, '1': 1, true: 1, yes: 1, y: 1, t: 1, '2': 2 } as const)

export const ipEncap = defineElement({
  name: 'IPEncap',
  summary: 'puts an IP header in front',
  ports: '1/1',
  arguments: {
    PROTO: required(ipProtocol, 'protocol of what follows'),
    SRC: required(ipAddress, 'source'),
    DST: required(addressOrAnnotation, 'destination'),
    TOS: keyword(byte, 'type of service'),
    TTL: keyword(byte, 'time to live', '250'),
    DSCP: keyword(integer(0, 63), 'the upper six bits of TOS'),
    ECT: keyword(ect, 'ECN-capable transport'),
    CE: keyword(boolean, 'congestion experienced', 'false'),
    DF: keyword(boolean, "don't fragment", 'false'),
  },
  handlers: [readWrite('src', 'SRC'), readWrite('dst', 'DST')],
  problems: ({ values: { TOS, DSCP, ECT, CE } }) => {
    if (TOS !== undefined && DSCP !== undefined) return ['cannot set both TOS and DSCP']
    if (TOS !== undefined && (ECT || CE)) return ['cannot set both TOS and ECN bits']
    return ECT && CE ? ['can set at most one ECN option'] : []
  },
})
