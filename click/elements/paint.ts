/**
 * Paint(COLOR [, ANNO]): sets the paint annotation of packets.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: PaintSwitch, PaintTee, CheckPaint.
 */
import { annotation } from '../arguments/names.ts'
import { byte } from '../arguments/numbers.ts'
import { optional, required } from '../arguments/spec.ts'
import { defineElement, readWrite } from '../element.ts'

export const paint = defineElement({
  name: 'Paint',
  summary: 'sets the paint annotation',
  ports: '1/1',
  arguments: {
    COLOR: required(byte, 'the paint'),
    ANNO: optional(annotation(1), 'annotation that is set', 'PAINT'),
  },
  handlers: [readWrite('color', 'COLOR')],
})
