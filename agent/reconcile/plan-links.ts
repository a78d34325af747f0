/** The links of one VNet: which data path builds each, and what each data path has to do. Pure, as the drivers' plan is. */
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { Slice, SliceEnd, SliceInterface, SliceLink } from '../../proto/generated/weft.v1.ts'
import { relayDatapath } from '../../proto/technologies.ts'
import type { DatapathDriver, LinkSpec, LinkStep, Snapshot } from '../datapath/driver.ts'
import { defaultMtu } from '../defaults.ts'
import { forwardingMode } from '../forwarding/text.ts'

/** A data path and what it sees; an error where the kernel could not be asked: then nothing is done to its links. */
export interface DatapathView {
  readonly driver: Pick<DatapathDriver, 'plan'>
  readonly snapshot: Snapshot | WeftError
  /** Technologies that it makes here. */
  readonly technologies: readonly string[]
}

export interface LinksPlan {
  readonly steps: readonly { readonly datapath: string; readonly step: LinkStep }[]
  readonly problems: ReadonlyMap<string, WeftError>
}

/** A vif on a physical interface is a link of its own; the id cannot be one of the request's, which have no dot and no @. */
export const nicLinkId = (node: string, index: number, nic: string): string => `${node}.${index}@${nic}`

const defaultForwarding = 'bridge'

type End = Pick<SliceEnd, 'node' | 'interface'>

const endKey = ({ node, interface: index }: End): string => `${node}.${index}`

const interfacesBySlice = new WeakMap<Slice, ReadonlyMap<string, SliceInterface>>()

/** Interfaces by `NODE.INDEX`: a slice is a value, and is asked for each end of each link at each look. */
const interfacesOf = (slice: Slice): ReadonlyMap<string, SliceInterface> => {
  const known = interfacesBySlice.get(slice)
  if (known) return known
  const found = new Map(
    slice.nodes.flatMap(({ id, interfaces }) =>
      interfaces.map((one) => [endKey({ node: id, interface: one.index }), one] as const),
    ),
  )
  interfacesBySlice.set(slice, found)
  return found
}

const interfaceOf = (slice: Slice, end: End): SliceInterface | undefined => interfacesOf(slice).get(endKey(end))

const forwardingOf = (slice: Slice, end: End): string => interfaceOf(slice, end)?.forwarding || defaultForwarding

/** A link, and the data paths that build it. */
export interface WantedLink {
  /** Two where its ends are here and ask for different ones: the bridge joins them, and Click's end has its router beside. */
  readonly datapaths: readonly string[]
  readonly spec: LinkSpec
}

/** Every link of a slice; a relay, which no end asks a data path for, without one. */
export const linkSpecs = (slice: Slice, slots: ReadonlyMap<string, number>): readonly WantedLink[] => {
  const forwarded = new Set(slice.nodes.filter((node) => node.forwarding === forwardingMode).map(({ id }) => id))
  const joinedBy = (link: SliceLink) => ({
    vifs: link.ends.map((end) => `vif${slots.get(end.node)}.${end.interface}`),
    interfaces: link.ends.flatMap((end) => interfaceOf(slice, end) ?? []),
    ...(forwarded.size === 0 ? {} : { forwarded: link.ends.map((end) => forwarded.has(end.node)) }),
  })
  const specs = slice.links.map((link) => {
    const datapaths = [...new Set(link.ends.map((end) => forwardingOf(slice, end)))]
    // The bridge comes last: what guards an end stands before what joins it.
    const isLast = (datapath: string): number => (datapath === defaultForwarding ? 1 : 0)
    return {
      datapaths: datapaths.toSorted((a, b) => isLast(a) - isLast(b)),
      spec: { vnet: slice.vnet, link, ...joinedBy(link), nic: '' },
    }
  })
  const onNics = slice.nodes.flatMap((node) =>
    node.interfaces
      .filter(({ nic }) => nic !== '')
      .map(({ index, nic, nicShared, mtu, forwarding }) => {
        const link: SliceLink = {
          id: nicLinkId(node.id, index, nic),
          mtu: mtu || defaultMtu,
          ends: [{ node: node.id, interface: index, rateBitsPerSecond: 0 }],
          segments: [],
          down: false,
        }
        return {
          // A bridge joins all that share a NIC, and Click's vif has its router beside.
          datapaths: [...new Set([forwarding || defaultForwarding, ...(nicShared ? [defaultForwarding] : [])])],
          spec: { vnet: slice.vnet, link, ...joinedBy(link), nic, shared: nicShared },
        }
      }),
  )
  return [...specs, ...onNics]
}

/** A relay's data path: the bridge, where it makes all technologies of the link here; else Click. */
const relayedBy = ({ link }: LinkSpec, views: ReadonlyMap<string, DatapathView>): readonly string[] => {
  const [first] = link.segments
  const makes = (datapath: string): boolean =>
    link.segments.every(({ technology }) => views.get(datapath)?.technologies.includes(technology) ?? false)
  const datapath = first && relayDatapath(first.technology, makes)
  return datapath === undefined ? [] : [datapath]
}

/**
 * One data path's steps. Where it refuses one link, that link is left as it is and the others are planned without it: a link's
 * failure never touches another's.
 */
const planWith = (
  vnet: string,
  specs: readonly LinkSpec[],
  { driver, snapshot }: { readonly driver: Pick<DatapathDriver, 'plan'>; readonly snapshot: Snapshot },
  problems: Map<string, WeftError>,
  refused: Set<string>,
): readonly LinkStep[] => {
  for (;;) {
    const asked = specs.filter(({ link }) => !refused.has(link.id))
    try {
      return driver.plan(vnet, asked, snapshot).filter((step) => !refused.has(step.link))
    } catch (thrown) {
      const error = asWeftError(thrown)
      const link = error.object.replace(/^link\//, '')
      if (!asked.some((spec) => spec.link.id === link)) {
        for (const spec of asked) problems.set(`link/${spec.link.id}`, error)
        return []
      }
      refused.add(link)
      problems.set(`link/${link}`, error)
    }
  }
}

export const asWeftError = (thrown: unknown): WeftError =>
  thrown instanceof WeftError ? thrown : new WeftError('internal', toWireError(thrown).message, { cause: thrown })

export const planLinks = (
  vnet: string,
  slice: Slice | undefined,
  slots: ReadonlyMap<string, number>,
  datapaths: ReadonlyMap<string, DatapathView>,
): LinksPlan => {
  const problems = new Map<string, WeftError>()
  const links = slice ? linkSpecs(slice, slots) : []
  const all = links.map((one) =>
    one.spec.link.ends.length > 0 ? one : { ...one, datapaths: relayedBy(one.spec, datapaths) },
  )
  const refused = new Set(all.flatMap((one) => unbuilt(one, datapaths, problems)))
  const planned = [...datapaths].map(([datapath, { driver, snapshot }]) => {
    const specs = all.filter((one) => one.datapaths.includes(datapath)).map(({ spec }) => spec)
    if (!(snapshot instanceof WeftError)) {
      return { datapath, steps: planWith(vnet, specs, { driver, snapshot }, problems, refused) }
    }
    for (const { link } of specs) problems.set(`link/${link.id}`, snapshot)
    return { datapath, steps: [] }
  })
  return { steps: inOrder(planned, all, problems), problems }
}

/** The id of a link that a data path is missing for. */
const unbuilt = (
  { datapaths: asked, spec: { link } }: WantedLink,
  views: ReadonlyMap<string, DatapathView>,
  problems: Map<string, WeftError>,
): readonly string[] => {
  const missing = asked.find((name) => !views.has(name))
  if (asked.length > 0 && missing === undefined) return []
  const object = `link/${link.id}`
  const technologies = [...new Set(link.segments.map(({ technology }) => technology))].join(' and ')
  const message =
    missing === undefined
      ? `no data path relays link ${link.id} by ${technologies}`
      : `link ${link.id} asks for the data path ${missing}`
  const has = [...views].map(([name, view]) => (missing === undefined ? `${name}: ${view.technologies}` : name))
  const hint = `this host has ${has.join('; ') || 'none'}`
  problems.set(object, new WeftError('datapath.unavailable', message, { object, hint }))
  return [link.id]
}

/**
 * A link that somebody refuses is left as it is by everybody: the data path that it had goes on, and of two that build it neither does what would
 * join an end without its guards. Those two come in the link's own order, one a look.
 */
const inOrder = (
  planned: readonly { readonly datapath: string; readonly steps: readonly LinkStep[] }[],
  all: readonly WantedLink[],
  problems: ReadonlyMap<string, WeftError>,
): LinksPlan['steps'] => {
  const orders = new Map(all.map(({ datapaths, spec }) => [spec.link.id, datapaths]))
  const rank = ({ datapath, step }: LinksPlan['steps'][number]): number =>
    step.operations.length === 0 ? 2 : (orders.get(step.link)?.indexOf(datapath) ?? 0)
  return planned
    .flatMap(({ datapath, steps }) => steps.map((step) => ({ datapath, step })))
    .filter(({ step }) => !problems.has(`link/${step.link}`))
    .toSorted((a, b) => rank(a) - rank(b))
}
