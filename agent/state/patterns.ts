/** How things that the kernel names are written. */

export const macPattern = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i

/** As the kernel has it (dev_valid_name): at most 15 bytes, no slash, colon or white space, neither . nor .. */
export const nicPattern = /^(?!\.{1,2}$)[^\s/:]{1,15}$/

/** The lowest bit of the first byte makes it a group's address (IEEE 802.3, 3.2.3), which no interface may have. */
export const isGroupMac = (mac: string): boolean => Number.parseInt(mac.slice(0, 2), 16) % 2 === 1

export const isUnicastMac = (mac: string): boolean => macPattern.test(mac) && !isGroupMac(mac)
