/**
 * Pure: the configuration of a vif's router: what the guest sends, through guards and the operator's own Click, into the link; and through that Click what
 * comes for it, where the operator wants that.
 */
import type { SliceInterface } from '../../../../proto/generated/weft.v1.ts'
import { guardsPart } from './guards.ts'
import { backLines, ownPart } from './own.ts'
import { type Attach, join, type Named, numbered, type Part, type Sink } from './part.ts'

export interface VifRouter {
  readonly vnet: string
  readonly link: string
  /** `NODE.IF` */
  readonly end: string
  readonly vif: Named
  /** What the slice says of it. */
  readonly own: SliceInterface
  /** What the link's technology asks for before it. */
  readonly way: readonly Part[]
  /** Where the link goes on. */
  readonly to: Sink
  readonly attach: Attach
}

/** What errors call the operator's own Click. */
export const ownFileOf = (vnet: string, end: string): string => `${vnet}/${end}`

const linesOf = (part: Part | undefined): number => (part ? part.lines.join('\n').split('\n').length : 0)

export const vifText = ({ vnet, link, end, vif, own, way, to, attach }: VifRouter): string => {
  const guards = guardsPart(own)
  const comment = 1
  const place = { file: ownFileOf(vnet, end), line: comment + linesOf(guards) + 1 }
  const parts = [guards, ownPart(own, place), ...way].filter((part) => part !== undefined)
  const from = `FromDevice(${vif.name}, ATTACH ${attach}) ${numbered(vif)}\n    -> sent :: Counter`
  return [
    `// ${end} of ${vnet}, an end of the link ${link}: all that the guest sends by ${vif.name} comes in here, and nothing of it reaches the host.`,
    ...join(from, parts, to),
    ...backLines(own, vif),
    '',
  ].join('\n')
}
