/**
 * The words of a refusal: what is short, how much is needed, how much the best candidate has, and what would be right.
 */
import { formatCpu, formatSize } from '../units.ts'
import type { Constraint, Kind, LinkKind, NodeKind } from './constraints.ts'
import type { LinkDemand, NodeDemand, Problem } from './problem.ts'
import { type ResourceKind, totalOf } from './totals.ts'
import { linkText } from './unmet-link.ts'
import { idOf, nodeText, type Text } from './unmet-node.ts'

export interface Binding extends Constraint {
  /** Whether its object can be nowhere even without the rest of the request. */
  readonly alone: boolean
  /** Kinds that had to be relaxed as well. */
  readonly beside: readonly Kind[]
}

/** `now`: the substrate could carry the request if less were reserved. */
export const textOf = (problem: Problem, binding: Binding, now: boolean): Text => {
  const { kind, node, link, host } = binding
  const { topology } = problem
  if (topology.hosts.length === 0)
    return { message: 'the substrate has no host that can be used', hint: 'start the agents' }
  const free = now ? 'free' : 'in all'
  const text =
    kind === 'away'
      ? awayText(problem, node, link, host)
      : node !== undefined
        ? nodeText(problem, problem.nodes[node] as NodeDemand, kind as Exclude<NodeKind, 'away'>, binding.alone, free)
        : link !== undefined
          ? linkText(problem, problem.links[link] as LinkDemand, kind as LinkKind, binding.alone, free)
          : togetherText(problem, kind, free)
  if (binding.beside.length === 0) return text
  const others = binding.beside.map((one) => words[one]).join(', ')
  return { ...text, message: `${text.message}, and that does not suffice: ${others} bind as well` }
}

const words: Readonly<Record<Kind, string>> = {
  away: 'hosts that are away',
  memory: 'memory',
  disk: 'disk',
  cpu: 'CPU',
  nics: 'physical interfaces',
  pool: 'idle nodes of pools',
  bandwidth: 'bandwidth',
  delay: 'delay',
  technology: 'link technology',
  path: 'paths',
  image: 'images',
  datapath: 'data paths',
  pins: 'CPUs that nodes are pinned to',
  hypervisor: 'hypervisors',
  location: 'locations',
  placement: 'hosts that have to be all different',
  together: 'nodes that have to be on one host',
  apart: 'nodes that have to be on different hosts',
  fixed: 'nodes that must stay where they are',
}

const awayText = (problem: Problem, node?: number, link?: number, host?: number): Text => {
  const away = [...problem.excluded.keys()].filter((one) => problem.excluded[one])
  const hosts = (host === undefined ? away : [host]).map((one) => idOf(problem, one)).join(', ')
  const hint = `wait until they are back: ${hosts}`
  if (node !== undefined) {
    const { id } = problem.nodes[node] as NodeDemand
    return { object: `node/${id}`, message: `node ${id} fits only on hosts that are away or drained`, hint }
  }
  if (link !== undefined) {
    const { id } = problem.links[link] as LinkDemand
    return { object: `link/${id}`, message: `link ${id} fits only over hosts that are away or drained`, hint }
  }
  const object = host === undefined ? undefined : `host/${idOf(problem, host)}`
  return { object, message: `the request fits only with hosts that are away or drained: ${hosts}`, hint }
}

/** No one object decides: what all need together. */
const togetherText = (problem: Problem, kind: Kind, free: string): Text => {
  const { nodes, links } = problem
  const text = (resource: ResourceKind, format: (amount: number) => string, what: string): Text => {
    const total = totalOf(problem, resource)
    const pieces = total.needed <= total.free ? ', not in pieces that hold them' : ''
    return {
      message: `the ${nodes.length} nodes need ${format(total.needed)}${what} together; the hosts have ${format(total.free)} ${free}${pieces}`,
      hint: 'ask for less, or for fewer nodes',
    }
  }
  switch (kind) {
    case 'memory':
      return text(kind, formatSize, ' of memory')
    case 'disk':
      return text(kind, formatSize, ' of disk')
    case 'cpu':
      return text(kind, formatCpu, '')
    case 'nics':
      return text(kind, String, ' dedicated interfaces')
    case 'bandwidth':
      return {
        message: `the ${links.length} links do not find the bandwidth they need beside each other`,
        hint: 'ask for less bandwidth',
      }
    case 'placement':
      return {
        message: `the ${nodes.length} nodes need a host of their own each; with nodes that share hosts the request would fit`,
        hint: 'placement "spread"; or fewer nodes',
      }
    case 'together':
      return relationText(
        problem,
        problem.groups.filter(({ length }) => length > 1),
        'together',
      )
    case 'apart':
      return relationText(
        problem,
        problem.apart.flatMap((others, node) => (others.length > 0 ? [[node]] : [])),
        'apart',
      )
    default:
      return {
        message: `the request does not fit for its ${words[kind]}, of several objects together`,
        hint: `relax the ${words[kind]} of some of them`,
      }
  }
}

const relationText = ({ nodes }: Problem, groups: readonly (readonly number[])[], word: 'together' | 'apart'): Text => {
  const names = groups
    .map((group) => group.map((node) => nodes[node]?.id).join(', '))
    .join(word === 'apart' ? ', ' : '; ')
  const where = word === 'apart' ? 'on different hosts' : 'on one host'
  return {
    message: `the nodes ${names} have to be ${where}, and no hosts that would do are left; without that the request would fit`,
    hint: `ask for fewer nodes ${word}`,
  }
}
