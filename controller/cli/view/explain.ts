/** Why a VNet is where it is, or is not, as text: a line for each node and link, below a node one for each other host. */
import type {
  Explanation,
  HostVerdict,
  NodeExplanation,
  VNetRequest,
  VNetState,
} from '../../../proto/generated/weft.v1.ts'
import { formatDuration, formatRate } from '../../units.ts'
import { phaseWord } from './tones.ts'

const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** A provider's costs are sums of small parts: what differs by less is the same. */
const sameCost = 1e-6

const verdictText = ({ error, extraCost }: HostVerdict): string => {
  if (error) return `${error.message} [${error.code}]`
  if (Math.abs(extraCost) < sameCost) return 'would do as well, at the same cost'
  return extraCost > 0 ? `would cost ${extraCost.toFixed(1)} more` : `would cost ${(-extraCost).toFixed(1)} less`
}

const whyHere = ({ others }: NodeExplanation): string => {
  const able = others.filter(({ error }) => !error)
  if (others.length === 0) return 'there is no other host'
  if (able.length === 0) return 'no other host would do'
  const least = Math.min(...able.map(({ extraCost }) => extraCost))
  if (least > sameCost) return `each other host would cost more (${many(able.length, 'host')} would do)`
  if (least > -sameCost)
    return `${many(able.length, 'other host')} would do, none at less cost: hosts are filled evenly`
  return 'another host would cost less now: what runs is not moved for that'
}

const nodeLines = (node: NodeExplanation, manyProviders: boolean): readonly string[] => {
  const { id, host, others } = node
  const able = others.filter(({ error }) => !error)
  const head =
    host !== ''
      ? `node/${id} is on ${host}: ${whyHere(node)}`
      : `node/${id} by itself ${able.length === 0 ? 'fits on no host' : `would fit on ${many(able.length, 'host')}`}`
  const nameOf = ({ provider, host: other }: HostVerdict) => (manyProviders ? `${provider}/${other}` : other)
  const width = Math.max(0, ...others.map((verdict) => nameOf(verdict).length))
  return [
    head,
    ...others.map((verdict) => {
      const text = host === '' && !verdict.error ? 'would do' : verdictText(verdict)
      return `  ${nameOf(verdict).padEnd(width)}  ${text}`
    }),
  ]
}

const linkLine = (link: Explanation['links'][number], asked: VNetRequest | undefined): string => {
  const { id, path } = link
  if (path.length < 2) return `link/${id} is within ${path[0] ?? 'a host'}`
  const bound = asked?.links.find((one) => one.id === id)?.delayMicroseconds ?? 0
  const delay = `${formatDuration(link.delayMicroseconds)}${bound > 0 ? ` of at most ${formatDuration(bound)}` : ''}`
  const left = (tightest: string, rate: number) => (tightest === '' ? '' : `${tightest} has ${formatRate(rate)} left`)
  const forth = left(link.tightestAToB, link.leftAToBBitsPerSecond)
  const back = left(link.tightestBToA, link.leftBToABitsPerSecond)
  const room = forth === back ? forth : `${forth} that way, ${back} back`
  return `link/${id} goes ${path.join(' - ')}: ${delay}${room && `; ${room}`}`
}

export const explainText = (state: VNetState, explanation: Explanation): string => {
  const { vnet, phase, request } = state
  const { error, nodes, links, incomplete } = explanation
  const providers = new Set(nodes.flatMap(({ others }) => others.map(({ provider }) => provider)))
  const lines = [
    `vnet/${vnet} is ${phaseWord(phase)}${error ? `: ${error.message} [${error.code}]` : ''}`,
    ...(error?.hint ? [`  ${error.hint}`] : []),
    ...nodes.flatMap((node) => nodeLines(node, providers.size > 1)),
    ...links.map((link) => linkLine(link, request)),
    ...(incomplete ? ['not every host was looked at for every node: there are too many'] : []),
  ]
  return `${lines.join('\n')}\n`
}
