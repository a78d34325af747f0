/**
 * RangeIPLookup(ROUTE, ...): finds the way of IP packets by their destination address annotation.
 *
 * A route is ADDR/MASK [GATEWAY] OUTPUT; the longest prefix counts. The packet leaves by OUTPUT, its annotation set to GATEWAY if there is
 * one. Packets without a route are dropped. In Click it searches ranges of addresses; here it has the flat table of all.
 *
 * Ports: one input, any number of outputs. Processing: push.
 * See also: DirectIPLookup, GetIPAddress.
 */
import { defineIpLookup } from './ip-lookup.ts'

export const rangeIpLookup = defineIpLookup('RangeIPLookup', 'IP routing, a compact table in Click')
