/**
 * What the next version of a VNet does to what runs, seen from what its hosts are told: what is made again, what moves, and which links carry
 * nothing for a while. What is only added or removed is left out. Pure.
 */
import type {
  Change,
  ChangeAction,
  Link,
  Slice,
  SliceInterface,
  SliceLink,
  SliceNode,
} from '../../proto/generated/weft.v1.ts'
import type { Version } from './rows.ts'

/** Of nodes, then of links, in the order of the next version. */
export const effectsOf = (before: Version, after: Version): readonly Change[] => {
  const had = new Set(before.part.links.map(({ id }) => id))
  const kept = after.part.links.filter(({ id }) => had.has(id))
  const nodes = after.part.nodes.flatMap(({ id }) => nodeEffects(before, after, id, kept))
  const cut = new Set(nodes.flatMap(({ interrupts }) => interrupts))
  return [...nodes, ...kept.flatMap((link) => linkEffects(before, after, link, cut.has(`link/${link.id}`)))]
}

const change = (action: ChangeAction, object: string, reason: string, links: readonly Link[]): Change => ({
  action,
  object,
  reason,
  interrupts: links.map(({ id }) => `link/${id}`),
})

const sliceOf = ({ embedding, slices }: Version, node: string): SliceNode | undefined =>
  slices.get(embedding.hosts.get(node) ?? '')?.nodes.find(({ id }) => id === node)

/** What a node is made again for, as agents compare it. */
const shapeOf = ({ hypervisor, cpu, memoryBytes, diskBytes, image, imageSource, startUp }: SliceNode) => ({
  hypervisor,
  image: imageSource ? [imageSource.sha256, imageSource.format] : image,
  memory: memoryBytes,
  disk: diskBytes,
  cpu: [cpu?.count, cpu?.shares, cpu?.quotaMillis],
  'start-up': startUp,
})

const differing = (was: object, is: object): readonly string[] => {
  const [old, next] = [new Map(Object.entries(was)), new Map(Object.entries(is))]
  return [...next.keys()].filter((key) => JSON.stringify(old.get(key)) !== JSON.stringify(next.get(key)))
}

const nodeEffects = (before: Version, after: Version, id: string, kept: readonly Link[]): readonly Change[] => {
  const [was, is] = [sliceOf(before, id), sliceOf(after, id)]
  if (!was || !is) return []
  const object = `node/${id}`
  const own = kept.filter(({ a, b }) => a?.node === id || b?.node === id)
  const [from, to] = [before, after].map(({ embedding }) => embedding.hosts.get(id))
  if (from !== to) return [change('CHANGE_ACTION_RECREATE', object, `made again at ${to} in place of ${from}`, own)]
  const fields = differing(shapeOf(was), shapeOf(is))
  if (fields.length > 0)
    return [change('CHANGE_ACTION_RECREATE', object, `made again for its ${fields.join(', ')}`, own)]
  const joined = new Set(rejoined(was, is))
  if (joined.size === 0) return []
  const links = own.filter(({ a, b }) => [a, b].some((end) => end?.node === id && joined.has(end.interface)))
  const reason = `interface ${[...joined].join(', ')} joined anew`
  return [change('CHANGE_ACTION_CHANGE', object, reason, links)]
}

/** Interfaces that are detached and attached, or whose data path is exchanged. */
const rejoined = (was: SliceNode, is: SliceNode): readonly number[] => {
  const joint = ({ mac, forwarding, nic }: SliceInterface) => [mac.toLowerCase(), forwarding || 'bridge', nic].join()
  const known = new Map(was.interfaces.map((one) => [one.index, joint(one)]))
  return is.interfaces.filter((one) => (known.get(one.index) ?? joint(one)) !== joint(one)).map(({ index }) => index)
}

/** @param isCut something at one of its ends interrupts it already */
const linkEffects = (before: Version, after: Version, link: Link, isCut: boolean): readonly Change[] => {
  const { id, down } = link
  const object = `link/${id}`
  const told = (text: string) => [change('CHANGE_ACTION_CHANGE', object, text, isCut ? [] : [link])]
  const [from, to] = [before, after].map(({ embedding }) => embedding.paths.get(id)?.nodes ?? [])
  if (from?.join() !== to?.join()) return told(`path: ${from?.join(' ')} → ${to?.join(' ')}`)
  if (wayOf(before.slices, id) !== wayOf(after.slices, id)) return told('its tunnels are made again')
  const wasDown = before.part.links.find((one) => one.id === id)?.down ?? false
  return down && !wasDown ? told('it is taken down') : []
}

/** How a link is joined on each host: all but what is changed while it works. */
const wayOf = (slices: ReadonlyMap<string, Slice>, id: string): string =>
  JSON.stringify(
    [...slices].flatMap(([host, { links }]) =>
      links.filter((link) => link.id === id).map((link) => [host, ...jointsOf(link)]),
    ),
  )

const jointsOf = ({ ends, segments }: SliceLink): readonly unknown[] => [
  ends.map(({ node, interface: index }) => [node, index]),
  segments.map(({ technology, identifier, local, remote, nic, nextHop, remoteMac }) => [
    technology,
    identifier,
    local,
    remote,
    nic,
    nextHop,
    remoteMac,
  ]),
]
