/**
 * SetIPChecksum: calculates the checksum of IP headers.
 *
 * Elements that change the header keep it right by themselves.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: CheckIPHeader.
 */
import { defineElement, read } from '../element.ts'

export const setIpChecksum = defineElement({
  name: 'SetIPChecksum',
  summary: 'calculates the checksum of IP headers',
  ports: '1/1',
  handlers: [read('drops', 'packets with a header that is none')],
})
