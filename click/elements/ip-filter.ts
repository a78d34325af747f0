/**
 * IPFilter(ACTION PATTERN, ...): does to each IP packet what the first pattern that it matches says.
 *
 * ACTION is an output, or `allow` (output 0), or `deny` or `drop`. Patterns are those of IPClassifier. Packets that match none are
 * dropped.
 *
 * Ports: one input, any number of outputs. Processing: push.
 * See also: IPClassifier.
 */
import { defineElement, read } from '../element.ts'
import { rule } from '../filters/rules.ts'

export const ipFilter = defineElement({
  name: 'IPFilter',
  summary: 'lets IP packets pass by rules',
  ports: '1/-',
  processing: 'h',
  list: { name: 'RULE', type: rule, text: 'action and what packets match', label: 'pattern', first: 0 },
  handlers: [read('program', 'what the rules come down to')],
  problems: ({ list }, { outputs }) =>
    list.flatMap(({ action }, i) => {
      if (action === 'drop' || action < outputs) return []
      const words = action === 0 ? "'allow' is meaningless, element has zero outputs" : `slot '${action}' out of range`
      return [`pattern ${i}: ${words}`]
    }),
})
