/** Pure: the configuration of a vif's router: what the guest sends, through guards and the operator's own Click, into the link. */
import type { SliceInterface } from '../../../../proto/generated/weft.v1.ts'
import { guardsPart } from './guards.ts'
import { ownPart } from './own.ts'
import { type Attach, join, type Named, type Part, type Sink } from './part.ts'

export interface VifRouter {
  readonly vnet: string
  readonly link: string
  /** `NODE.IF` */
  readonly end: string
  readonly vif: Named
  /** What the slice says of it. */
  readonly own: SliceInterface
  /** Where the link goes on. */
  readonly to: Sink
  readonly attach: Attach
}

export const vifText = ({ vnet, link, end, vif, own, to, attach }: VifRouter): string => {
  const parts = [guardsPart(own), ownPart(own)].filter((part): part is Part => part !== undefined)
  const from = `FromDevice(${vif.name}, ATTACH ${attach}) // interface ${vif.index}\n    -> sent :: Counter`
  return [
    `// ${end} of ${vnet}, an end of the link ${link}: all that the guest sends by ${vif.name} comes in here, and nothing of it reaches the host.`,
    ...join(from, parts, to),
    '',
  ].join('\n')
}
