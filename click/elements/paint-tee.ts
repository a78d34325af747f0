/**
 * PaintTee(COLOR [, ANNO]): a copy of packets of one paint out of output 1, and every packet out of output 0.
 *
 * Ports: one input, two outputs. Processing: agnostic, output 1 push.
 * See also: Paint, CheckPaint, ICMPError (a redirect where a packet leaves as it came).
 */
import { annotation } from '../arguments/names.ts'
import { byte } from '../arguments/numbers.ts'
import { optional, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const paintTee = defineElement({
  name: 'PaintTee',
  summary: 'copies packets of one paint',
  ports: '1/2',
  processing: 'a/ah',
  arguments: {
    COLOR: required(byte, 'the paint'),
    ANNO: optional(annotation(1), 'annotation that is read', 'PAINT'),
  },
  handlers: [readWrite('color', 'COLOR')],
})
