/**
 * Pure: what a link consists of on this host: vifs and their routers, a pair of ports and theirs, and lines in the tables of underlay NICs.
 *
 *     two ends          vif1 ─router─▶ vif2, and back
 *     the same, ports   vif1 ─router─▶ port a ═ port b ─router─▶ vif2, and back
 *     end and segment   vif ─router, tunnel─▶ NIC               NIC ─table─▶ vif
 *     the same, ports   vif ─router─▶ port a ═ port b ─router, tunnel─▶ NIC
 *     two segments      NIC 1 ─table─▶ port a ═ port b ─router, tunnel 2─▶ NIC 2
 *                       NIC 2 ─table─▶ port b ═ port a ─router, tunnel 1─▶ NIC 1
 *
 * Between two ends they are there where Dom0 forwards for one: what it takes before the vif has to be limited before, too.
 * Ports are where guests' frames are limited: what leaves a is what the link lets go, exact to the byte, whatever the tunnel adds.
 */
import type { Segment } from '../../../proto/generated/weft.v1.ts'
import type { Link } from '../../netlink/link/link.ts'
import type { LinkSpec } from '../driver.ts'
import type { Egress } from '../egress.ts'
import type { SegmentPlan } from '../underlay/plan.ts'
import { linkMtu } from './check.ts'
import type { PortEnd, RouterPlace } from './names.ts'
import type { ClickSnapshot } from './snapshot.ts'
import type { TableValue } from './table.ts'
import { beside, betweenVifs, onNic } from './wanted-here.ts'
import { fromVif, relay } from './wanted-tunnel.ts'

export interface WantedLink {
  readonly mtu: number
  /** `NODE.IF` of the ends that this driver has, there or not. */
  readonly names: readonly string[]
  /** Vifs of them that are there. */
  readonly ends: readonly WantedEnd[]
  readonly ports: WantedPorts | undefined
  readonly routers: readonly WantedRouter[]
  readonly entries: readonly WantedEntry[]
  /** A physical interface that the link has for itself, and its router. */
  readonly given?: { readonly nic: Link; readonly router: WantedRouter }
}

export interface WantedEnd {
  readonly router: WantedRouter
  readonly vif: Link
  /** undefined where another data path joins the vif, and sets and limits it. */
  readonly egress: Egress | undefined
}

export interface WantedPorts {
  readonly names: Readonly<Record<PortEnd, string>>
  readonly alias: string
  /** Whether segments are cut before them. */
  readonly cut: boolean
  readonly egress: Readonly<Record<PortEnd, Egress>>
}

export interface WantedRouter {
  readonly place: RouterPlace
  /** Interface whose packets it takes. */
  readonly device: string
  readonly text: string
}

export interface WantedEntry {
  readonly segment: Segment
  readonly nic: Link
  /** Its queueing. */
  readonly atNic: SegmentPlan
  readonly key: string
  /** undefined while its vif is not there. */
  readonly value: TableValue | undefined
}

/** Throws as DatapathDriver.plan says. */
export const wantedLink = (spec: LinkSpec, snapshot: ClickSnapshot): WantedLink => {
  const mtu = linkMtu(spec, snapshot)
  if (spec.shared) return beside(spec, snapshot, mtu)
  if (spec.nic !== '') return onNic(spec, snapshot, mtu)
  const [first, second] = spec.link.segments
  if (first === undefined) return betweenVifs(spec, snapshot, mtu)
  return second === undefined
    ? fromVif(spec, snapshot, mtu, first)
    : relay(spec, snapshot, mtu, { a: first, b: second })
}
