/**
 * PaintSwitch([ANNO]): sends each packet out of the output whose number is its paint.
 *
 * Paint 255 sends a copy out of every output. A packet whose output there is not is dropped.
 *
 * Ports: one input, any number of outputs. Processing: push.
 * See also: Paint, Switch.
 */
import { annotation } from '../arguments/names.ts'
import { optional } from '../arguments/spec.ts'
import { defineElement } from '../element.ts'

export const paintSwitch = defineElement({
  name: 'PaintSwitch',
  summary: 'sends each packet out of the output of its paint',
  ports: '1/-',
  processing: 'h',
  arguments: { ANNO: optional(annotation(1), 'annotation that is read', 'PAINT') },
})
