/**
 * IPClassifier(PATTERN, ...): sends each IP packet out of the output of the first pattern that it matches.
 *
 * Patterns are those of tcpdump, in Click's dialect: docs/click.md has them all. `-` matches every packet. Packets that match none are
 * dropped. They must have passed CheckIPHeader or MarkIPHeader.
 *
 * Ports: one input, as many outputs as patterns. Processing: push.
 * See also: IPFilter, Classifier.
 */
import { defineElement, read, readWrite } from '../element.ts'
import { pattern } from '../filters/rules.ts'

export const ipClassifier = defineElement({
  name: 'IPClassifier',
  summary: 'sorts IP packets by patterns',
  ports: '1/-',
  processing: 'h',
  list: { name: 'PATTERN', type: pattern, text: 'what packets match', label: 'pattern', first: 0 },
  handlers: [read('program', 'what the patterns come down to'), readWrite('patternN', 'the pattern of output N')],
  problems: ({ list }, { outputs }) =>
    list.length === outputs ? [] : [`need ${outputs} arguments, one per output port`],
})
