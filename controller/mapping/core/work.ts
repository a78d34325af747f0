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
  /** Share of the budget that is used up. */
  readonly share: () => number
}

/** Steps between two looks at the clock: some tenths of a millisecond. */
const clockSteps = 20_000

export const workOf = (net: Net, { trees, now, deadlineMs }: Budget): Work => {
  const tree = net.size + net.head.length
  const most = trees * tree
  const begin = now?.() ?? 0
  let steps = 0
  let nextLook = clockSteps
  /** Share of the time, when the clock was looked at last. */
  let passed = 0
  const look = (): void => {
    if (!now || deadlineMs === undefined || steps < nextLook) return
    nextLook = steps + clockSteps
    passed = deadlineMs > begin ? (now() - begin) / (deadlineMs - begin) : 1
  }
  return {
    add: (count) => {
      steps += count
    },
    isOver: (share = 1) => {
      look()
      return passed >= share || steps >= most * share
    },
    trees: () => steps / tree,
    share: () => Math.max(passed, most > 0 ? steps / most : 1),
  }
}
