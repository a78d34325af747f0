/**
 * RandomSample([P] [, SAMPLE p, DROP p, ACTIVE a]): lets packets pass by chance.
 *
 * Each packet passes with the probability P, or SAMPLE, between 0 and 1; DROP is the probability that it does not. Others leave by output 1, or are
 * dropped where there is none. ACTIVE false lets all pass. Probabilities are kept in steps of 2^-28.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: Switch.
 */
import { boolean, real } from '../arguments/numbers.ts'
import { keyword, optional } from '../arguments/spec.ts'
import { type ArgumentType, isRefusal, refuse } from '../arguments/types.ts'
import { defineElement, read, readWrite } from '../element.ts'

export const probability: ArgumentType<number> = {
  name: 'probability',
  parse: (text) => {
    const value = real.parse(text)
    if (isRefusal(value)) return value
    return value >= 0 && value <= 1 ? value : refuse('a probability must be between 0 and 1')
  },
}

export const randomSample = defineElement({
  name: 'RandomSample',
  summary: 'lets packets pass by chance',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: {
    P: optional(probability, 'the probability that a packet passes'),
    SAMPLE: keyword(probability, 'the same'),
    DROP: keyword(probability, 'the probability that one does not'),
    ACTIVE: keyword(boolean, 'whether any is kept back', 'true'),
  },
  handlers: [
    readWrite('sampling_prob', 'SAMPLE'),
    readWrite('drop_prob', 'DROP'),
    readWrite('active', 'ACTIVE'),
    read('drops', 'packets that did not pass'),
  ],
  problems: ({ values: { P, SAMPLE, DROP } }) =>
    P === undefined && SAMPLE === undefined && DROP === undefined ? ['P, SAMPLE or DROP must be given'] : [],
})
