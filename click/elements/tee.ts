/**
 * Tee([N]): a copy of each packet out of every output.
 *
 * N says how many outputs there are to be; a configuration with more or fewer is refused.
 *
 * Ports: one input, one output or more. Processing: push.
 * See also: PaintTee.
 */
import { unsigned } from '../arguments/numbers.ts'
import { optional } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const tee = defineElement({
  name: 'Tee',
  summary: 'a copy of each packet out of every output',
  ports: '1/1-',
  processing: 'h',
  arguments: { N: optional(unsigned, 'number of outputs') },
  problems: ({ values: { N } }, { outputs }) =>
    N !== undefined && N !== outputs ? [`${outputs} outputs implies ${outputs} arms`] : [],
})
