/** Has the engine compile what is about to be timed (V8 interprets code at first, and takes tens of times as long). */
import type { Budget, Outcome, Task } from '../mapping/core/task.ts'
import { generate, settings } from './generate.ts'
import { runInstance } from './run-instance.ts'

/** One at a time, lightly and heavily loaded in turn; requests that no list has, so that nothing is known in advance of those of one. */
const lists = [
  { ...settings['wx100-eta0.16'], requests: 40, arrivalRate: 1e-6 },
  { ...settings['wx100-eta0.16'], requests: 60 },
  { ...settings['wx100-eta0.28'], hosts: 30, requests: 120 },
]

/** Takes half a second or so. */
export const warmUp = (solve: (task: Task, budget: Budget) => Outcome, trees: number): void => {
  for (const [seed, list] of lists.entries())
    runInstance(generate(list, seed), {
      solve,
      budget: () => ({ trees }),
      now: () => performance.now(),
      switches: () => 0,
    })
}
