/**
 * The words for a link that does not fit.
 */
import { formatDuration, formatRate } from '../units.ts'
import type { LinkKind } from './constraints.ts'
import { pairsOf, pairsTried } from './pairs.ts'
import { type LinkDemand, type Problem, routeOf } from './problem.ts'
import { delayOf, findPath, type Route } from './route.ts'
import type { Text } from './unmet-node.ts'
import { technologyText } from './unmet-technology.ts'

/** A link's constraint against the best path between hosts that suit its two nodes. */
export const linkText = (problem: Problem, link: LinkDemand, kind: LinkKind, alone: boolean, free: string): Text => {
  const object = `link/${link.id}`
  const [a, b] = [problem.nodes[link.a]?.id, problem.nodes[link.b]?.id]
  const beside = alone ? '' : ' beside the other links'
  const best = bestOf(problem, link, kind)
  switch (kind) {
    case 'bandwidth': {
      const short = best.forward < link.forward ? 'forward' : 'backward'
      const way = short === 'forward' ? `from ${a} to ${b}` : `from ${b} to ${a}`
      return {
        object,
        message: `link ${link.id} needs ${formatRate(link[short])} ${way}${beside}; the widest path has ${formatRate(Math.max(0, best[short]))} ${free}`,
        hint: best[short] < link[short] ? `ask for at most ${formatRate(Math.max(0, best[short]))}` : 'ask for less',
      }
    }
    case 'delay': {
      const quickest = Number.isFinite(best.delay)
        ? `the quickest path takes ${formatDuration(best.delay)}`
        : 'no path is quick enough'
      return {
        object,
        message: `link ${link.id} allows ${formatDuration(link.delay)} between ${a} and ${b}${beside}; ${quickest}`,
        hint:
          Number.isFinite(best.delay) && best.delay > link.delay ? `allow ${formatDuration(best.delay)}` : 'allow more',
      }
    }
    case 'technology':
      return technologyText(problem, link, beside)
    case 'path':
      return {
        object,
        message: `no path joins hosts for ${a} and ${b}, the ends of link ${link.id}${beside}`,
        hint: 'join them in the substrate, or let the nodes be on other hosts',
      }
  }
}

/** The most that any path has in each direction, and the least delay, each while the link's other constraints hold. */
const bestOf = (problem: Problem, link: LinkDemand, kind: LinkKind) => {
  const best = { forward: 0, backward: 0, delay: Number.POSITIVE_INFINITY }
  if (kind !== 'bandwidth' && kind !== 'delay') return best
  const { topology, free } = problem
  const rates = [...new Set(free.rates)].sort((x, y) => x - y)
  let left = Math.min(100, pairsTried)
  for (const [from, to] of pairsOf(problem, link)) {
    const route = from === to ? undefined : routeOf(problem, link, from, to)
    if (!route) continue
    if (left-- === 0) break
    if (kind === 'bandwidth') {
      best.forward = widest(rates, best.forward, (forward) => findable({ ...route, forward, backward: 0 }))
      best.backward = widest(rates, best.backward, (backward) => findable({ ...route, forward: 0, backward }))
    } else {
      const path = findPath(topology, free.rates, { ...route, delay: Number.POSITIVE_INFINITY }, 'delay')
      if (path) best.delay = Math.min(best.delay, delayOf(topology, path))
    }
  }
  return best

  function findable(route: Route): boolean {
    return findPath(topology, free.rates, route) !== undefined
  }
}

/** The greatest of the rates (ascending) above `least` that is still found, else `least`. */
const widest = (rates: readonly number[], least: number, found: (rate: number) => boolean): number => {
  let [low, high] = [-1, rates.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const rate = rates[middle] as number
    if (rate <= least || found(rate)) low = middle
    else high = middle - 1
  }
  return Math.max(least, low < 0 ? 0 : (rates[low] as number))
}
