/**
 * CheckPaint(COLOR [, ANNO]): packets of one paint alone.
 *
 * Others leave by output 1, or are dropped where there is none.
 *
 * Ports: one input, one output or two. Processing: agnostic, output 1 push.
 * See also: Paint, PaintTee.
 */
import { annotation } from '../arguments/names.ts'
import { byte } from '../arguments/numbers.ts'
import { optional, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const checkPaint = defineElement({
  name: 'CheckPaint',
  summary: 'lets packets of one paint pass',
  ports: '1/1-2',
  processing: 'a/ah',
  arguments: {
    COLOR: required(byte, 'the paint'),
    ANNO: optional(annotation(1), 'annotation that is read', 'PAINT'),
  },
  handlers: [readWrite('color', 'COLOR')],
})
