/**
 * What the router of a vif is called: `VNET@NODE.IF`. A router's name is a file's, which has no slash; neither a VNet's nor a node's name has
 * an @. The file that its configuration seems to come from, `VNET/LINK/NODE.IF`, says of which link it is: landmarks show it.
 */
export interface RouterPlace {
  readonly vnet: string
  readonly link: string
  /** `NODE.IF` */
  readonly end: string
}

export const routerName = (vnet: string, end: string): string => `${vnet}@${end}`

export const routerFile = ({ vnet, link, end }: RouterPlace): string => `${vnet}/${link}/${end}`

/** undefined for a router that is no vif's. */
export const placeOf = (name: string, file: string): RouterPlace | undefined => {
  const [vnet = '', link = '', end = '', ...more] = file.split('/')
  return more.length === 0 && link !== '' && name === routerName(vnet, end) ? { vnet, link, end } : undefined
}
