/**
 * StripToNetworkHeader: makes packets start at their network header.
 *
 * The header is where CheckIPHeader or MarkIPHeader found it. Where it lies before the packet's start (after Strip), the bytes come back.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: Strip, Unstrip, StripIPHeader.
 */
import { defineElement } from '../element.ts'

export const stripToNetworkHeader = defineElement({
  name: 'StripToNetworkHeader',
  summary: 'makes packets start at their network header',
  ports: '1/1',
})
