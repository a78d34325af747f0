/**
 * Idle: never sends a packet, and drops what it is given.
 *
 * It stands where a port must be connected and nothing is to come or go.
 *
 * Ports: any. Processing: agnostic; no packet goes from an input to an output.
 * See also: Discard.
 */
import { defineElement } from '../element.ts'

export const idle = defineElement({
  name: 'Idle',
  summary: 'never sends a packet, and drops what it is given',
  ports: '-/-',
  flow: 'x/y',
})
