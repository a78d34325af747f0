/**
 * Pure: the configuration at an end of a link's port pair: a veth pair of Dom0 that guests' frames pass where they are to be limited, or to be
 * relayed. What is put into one end comes in at the other.
 */
import { type Attach, join, type Named, numbered, type Part, type Sink } from './part.ts'

export interface PortRouter {
  readonly vnet: string
  readonly link: string
  readonly port: Named
  /** Host, or end of this host, that the frames go to next. */
  readonly peer: string
  readonly parts: readonly Part[]
  readonly to: Sink
  readonly attach: Attach
}

export const portText = ({ vnet, link, port, peer, parts, to, attach }: PortRouter): string =>
  [
    `// The way of the link ${link} of ${vnet} to ${peer || 'the next host'}: frames that its port lets go come in here.`,
    ...join(`FromDevice(${port.name}, ATTACH ${attach}) ${numbered(port)}\n    -> sent :: Counter`, parts, to),
    '',
  ].join('\n')
