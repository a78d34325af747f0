/** Pure: what a guest may not forge (SliceInterface.guards), as a part of its vif's router. */
import type { SliceInterface } from '../../../../proto/generated/weft.v1.ts'
import { drop, type Part } from './part.ts'

/** undefined: nothing is guarded. */
export const guardsPart = ({ mac }: SliceInterface): Part | undefined => ({
  lines: [
    `source :: Classifier(6/${mac.toLowerCase().replaceAll(':', '')}, -); // its own Ethernet address`,
    drop('source[1]', 'spoofed_mac'),
  ],
  input: 'source',
  output: 'source',
})
