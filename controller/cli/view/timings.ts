/** "discovery at the PIP": how long it took says little without who mapped. `discovery` as of VNetState. */
export const timingName = (name: string, discovery: string): string =>
  name === 'discovery' && discovery !== '' ? `${name} at the ${discovery.toUpperCase()}` : name
