/** Pure: the guards of a VNet's vifs that are ports of bridges, against those that are there. */
import type { RouterInfo } from '../../click/service/service.ts'
import { failLink, ownVif } from '../check.ts'
import { placeOf, type RouterPlace, routerFile, routerName } from '../click/names.ts'
import type { Attach } from '../click/text/part.ts'
import type { LinkSpec, Snapshot } from '../driver.ts'
import type { Interfaces } from '../interfaces.ts'
import { guardText } from './text.ts'

/** A router's configuration; landmarks speak of `file`. */
export interface Configuration {
  readonly file: string
  readonly text: string
}

export type GuardOperation =
  /** Makes a guard, or exchanges it in place. */
  | { readonly op: 'guard'; readonly router: string; readonly to: Configuration }
  | { readonly op: 'unguard'; readonly router: string }

export interface ObservedGuard extends RouterPlace {
  readonly info: RouterInfo
}

export interface Guards {
  readonly attach: Attach
  /** Why there can be none here; '' where there can. */
  readonly problem: string
  /** By the router's name. */
  readonly observed: ReadonlyMap<string, ObservedGuard>
}

/** What one link needs: guards stand before frames can flow, and go after. */
export interface GuardPlan {
  readonly first: readonly GuardOperation[]
  readonly last: readonly GuardOperation[]
  readonly reasons: readonly string[]
}

export const guardsOf = (routers: readonly RouterInfo[], attach: Attach, problem: string): Guards => ({
  attach,
  problem,
  observed: new Map(
    routers.flatMap((info): (readonly [string, ObservedGuard])[] => {
      const place = placeOf(info.name, info.file)
      // Of one that cannot be read the name alone is known: it is made anew when its link is planned.
      return place === undefined ? [] : [[info.name, { ...place, info }]]
    }),
  ),
})

/**
 * Of each link that needs something, by its id. Ends whose own data path takes their frames before the bridge (`forwarding: click`) are not
 * looked at. Throws datapath.unavailable where guards are asked for and cannot be had: a link without them would not be what was promised;
 * slice.invalid, object.foreign.
 */
export const planGuards = (
  vnet: string,
  specs: readonly LinkSpec[],
  guards: Guards,
  snapshot: Snapshot & Interfaces,
): ReadonlyMap<string, GuardPlan> => {
  const plans = new Map<string, GuardPlan>()
  const kept = new Set<string>()
  for (const spec of specs) {
    const plan = planLink(spec, guards, snapshot, kept)
    if (plan.first.length > 0) plans.set(spec.link.id, plan)
  }
  for (const [name, { vnet: of, link, end }] of guards.observed) {
    if (of !== vnet || kept.has(name)) continue
    const { first = [], last = [], reasons = [] } = plans.get(link) ?? {}
    const unguard = { op: 'unguard', router: name } as const
    plans.set(link, { first, last: [...last, unguard], reasons: [...reasons, `${end} is to be guarded no more`] })
  }
  return plans
}

const planLink = (spec: LinkSpec, guards: Guards, snapshot: Snapshot & Interfaces, kept: Set<string>): GuardPlan => {
  const first: GuardOperation[] = []
  const reasons: string[] = []
  for (const [position, { node, interface: index }] of spec.link.ends.entries()) {
    const own = spec.interfaces[position]
    if (own === undefined || own.guards.length === 0 || own.forwarding === 'click') continue
    const end = `${node}.${index}`
    if (guards.problem !== '') {
      const message = `interface ${end} is to be guarded (${own.guards.join(', ')}), and this host cannot: ${guards.problem}`
      failLink(spec, 'datapath.unavailable', message, 'a host with eBPF, or no anti-spoofing at the interface')
    }
    const place = { vnet: spec.vnet, link: spec.link.id, end }
    const router = routerName(place)
    kept.add(router)
    const vif = ownVif(spec, spec.vifs[position] ?? '', snapshot)
    if (vif === undefined) continue
    const to = { file: routerFile(place), text: textOf(spec, guardText, { ...place, vif, own, attach: guards.attach }) }
    const found = guards.observed.get(router)?.info
    const why = difference(found, to)
    if (why === undefined) continue
    first.push({ op: 'guard', router, to })
    reasons.push(`the guard of ${end} ${why}`)
  }
  return { first, last: [], reasons }
}

const textOf = (spec: LinkSpec, write: typeof guardText, router: Parameters<typeof guardText>[0]): string => {
  try {
    return write(router) ?? ''
  } catch (error) {
    const message = `interface ${router.end} cannot be guarded: ${(error as Error).message}`
    return failLink(spec, 'slice.invalid', message, 'a MAC address, and addresses as 10.0.0.1/24')
  }
}

const difference = (found: RouterInfo | undefined, { file, text }: Configuration): string | undefined => {
  if (found === undefined) return 'is not there'
  if (found.state !== 'running') return `is ${found.state}`
  return found.file === file && found.text === text ? undefined : 'is another one'
}
