/**
 * StripIPHeader: takes the IP header off packets, its options included.
 *
 * Annotations stay as they are; an IP packet within needs MarkIPHeader or CheckIPHeader behind it.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: IPEncap, StripToNetworkHeader.
 */
import { defineElement } from '../element.ts'

export const stripIpHeader = defineElement({
  name: 'StripIPHeader',
  summary: 'takes the IP header off',
  ports: '1/1',
})
