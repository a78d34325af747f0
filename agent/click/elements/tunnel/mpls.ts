/** An entry of a label stack (RFC 3032, section 2.1; RFC 5462): label 20 bits, traffic class 3, bottom of the stack 1, TTL 8. */
export interface LabelEntry {
  readonly label: number
  readonly trafficClass: number
  readonly bottom: boolean
  readonly ttl: number
}

export const entryBytes = 4

export const entryOf = ({ label, trafficClass, bottom, ttl }: LabelEntry): number =>
  ((label << 12) | (trafficClass << 9) | (bottom ? 1 << 8 : 0) | ttl) >>> 0
