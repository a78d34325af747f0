/** What Classifier, IPClassifier and IPFilter have in common to read. */
import { type Decision, formatDecision } from '../../../click/filters/decision.ts'

interface Choice {
  readonly decision: Decision
  /** undefined: the packet is dropped. */
  readonly port: number | undefined
}

/** A line a choice, in the order in which they are tried: its number, what it comes down to, the output, or X where the packet is dropped. */
export const formatProgram = (choices: readonly Choice[]): string =>
  choices.map(({ decision, port }, i) => `${i}\t${formatDecision(decision)}\t[${port ?? 'X'}]\n`).join('')
