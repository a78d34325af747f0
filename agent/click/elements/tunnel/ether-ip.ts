/** Version 3, and 12 bits that must be 0 (RFC 3378, section 2). */
export const etherIpHeader = [0x30, 0] as const
