import type { Site } from '../compile/element.ts'

/** Where the network header begins in the frame; refuses what Click would stop at with an assertion. */
export const networkHeader = ({ packet, refuse }: Pick<Site, 'packet' | 'refuse'>): number =>
  packet.network ?? refuse('a packet whose network header no element before has found (CheckIPHeader, MarkIPHeader)')
