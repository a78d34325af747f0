/**
 * DirectIPLookup(ROUTE, ...): finds the way of IP packets by their destination address annotation.
 *
 * A route is ADDR/MASK [GATEWAY] OUTPUT; the longest prefix counts. The packet leaves by OUTPUT, its annotation set to GATEWAY if there is
 * one. Packets without a route are dropped. In Click its table is indexed by the upper 24 bits; here it is the flat table of all.
 *
 * Ports: one input, any number of outputs. Processing: push.
 * See also: RadixIPLookup, GetIPAddress.
 */
import { defineIpLookup } from './ip-lookup.ts'

export const directIpLookup = defineIpLookup('DirectIPLookup', 'IP routing, a large table')
