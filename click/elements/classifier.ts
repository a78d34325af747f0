/**
 * Classifier(PATTERN, ...): sends each packet out of the output of the first pattern that it matches.
 *
 * A pattern is `-` (every packet), or clauses OFFSET/VALUE[%MASK] that all must match: OFFSET in bytes from the packet's start, decimal;
 * VALUE and MASK in hexadecimal, `?` a digit that does not matter; `!` before a clause: it must not match. Packets that match no pattern
 * are dropped; a clause beyond the packet's end does not match.
 *
 * Ports: one input, as many outputs as patterns. Processing: push.
 * See also: IPClassifier, IPFilter.
 */
import { defineElement, read } from '../element.ts'
import { classifierPattern } from '../filters/classifier.ts'

export const classifier = defineElement({
  name: 'Classifier',
  summary: 'sorts packets by their bytes',
  ports: '1/-',
  processing: 'h',
  list: { name: 'PATTERN', type: classifierPattern, text: 'what packets match', label: 'pattern', first: 0 },
  handlers: [read('program', 'what the patterns come down to')],
  problems: ({ list }, { outputs }) =>
    list.length === outputs ? [] : [`need ${outputs} arguments, one per output port`],
})
