/** What a link and its vifs must be like, whatever builds it. Each failure is an error with a code, the link as its object. */
import { type ErrorCode, WeftError } from '../../proto/errors.ts'
import type { Impairment, Segment } from '../../proto/generated/weft.v1.ts'
import { overheadBytes, technologyNamed } from '../../proto/technologies.ts'
import type { Link } from '../netlink/link/link.ts'
import type { LinkSpec } from './driver.ts'
import { isImpaired } from './egress.ts'
import type { Interfaces } from './interfaces.ts'
import { describeFlow } from './underlay/flow.ts'

/** RFC 791: every link carries this much. */
export const leastMtu = 68
const greatestMtu = 65_535

/** Throws WeftError, always. */
export const failLink = (spec: LinkSpec, code: ErrorCode, message: string, hint = ''): never => {
  throw new WeftError(code, `link ${spec.link.id} of ${spec.vnet}: ${message}`, {
    object: `link/${spec.link.id}`,
    hint,
  })
}

/** Rules that one link keeps by itself: it joins two things, and its MTU is one. */
export const checkJoined = (spec: LinkSpec): void => {
  const { ends, segments, mtu } = spec.link
  const joined = ends.length + segments.length + (spec.nic === '' ? 0 : 1)
  if (joined !== 2 || (spec.nic !== '' && ends.length !== 1)) {
    failLink(
      spec,
      'slice.invalid',
      `joins ${joined} things`,
      'two ends, an end and a segment, two segments, or an end and a physical interface',
    )
  }
  if (spec.vifs.length !== ends.length) {
    failLink(spec, 'slice.invalid', `has ${ends.length} ends and ${spec.vifs.length} vifs`)
  }
  if (mtu !== 0 && (mtu < leastMtu || mtu > greatestMtu)) {
    const hint = `between ${leastMtu} and ${greatestMtu}, or 0 for the greatest that fits`
    failLink(spec, 'slice.invalid', `MTU ${mtu}`, hint)
  }
}

/**
 * Throws datapath.unavailable where the link is to be impaired and the kernel cannot: `noNetem` says why. `isOwn`: what the data path does by
 * itself.
 */
export const checkImpairments = (
  spec: LinkSpec,
  noNetem: string | undefined,
  isOwn: (impairment: Impairment) => boolean = () => false,
): void => {
  const all = [...spec.link.ends, ...spec.link.segments].flatMap(({ impairment }) => impairment ?? [])
  if (noNetem === undefined || all.every((each) => !isImpaired(each) || isOwn(each))) return
  const hint = 'a kernel with netem (module sch_netem), or no impairments'
  failLink(spec, 'datapath.unavailable', `this host cannot impair it: ${noNetem}`, hint)
}

/** MTU of a link: what was asked for, or the greatest that its underlays carry. Throws mtu.too-small. */
export const fittingMtu = (spec: LinkSpec, nicOf: (segment: Segment) => Link): number => {
  const fits = spec.link.segments.map((segment) => {
    const overhead = overheadBytes(segment.technology, segment.local) ?? 0
    const nic = nicOf(segment)
    return { nic, overhead, mtu: nic.mtu - overhead }
  })
  const { mtu } = spec.link
  if (mtu === 0) return Math.max(leastMtu, Math.min(1500, ...fits.map((fit) => fit.mtu)))
  for (const fit of fits) {
    if (fit.mtu >= mtu) continue
    const { nic, overhead } = fit
    failLink(
      spec,
      'mtu.too-small',
      `MTU ${mtu} and ${overhead} bytes of tunnel do not fit in the MTU ${nic.mtu} of ${nic.name}`,
      `at most ${fit.mtu}, or ${mtu + overhead} on ${nic.name}`,
    )
  }
  return mtu
}

/** Rules between the links of a VNet: what tells a segment, a vif and a physical interface are each in one link. */
export const checkTogether = (specs: readonly LinkSpec[]): void => {
  const used = new Set<string>()
  for (const spec of specs) {
    const claims = [
      `link ${spec.link.id}`,
      ...spec.link.segments.map(claimOf),
      ...spec.vifs.map((vif) => `vif ${vif}`),
      ...(spec.nic === '' || spec.shared ? [] : [`NIC ${spec.nic}`]),
    ]
    for (const claim of claims) {
      if (used.has(claim)) {
        failLink(spec, claim.startsWith('NIC') ? 'nic.taken' : 'slice.invalid', `${claim} is used twice`)
      }
      used.add(claim)
    }
  }
}

/** What no two segments of a host may share. */
const claimOf = (segment: Segment): string => {
  const place = technologyNamed(segment.technology)?.crosses ? '' : ` on ${segment.nic}`
  return `${describeFlow(segment)}${place}`
}

/** A vif that can be joined; undefined where it is not there, or not marked yet by who makes it. Throws object.foreign. */
export const ownVif = (
  spec: LinkSpec,
  name: string,
  { byName, marks }: Pick<Interfaces, 'byName' | 'marks'>,
): Link | undefined => {
  const link = byName.get(name)
  const mark = marks.get(name)
  if (link === undefined || (mark === undefined && link.alias === '')) return undefined
  const own = mark?.kind === 'node' && mark.vnet === spec.vnet
  return own
    ? link
    : failLink(
        spec,
        'object.foreign',
        `the interface ${name} is not a vif of this VNet`,
        `its alias is "${link.alias}"`,
      )
}
