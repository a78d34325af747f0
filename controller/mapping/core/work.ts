/**
 * The count of work that bounds a search.
 */
import type { Budget, Net } from './task.ts'

export interface Work {
  /**
   * Adds steps, each as long as one of a shortest-path tree by Dijkstra's algorithm takes. Looking at the next arc of a list or entry of a
   * table takes a fraction of that (measured): who does only that adds less.
   */
  readonly add: (steps: number) => void
  /** Whether this share of the budget is used up. */
  readonly isOver: (share?: number) => boolean
  readonly trees: () => number
  /** Share of the budget that is used up, of work or of time. */
  readonly share: () => number
}

/** Steps between two looks at the clock: about a tenth of a millisecond. */
const clockSteps = 10_000

export const workOf = (net: Net, { trees, now, deadlineMs }: Budget): Work => {
  const tree = net.size + net.head.length
  const most = trees * tree
  let steps = 0
  const hasClock = now !== undefined && deadlineMs !== undefined
  const beginMs = hasClock ? now() : 0
  let nextLook = clockSteps
  // Share of the time that was used up when the clock was looked at last.
  let late = 0
  const share = (): number => {
    if (hasClock && steps >= nextLook) {
      nextLook = steps + clockSteps
      const nowMs = now()
      late = nowMs >= deadlineMs ? 1 : (nowMs - beginMs) / (deadlineMs - beginMs)
    }
    return Math.max(late, most > 0 ? steps / most : 1)
  }
  return {
    add: (count) => {
      steps += count
    },
    isOver: (most = 1) => share() >= most,
    trees: () => steps / tree,
    share,
  }
}
