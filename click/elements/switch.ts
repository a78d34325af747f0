/**
 * Switch([OUTPUT]): sends all packets out of one output, which a handler changes.
 *
 * A negative OUTPUT drops them.
 *
 * Ports: one input, any number of outputs. Processing: push.
 * See also: StaticSwitch, PaintSwitch.
 */
import { signed } from '../arguments/numbers.ts'
import { optional } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

// `switch` is a word of the language.
export const switchElement = defineElement({
  name: 'Switch',
  summary: 'sends all packets out of an output that can be changed',
  ports: '1/-',
  processing: 'h',
  arguments: { OUTPUT: optional(signed, 'the output; negative: none', '0') },
  handlers: [readWrite('switch', 'OUTPUT')],
  problems: ({ values: { OUTPUT } }, { outputs }) => (OUTPUT >= outputs ? [`output must be < ${outputs}`] : []),
})
