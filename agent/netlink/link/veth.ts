/**
 * Virtual Ethernet pairs (`ip link add X type veth peer name Y`; VETH_INFO_PEER, linux/veth.h). The kernel tells nothing of a pair
 * but the peer's index, which stands in Link.lower, and its namespace in Link.lowerNamespace.
 */
import type { AttributeEncoder } from '../codec/encoder.ts'

export interface Veth {
  readonly kind: 'veth'
}

/** The other end, as it is made. Anything that a new link can have, its namespace too. */
export const encodePeer = (encoder: AttributeEncoder, header: Buffer, fill: (peer: AttributeEncoder) => void): void => {
  encoder.nested(1, (peer) => {
    peer.fixed(header)
    fill(peer)
  })
}
