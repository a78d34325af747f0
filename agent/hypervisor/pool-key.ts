/** Of a slice that is a pool's: of nodes that nobody waits for. No operator's VNet has such a key. */
export const isPool = (vnet: string): boolean => vnet.startsWith('pool-') && !vnet.includes('.')
