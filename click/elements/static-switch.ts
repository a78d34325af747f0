/**
 * StaticSwitch(OUTPUT): sends all packets out of one output.
 *
 * A negative OUTPUT, or one that there is not, drops them.
 *
 * Ports: one input, any number of outputs. Processing: push.
 * See also: Switch.
 */
import { signed } from '../arguments/numbers.ts'
import { required } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const staticSwitch = defineElement({
  name: 'StaticSwitch',
  summary: 'sends all packets out of one output',
  ports: '1/-',
  processing: 'h',
  arguments: { OUTPUT: required(signed, 'the output; negative: none') },
})
