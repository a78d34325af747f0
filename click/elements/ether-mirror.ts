/**
 * EtherMirror: swaps the Ethernet source and destination.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: EtherRewrite.
 */
import { defineElement } from '../element.ts'

export const etherMirror = defineElement({
  name: 'EtherMirror',
  summary: 'swaps the Ethernet addresses',
  ports: '1/1',
})
