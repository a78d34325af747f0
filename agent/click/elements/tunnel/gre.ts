/** Of GRE's first word (RFC 2890): the flag of a key; and the type of Ethernet frames within. */
export const greHeader = { key: 0x2000, ethernet: 0x6558, bytes: 4, keyBytes: 4 } as const
