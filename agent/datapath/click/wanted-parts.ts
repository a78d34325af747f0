/** Pure: what links within a host and to others have in common: their ends, the routers of vifs and of ports. */
import type { Impairment, SliceInterface } from '../../../proto/generated/weft.v1.ts'
import type { LinkSpec } from '../driver.ts'
import { isImpaired } from '../egress.ts'
import type { PortEnd } from './names.ts'
import type { ClickSnapshot } from './snapshot.ts'
import { isLoss, lossPart } from './text/loss.ts'
import type { Named, Part, Sink } from './text/part.ts'
import { portText } from './text/port.ts'
import { vifText } from './text/vif.ts'
import type { WantedPorts, WantedRouter } from './wanted.ts'

const ours = 'click'

/** Of two ends that ask for different data paths this one has a router alone: the bridge joins both vifs. */
export const isMixed = ({ interfaces }: LinkSpec): boolean =>
  interfaces.length === 2 && interfaces.filter(({ forwarding }) => forwarding === ours).length === 1

export const isOurs = (spec: LinkSpec, position: number): boolean =>
  !isMixed(spec) || spec.interfaces[position]?.forwarding === ours

export const namesOf = (spec: LinkSpec): readonly string[] =>
  spec.link.ends.flatMap((_, position) => (isOurs(spec, position) ? [endName(spec, position)] : []))

export const endName = ({ link }: LinkSpec, position: number): string => {
  const end = link.ends[position]
  return `${end?.node}.${end?.interface}`
}

/** What an interface's queueing does of it. */
export const byKernel = (impairment: Impairment | undefined, { noNetem }: ClickSnapshot): Impairment | undefined =>
  impairment && noNetem !== undefined && isLoss(impairment) ? undefined : impairment

/** What the router of who sends does of it. */
export const lossWay = (impairment: Impairment | undefined, snapshot: ClickSnapshot): readonly Part[] =>
  impairment && isImpaired(impairment) && byKernel(impairment, snapshot) === undefined ? [lossPart(impairment)] : []

interface VifPlace {
  readonly position: number
  readonly vif: Named
  readonly own: SliceInterface
  readonly way: readonly Part[]
  readonly to: Sink
}

export const vifRouter = (
  spec: LinkSpec,
  { attach }: ClickSnapshot,
  { position, vif, own, way, to }: VifPlace,
): WantedRouter => {
  const place = { vnet: spec.vnet, link: spec.link.id, end: endName(spec, position) }
  return { place, device: vif.name, text: vifText({ ...place, vif, own, way, to, attach }) }
}

/** Ports that have to be made anew have no numbers yet. */
export const namedPort = (ports: WantedPorts, end: PortEnd, snapshot: ClickSnapshot): Named => {
  const name = ports.names[end]
  return { name, index: arePorts(ports, snapshot) ? snapshot.byName.get(name)?.index : undefined }
}

/** Whether the pair is there as it shall be made. */
export const arePorts = ({ names, alias }: WantedPorts, { byName }: ClickSnapshot): boolean => {
  const [a, b] = [byName.get(names.a), byName.get(names.b)]
  return (
    a?.info?.kind === 'veth' &&
    b?.info?.kind === 'veth' &&
    a.lower === b.index &&
    b.lower === a.index &&
    a.alias === alias &&
    b.alias === alias
  )
}

interface PortPlace {
  readonly end: PortEnd
  readonly port: Named
  /** Host, or end, that frames go to next. */
  readonly peer: string
  readonly parts: readonly Part[]
  readonly to: Sink
}

export const portRouter = (
  { vnet, link }: LinkSpec,
  { attach }: ClickSnapshot,
  { end, port, peer, parts, to }: PortPlace,
): WantedRouter => ({
  place: { vnet, link: link.id, end },
  device: port.name,
  text: portText({ vnet, link: link.id, port, peer, parts, to, attach }),
})
