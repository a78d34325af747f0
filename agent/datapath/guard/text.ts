/** Pure: the configuration that stands between a vif and the bridge of its link: guards, and then on to where the frame was going. */
import type { SliceInterface } from '../../../proto/generated/weft.v1.ts'
import { guardsPart } from '../click/text/guards.ts'
import { type Attach, join, type Named, numbered } from '../click/text/part.ts'

export interface GuardRouter {
  readonly vnet: string
  readonly link: string
  /** `NODE.IF` */
  readonly end: string
  readonly vif: Named
  /** What the slice says of it. */
  readonly own: SliceInterface
  readonly attach: Attach
}

/** undefined where nothing is guarded. Throws CodecError where the MAC or an address is none. */
export const guardText = ({ vnet, link, end, vif, own, attach }: GuardRouter): string | undefined => {
  const guards = guardsPart(own)
  if (guards === undefined) return undefined
  const from = `FromDevice(${vif.name}, ATTACH ${attach}) ${numbered(vif)}\n    -> sent :: Counter`
  return [
    `// ${end} of ${vnet}, an end of the link ${link}: what the guest may not send by ${vif.name} ends here, the rest goes on to the bridge of the link.`,
    ...join(from, [guards], { lines: ['bridge :: ToHost;'], input: 'bridge' }),
    '',
  ].join('\n')
}
