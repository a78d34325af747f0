/**
 * Why a VNet is where it is, or is not: by asking the mapping itself what would be otherwise, one host for one node at a time, so that what
 * is told is what an apply would be told.
 */
import { create, type Init } from '../../proto/codec.ts'
import { toWireError, WeftError } from '../../proto/errors.ts'
import type {
  Explanation,
  HostVerdict,
  LinkExplanation,
  NodeExplanation,
  VNetRequest,
} from '../../proto/generated/weft.v1.ts'
import { embed } from '../mapping/embed.ts'
import type { Embedding, EmbeddingResult, EmbedOptions, Picture, Usage } from '../mapping/mapping.ts'
import { optionsBy, type Standing } from '../mapping/standing.ts'

export interface Explained {
  /** Name of the PIP. */
  readonly provider: string
  /** By which the VNet would be mapped anew. */
  readonly picture: Picture
  /** With what the VNet itself takes. */
  readonly usage: Usage
  readonly vnet: string
  /** Tells when it is enough. */
  readonly isOver: () => boolean
}

/** One mapping, with the search for its reason. */
const probeMs = 50

type Probe = (host: string) => EmbeddingResult

const away = (host: string): WeftError =>
  new WeftError('call.unreachable', `host ${host} is not connected`, { object: `host/${host}` })

const otherHosts = ({ graph }: Picture, but: string | undefined): readonly string[] =>
  graph.nodes.filter(({ id, kind }) => kind === 'host' && id !== but).map(({ id }) => id)

const verdictOf = (explained: Explained, host: string, cost: number, probe: Probe): Init<HostVerdict> => {
  const { provider, picture } = explained
  if (picture.excluded.has(host)) return { provider, host, error: toWireError(away(host)) }
  const result = probe(host)
  return result.outcome === 'mapped'
    ? { provider, host, extraCost: result.embedding.cost - cost }
    : { provider, host, error: toWireError(result.error) }
}

/** Verdicts on the other hosts, as far as there is time. */
const nodeExplanation = (
  explained: Explained,
  id: string,
  host: string | undefined,
  cost: number,
  probe: Probe,
): Init<NodeExplanation> => {
  const others: Init<HostVerdict>[] = []
  for (const other of otherHosts(explained.picture, host)) {
    if (explained.isOver()) break
    others.push(verdictOf(explained, other, cost, probe))
  }
  return { id, host: host ?? '', others }
}

/** Of a version that stands, or is reserved. */
export const explainVersion = (explained: Explained, { part, embedding }: Standing): Explanation => {
  const { picture, vnet, isOver } = explained
  const { graph, usage, excluded } = picture
  const { taken } = optionsBy({ part, embedding }, part)
  const nodes = part.nodes.map(({ id }) =>
    nodeExplanation(explained, id, embedding.hosts.get(id), embedding.cost, (host) => {
      const options: EmbedOptions = {
        previous: embedding,
        fixed: new Map([...embedding.hosts, [id, host]]),
        taken: new Map([...(taken ?? [])].filter(([node]) => node !== id)),
        excluded,
        budgetMs: probeMs,
      }
      return embed(graph, usage, part, options)
    }),
  )
  const links = part.links.map(({ id }) => linkExplanation(explained, id, embedding))
  return create('Explanation', { vnet, nodes, links, incomplete: isOver() })
}

/** Of a part that has no place: why not, and where each of its nodes could be by itself. */
export const explainPart = (explained: Explained, part: VNetRequest, refusal: WeftError | undefined): Explanation => {
  const { picture, vnet, isOver } = explained
  const { graph, usage, excluded } = picture
  const nodes = part.nodes.map((node) => {
    const alone: VNetRequest = { ...part, nodes: [node], links: [], affinity: [] }
    return nodeExplanation(explained, node.id, undefined, 0, (host) =>
      embed(graph, usage, alone, { fixed: new Map([[node.id, host]]), excluded, budgetMs: probeMs }),
    )
  })
  return create('Explanation', { vnet, nodes, error: refusal && toWireError(refusal), incomplete: isOver() })
}

interface Tightest {
  readonly link: string
  readonly left: number
}

const linkExplanation = ({ picture, usage }: Explained, id: string, embedding: Embedding): Init<LinkExplanation> => {
  const path = embedding.paths.get(id)
  const byId = new Map(picture.graph.links.map((link) => [link.id, link]))
  const crossed = (path?.links ?? []).flatMap((link, i) => {
    const one = byId.get(link)
    return one ? [{ ...one, forth: one.a?.node === path?.nodes[i] ? 'ab' : 'ba' }] : []
  })
  const tightest = (isForth: boolean): Tightest =>
    crossed.reduce<Tightest>(
      (least, { id: link, forth, capacityBitsPerSecond }) => {
        const direction = isForth === (forth === 'ab') ? 'ab' : 'ba'
        const left = Math.max(0, capacityBitsPerSecond - (usage.rateBitsPerSecond.get(`${link}/${direction}`) ?? 0))
        return least.link === '' || left < least.left ? { link, left } : least
      },
      { link: '', left: 0 },
    )
  const [forth, back] = [tightest(true), tightest(false)]
  return {
    id,
    path: path?.nodes ?? [],
    delayMicroseconds: crossed.reduce((sum, { delayMicroseconds }) => sum + delayMicroseconds, 0),
    tightestAToB: forth.link,
    leftAToBBitsPerSecond: forth.left,
    tightestBToA: back.link,
    leftBToABitsPerSecond: back.left,
  }
}
