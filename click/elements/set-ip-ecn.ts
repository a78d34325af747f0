/**
 * SetIPECN(ECN): sets the ECN bits of IP packets, the lower two of TOS, and keeps the checksum right.
 *
 * ECN is 0 to 3, or `no`, `ect1` or `ECT(1)` (1), `ect2` or `ECT(0)` (2), `ce` or `CE` (3).
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: SetIPDSCP.
 */
import { required } from '../arguments/spec.ts'
import { oneOf } from '../arguments/text.ts'
import { defineElement, readWrite } from '../element.ts'

const ecn = oneOf({
  '0': 0,
  '1': 1,
  '2': 2,
  '3': 3,
  no: 0,
  '-': 0,
  ect1: 1,
  'ECT(1)': 1,
  ect2: 2,
  'ECT(0)': 2,
  ce: 3,
  CE: 3,
} as const)

export const setIpEcn = defineElement({
  name: 'SetIPECN',
  summary: 'sets the ECN bits of IP packets',
  ports: '1/1',
  arguments: { ECN: required(ecn, 'the bits') },
  handlers: [readWrite('ecn', 'ECN')],
})
