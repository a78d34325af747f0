/** The network namespace of a router, open for as long as something is done there. */
import { WeftError } from '../../../proto/errors.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import type { Site } from './attach.ts'
import { findNamespace, ownNamespace } from './namespace.ts'
import { type Places, pinsOf } from './places.ts'
import type { RouterRecord } from './record.ts'

export const linkPins = (pins: string): string => `${pins}/links`

/** undefined where the namespace is gone, and all that was attached in it. */
export const withSite = async <T>(
  places: Places,
  record: RouterRecord,
  work: (site: Site | undefined) => Promise<T>,
): Promise<T> => {
  const found = findNamespace(record.namespace, places.namespace)
  if (found === undefined) return work(undefined)
  // Whoever is there already needs no thread to go there.
  const namespace = found === ownNamespace ? undefined : found
  let route: RouteSocket | undefined
  try {
    return await work({
      namespace,
      // Most of what is done with pinned links needs none.
      get route() {
        route ??= openRoute({ namespace })
        return route
      },
      links: linkPins(pinsOf(places, record.name, record.layout)),
    })
  } finally {
    route?.close()
  }
}

/** Rejects with WeftError router.broken. */
export const expectSite = (site: Site | undefined, { name }: RouterRecord): Site => {
  if (site) return site
  throw new WeftError('router.broken', `the network namespace of the router ${name} is gone`, {
    object: `router/${name}`,
    hint: 'down takes it away',
  })
}
