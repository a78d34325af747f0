/**
 * LookupIPRoute(ROUTE, ...): finds the way of IP packets by their destination address annotation.
 *
 * A route is ADDR/MASK [GATEWAY] OUTPUT; the longest prefix counts. The packet leaves by OUTPUT, its annotation set to GATEWAY if there is
 * one. Packets without a route are dropped. The old name of StaticIPLookup.
 *
 * Ports: one input, any number of outputs. Processing: push.
 * See also: StaticIPLookup, GetIPAddress.
 */
import { defineIpLookup } from './ip-lookup.ts'

export const lookupIpRoute = defineIpLookup('LookupIPRoute', 'IP routing, the old name')
