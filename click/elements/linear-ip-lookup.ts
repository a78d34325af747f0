/**
 * LinearIPLookup(ROUTE, ...): finds the way of IP packets by their destination address annotation.
 *
 * A route is ADDR/MASK [GATEWAY] OUTPUT; the longest prefix counts. The packet leaves by OUTPUT, its annotation set to GATEWAY if there is
 * one. Packets without a route are dropped. In Click it goes through its routes one by one; here it has the same flat table as the others.
 *
 * Ports: one input, any number of outputs. Processing: push.
 * See also: RadixIPLookup, GetIPAddress.
 */
import { defineIpLookup } from './ip-lookup.ts'

export const linearIpLookup = defineIpLookup('LinearIPLookup', 'IP routing, a short table')
