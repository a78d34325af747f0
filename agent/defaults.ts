/** What a slice leaves out. */

/** Bytes of payload of one Ethernet frame (IEEE 802.3). */
export const defaultMtu = 1500
/** Of a node whose slice names none. */
export const defaultMemoryBytes = 256 * 1024 * 1024
