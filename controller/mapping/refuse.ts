/**
 * Why a request was refused: which one constraint, of which object, would have to give way so that all the rest fits.
 *
 * Found by relaxing and searching again: first what alone can be nowhere, then one kind of constraint at a time for all
 * objects, and within the kind that makes it fit one object at a time.
 */
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import {
  type Constraint,
  hasLinkConstraint,
  hasNodeConstraint,
  hasRelation,
  isLinkKind,
  isNodeKind,
  isRelationKind,
  type Kind,
  kinds,
  linkKinds,
  meets,
  type NodeKind,
  nodeKinds,
  relax,
  suits,
} from './constraints.ts'
import type { EmbedOptions } from './mapping.ts'
import { isJoinable } from './pairs.ts'
import { emptyUsage, type LinkDemand, type NodeDemand, type Problem, problemOf } from './problem.ts'
import { type Budget, search, searchAny } from './search.ts'
import { isShort, type ResourceKind, resourceKinds } from './totals.ts'
import { type Binding, textOf } from './unmet.ts'

export interface Refused {
  readonly problem: Problem
  readonly request: VNetRequest
  readonly options: EmbedOptions
  readonly budget: Budget
}

/** Steps and trees of each of the searches that look for the binding constraint. */
const relaxedSteps = 200_000
const relaxedTrees = 40

/** At most so many objects are relaxed one by one. */
const objectsTried = 16

/**
 * admission.not-now where the empty substrate, with all its hosts, could carry the request; else admission.never-fits. The
 * message says so where the search ended before every possibility was tried.
 */
export const refusal = ({ problem, request, options, budget }: Refused): WeftError => {
  const whenEmpty = problemOf(problem.topology, emptyUsage, request, { ...options, excluded: new Set() })
  const result = search(whenEmpty, budget)
  const base = result.found ? problem : whenEmpty
  const binding = bindingOf(base, {
    trees: Math.min(relaxedTrees, budget.trees),
    steps: Math.min(relaxedSteps, budget.steps),
    deadlineMs: budget.deadlineMs,
  })
  const { object, message, hint } = textOf(base, binding, result.found)
  const doubt =
    result.found || result.proven || binding.alone ? '' : ' (no mapping was found, though not every one was tried)'
  return new WeftError(result.found ? 'admission.not-now' : 'admission.never-fits', message + doubt, { object, hint })
}

const bindingOf = (problem: Problem, budget: Budget): Binding => {
  const fits = (relaxed: Problem): boolean => searchAny(relaxed, budget).found
  const alone = aloneNowhere(problem)
  const decisive = alone.slice(0, objectsTried).find((constraint) => fits(relax(problem, constraint)))
  if (decisive) return { ...decisive, alone: true, beside: [] }

  const present = inOrder(problem).filter((kind) => isPresent(problem, kind))
  const kind = present.find((one) => fits(relax(problem, { kind: one })))
  const object = kind && narrowed(problem, kind, fits)
  if (object) return { ...object, alone: false, beside: [] }
  // Several objects are at fault. One that can be nowhere by itself is told rather than a sum.
  const [first] = alone
  if (first) return { ...first, alone: true, beside: [] }
  if (kind) return { kind, alone: false, beside: [] }

  // No kind suffices: relax one more after the other.
  let loose = problem
  for (const [index, one] of present.entries()) {
    loose = relax(loose, { kind: one })
    if (fits(loose)) return { kind: one, alone: false, beside: present.slice(0, index) }
  }
  // Only where the search ends early: without any constraint every node fits anywhere.
  return { kind: 'cpu', alone: false, beside: present }
}

/** A resource that is short in all comes first, one of which there is enough last: it is in the wrong pieces at most. */
const inOrder = (problem: Problem): readonly Kind[] => {
  const isResource = (kind: Kind): kind is ResourceKind => (resourceKinds as readonly Kind[]).includes(kind)
  const rank = (kind: Kind): number => (isResource(kind) ? (isShort(problem, kind) ? 1 : 3) : isLinkKind(kind) ? 2 : 4)
  return kinds.toSorted((x, y) => (x === 'away' ? 0 : rank(x)) - (y === 'away' ? 0 : rank(y)))
}

/** Whether anything has the constraint, so that relaxing it can change something. */
const isPresent = (problem: Problem, kind: Kind): boolean => {
  if (kind === 'away') return problem.excluded.includes(1)
  if (isRelationKind(kind)) return hasRelation(problem, kind)
  if (isNodeKind(kind)) return problem.nodes.some((node) => hasNodeConstraint(node, kind))
  return problem.links.some((link) => hasLinkConstraint(link, kind))
}

/** The object whose constraint alone decides, the most demanding tried first; none where several do together. */
const narrowed = (problem: Problem, kind: Kind, fits: (relaxed: Problem) => boolean): Constraint | undefined =>
  objectsOf(problem, kind)
    .slice(0, objectsTried)
    .find((constraint) => fits(relax(problem, constraint)))

const objectsOf = (problem: Problem, kind: Kind): readonly Constraint[] => {
  if (kind === 'away')
    return [...problem.excluded.keys()].filter((host) => problem.excluded[host]).map((host) => ({ kind, host }))
  if (isRelationKind(kind)) return []
  if (isLinkKind(kind))
    return indices(problem.links, (one) => hasLinkConstraint(one, kind), linkSize).map((link) => ({ kind, link }))
  return indices(problem.nodes, (one) => hasNodeConstraint(one, kind), nodeSize).map((node) => ({ kind, node }))
}

const indices = <T>(list: readonly T[], has: (item: T) => boolean, size: (item: T) => number): readonly number[] =>
  [...list.keys()].filter((i) => has(list[i] as T)).sort((x, y) => size(list[y] as T) - size(list[x] as T) || x - y)

const nodeSize = ({ cpuMillis, memoryBytes }: NodeDemand): number => cpuMillis / 1000 + memoryBytes / 2 ** 30
const linkSize = ({ forward, backward, delay }: LinkDemand): number => forward + backward + 1 / delay

/** Constraints of objects that can be nowhere, the rest of the request left aside; each would let its object be somewhere. */
const aloneNowhere = (problem: Problem): readonly Constraint[] => {
  const found: Constraint[] = []
  for (const [node, demand] of problem.nodes.entries()) {
    const { hosts } = problem.topology
    if (hosts.some((host) => suits(problem, demand, host))) continue
    const others = (kind: string, host: number): boolean =>
      nodeKinds.every((one) => one === kind || meets(one, problem, problem.free, demand, host))
    const single = kinds.filter((kind) => isNodeKind(kind) && hosts.some((host) => others(kind, host)))
    // Several stand in the way at once: name one that no host meets, or that the fewest do.
    const met = (kind: NodeKind): number =>
      hosts.filter((host) => meets(kind, problem, problem.free, demand, host)).length
    const hardest = [...nodeKinds].sort((x, y) => met(x) - met(y))[0] as NodeKind
    for (const kind of single.length > 0 ? single : [hardest]) found.push({ kind, node })
  }
  if (found.length > 0) return found
  for (const [link, demand] of problem.links.entries()) {
    if (isJoinable(problem, demand)) continue
    const relaxations: readonly Constraint[] = [{ kind: 'away', link }, ...linkKinds.map((kind) => ({ kind, link }))]
    for (const constraint of relaxations) {
      const relaxed = relax(problem, constraint)
      const changed = constraint.kind !== 'away' || isPresent(problem, constraint.kind)
      if (changed && isJoinable(relaxed, relaxed.links[link] as LinkDemand)) found.push(constraint)
    }
  }
  return found
}
