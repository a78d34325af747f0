/**
 * StaticIPLookup, RadixIPLookup and the others, which differ by name alone, with few routes: compared one by one, the longest prefix first.
 * Routes that change are not supported.
 */
import type { Route } from '../../../click/arguments/routes.ts'
import { directIpLookup } from '../../../click/elements/direct-ip-lookup.ts'
import { linearIpLookup } from '../../../click/elements/linear-ip-lookup.ts'
import { lookupIpRoute } from '../../../click/elements/lookup-ip-route.ts'
import { radixIpLookup } from '../../../click/elements/radix-ip-lookup.ts'
import { rangeIpLookup } from '../../../click/elements/range-ip-lookup.ts'
import { staticIpLookup } from '../../../click/elements/static-ip-lookup.ts'
import { and32, jne32, label, ldx, mov, st } from '../../ebpf/asm/asm.ts'
import { bytes32, loaded } from '../compile/bytes.ts'
import { type AnyElementCode, compileElement } from '../compile/element.ts'
import { annotationSlot } from '../compile/stack.ts'

const mostRoutes = 64
const destination = annotationSlot(0)

/** Of equal prefixes the last one counts. */
const inOrder = (routes: readonly Route[]): readonly Route[] => {
  const byPrefix = new Map(routes.map((route) => [`${route.address}/${route.mask}`, route]))
  return [...byPrefix.values()].sort((one, other) => other.mask - one.mask)
}

const classes = [directIpLookup, linearIpLookup, lookupIpRoute, radixIpLookup, rangeIpLookup, staticIpLookup]

export const ipLookups: readonly AnyElementCode[] = classes.map((of) =>
  compileElement(of, {
    unsupported: ({ list }) => (list.length > mostRoutes ? `more than ${mostRoutes} routes` : undefined),
    compile: ({ list, packet, output, drop, newLabel }) => [
      ldx('u32', 'r1', 'r10', destination),
      inOrder(list).map(({ address, mask, gateway, output: port }) => {
        const next = newLabel('next')
        return [
          mov('r0', 'r1'),
          and32('r0', loaded(bytes32(mask))),
          jne32('r0', loaded(bytes32(address)), next),
          gateway === 0 ? [] : st('u32', 'r10', destination, loaded(bytes32(gateway))),
          output(port, packet),
          label(next),
        ]
      }),
      drop(packet),
    ],
    modifies: false,
  }),
)
