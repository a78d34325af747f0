/** Pure: a step while it is gathered, and what all interfaces of a link are compared by. */
import type { Impairment } from '../../../proto/generated/weft.v1.ts'
import type { Link } from '../../netlink/link/link.ts'
import type { LinkSpec } from '../driver.ts'
import { describeEgress, egressOf, foundEgress, sameEgress } from '../egress.ts'
import type { InterfaceSettings, Operation } from './operation.ts'
import { differing, valuesOf, wirePort } from './ports.ts'
import type { BridgeSnapshot } from './snapshot.ts'

/** A step while it is gathered. */
export interface Draft {
  readonly spec: LinkSpec
  readonly snapshot: BridgeSnapshot
  readonly mtu: number
  readonly bridge: string
  readonly first: Operation[]
  readonly build: Operation[]
  readonly raise: Operation[]
  readonly last: Operation[]
  readonly reasons: string[]
}

/** What joins is raised whatever it was: another link's step may lower it as it lets it go. */
export const planUp = (draft: Draft, { name, up }: Link): void => {
  const joins = draft.build.some((operation) => operation.op === 'join' && operation.name === name)
  if (!up || joins) draft.raise.push({ op: 'raise', name })
  if (!up) draft.reasons.push(`${name} is down`)
}

/** What joins a bridge is not raised by that. */
export const planDown = (draft: Draft, { name, up }: Link): void => {
  if (!up) return
  draft.raise.push({ op: 'lower', name })
  draft.reasons.push(`${name} shall be down`)
}

/** Settings of one kind of interface. */
type Nested = Pick<InterfaceSettings, 'bridge' | 'vxlan' | 'gretap'>

/** One operation for all settings of an interface that differ. `nested` holds what the nested ones were. */
export const planSettings = (draft: Draft, link: Link, wanted: InterfaceSettings, nested: Nested = {}): void => {
  const { bridge, vxlan, gretap, ...plain } = wanted
  const changed = differing(plain, link)
  const inner: Nested = {
    ...(isEmpty(bridge) ? {} : { bridge }),
    ...(isEmpty(vxlan) ? {} : { vxlan }),
    ...(isEmpty(gretap) ? {} : { gretap }),
  }
  if (isEmpty(changed) && isEmpty(inner)) return
  // The kernel gives a gretap device that changes an MTU of its own choice, unless it is told one.
  const together: InterfaceSettings = isEmpty(gretap) ? changed : { ...changed, mtu: draft.mtu }
  const from: InterfaceSettings = {
    ...valuesOf(together, link),
    ...Object.fromEntries(Object.keys(inner).map((name) => [name, nested[name as keyof Nested]])),
  }
  draft.build.push({ op: 'set', name: link.name, to: { ...together, ...inner }, from })
  const differences = Object.entries(inner).map(([name, to]) => differing(to, nested[name as keyof Nested] ?? {}))
  draft.reasons.push(`${link.name}: ${describe(Object.assign({}, changed, ...differences))}`)
}

export const isEmpty = (settings: object | undefined): boolean =>
  settings === undefined || Object.keys(settings).length === 0

/** For instance "mtu is not 1450, learning is not false". */
const describe = (settings: object): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} is not ${value}`)
    .join(', ')

export const planPort = (draft: Draft, name: string, link: Link | undefined): void => {
  const { snapshot, bridge } = draft
  const joined = link !== undefined && link.master !== 0 && snapshot.byIndex.get(link.master)?.name === bridge
  if (!joined) {
    draft.build.push({ op: 'join', name, bridge }, { op: 'set-port', name, to: wirePort, from: {} })
    if (link !== undefined) draft.reasons.push(`${name} is not in ${bridge}`)
    return
  }
  if (link.port?.kind !== 'bridge') return
  const to = differing(wirePort, link.port)
  if (isEmpty(to)) return
  draft.build.push({ op: 'set-port', name, to, from: valuesOf(to, link.port) })
  draft.reasons.push(`port ${name}: ${describe(to)}`)
}

/** What is done to what leaves an interface: a ceiling, of bits per second of the guest's frames (0: none), and an impairment. */
export const planLimit = (
  draft: Draft,
  name: string,
  link: Link | undefined,
  rateBitsPerSecond: number,
  impairment: Impairment | undefined,
): void => {
  const from = foundEgress(draft.snapshot.traffic.get(link?.index ?? 0)?.qdiscs ?? [])
  const to = egressOf(rateBitsPerSecond, impairment, draft.mtu)
  if (sameEgress(from, to)) return
  draft.build.push({ op: 'limit', name, to, from })
  draft.reasons.push(`what leaves ${name} shall have ${describeEgress(to)}`)
}
