/** The links of one VNet: which data path builds each, and what each data path has to do. Pure, as the drivers' plan is. */
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { Slice, SliceEnd, SliceInterface, SliceLink } from '../../proto/generated/weft.v1.ts'
import type { DatapathDriver, LinkSpec, LinkStep, Snapshot } from '../datapath/driver.ts'
import { defaultMtu } from '../defaults.ts'

/** A data path and what it sees; an error where the kernel could not be asked: then nothing is done to its links. */
export interface DatapathView {
  readonly driver: Pick<DatapathDriver, 'plan'>
  readonly snapshot: Snapshot | WeftError
}

export interface LinksPlan {
  readonly steps: readonly { readonly datapath: string; readonly step: LinkStep }[]
  readonly problems: ReadonlyMap<string, WeftError>
}

/** A vif on a physical interface is a link of its own; the id cannot be one of the request's, which have no dot and no @. */
export const nicLinkId = (node: string, index: number, nic: string): string => `${node}.${index}@${nic}`

const defaultForwarding = 'bridge'

type End = Pick<SliceEnd, 'node' | 'interface'>

const interfaceOf = ({ nodes }: Slice, end: End): SliceInterface | undefined =>
  nodes.find(({ id }) => id === end.node)?.interfaces.find(({ index }) => index === end.interface)

const forwardingOf = (slice: Slice, end: End): string => interfaceOf(slice, end)?.forwarding || defaultForwarding

/** Every link of a slice with the data path that it asks for: that of its first end, the bridge for a relay. */
export const linkSpecs = (
  slice: Slice,
  slots: ReadonlyMap<string, number>,
): readonly { readonly datapath: string; readonly spec: LinkSpec }[] => {
  const joinedBy = (link: SliceLink) => ({
    vifs: link.ends.map((end) => `vif${slots.get(end.node)}.${end.interface}`),
    interfaces: link.ends.flatMap((end) => interfaceOf(slice, end) ?? []),
  })
  const specs = slice.links.map((link) => {
    const [first] = link.ends
    const datapath = first ? forwardingOf(slice, first) : defaultForwarding
    return { datapath, spec: { vnet: slice.vnet, link, ...joinedBy(link), nic: '' } }
  })
  const onNics = slice.nodes.flatMap((node) =>
    node.interfaces
      .filter(({ nic }) => nic !== '')
      .map(({ index, nic, mtu, forwarding }) => {
        const link: SliceLink = {
          id: nicLinkId(node.id, index, nic),
          mtu: mtu || defaultMtu,
          ends: [{ node: node.id, interface: index, rateBitsPerSecond: 0 }],
          segments: [],
          down: false,
        }
        return {
          datapath: forwarding || defaultForwarding,
          spec: { vnet: slice.vnet, link, ...joinedBy(link), nic },
        }
      }),
  )
  return [...specs, ...onNics]
}

/** Links whose two ends are here and ask for different data paths: no one of them could make it. */
const mixedLinks = (slice: Slice): readonly string[] =>
  slice.links.flatMap(({ id, ends }) => (new Set(ends.map((end) => forwardingOf(slice, end))).size > 1 ? [id] : []))

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
  const all = slice ? linkSpecs(slice, slots) : []
  const mixed = slice ? mixedLinks(slice) : []
  for (const id of mixed) {
    const message = `the ends of link ${id} ask for different data paths`
    const details = { object: `link/${id}`, hint: 'the same forwarding at both' }
    problems.set(`link/${id}`, new WeftError('slice.invalid', message, details))
  }
  const steps = [...datapaths].flatMap(([datapath, { driver, snapshot }]) => {
    const specs = all.filter((one) => one.datapath === datapath).map(({ spec }) => spec)
    if (snapshot instanceof WeftError) {
      for (const { link } of specs) problems.set(`link/${link.id}`, snapshot)
      return []
    }
    return planWith(vnet, specs, { driver, snapshot }, problems, new Set(mixed)).map((step) => ({ datapath, step }))
  })
  for (const { datapath, spec } of all) {
    if (datapaths.has(datapath)) continue
    const object = `link/${spec.link.id}`
    const hint = `this host has ${[...datapaths.keys()].join(', ') || 'none'}`
    const error = new WeftError('datapath.unavailable', `link ${spec.link.id} asks for the data path ${datapath}`, {
      object,
      hint,
    })
    problems.set(object, error)
  }
  return { steps, problems }
}
