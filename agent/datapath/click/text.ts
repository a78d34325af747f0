/** Pure: the configuration of a vif's router. */

/** An interface as it is now. The number changes when an interface is made anew under the same name, and with it the text. */
export interface Named {
  readonly name: string
  readonly index: number
}

export interface VifRouter {
  readonly vnet: string
  readonly link: string
  /** `NODE.IF` */
  readonly end: string
  readonly vif: Named
  /** Of the interface in the guest. */
  readonly mac: string
  /** The vif at the other end; undefined while it is not there. */
  readonly peer: Named | undefined
  /** How programs come to interfaces here. */
  readonly attach: 'tcx' | 'clsact'
}

export const routerText = ({ vnet, link, end, vif, mac, peer, attach }: VifRouter): string =>
  `// ${end} of ${vnet}, an end of the link ${link}: all that the guest sends by ${vif.name} comes in here, and nothing of it reaches the host.
FromDevice(${vif.name}, ATTACH ${attach}) // interface ${vif.index}
    -> sent :: Counter
    -> source :: Classifier(6/${mac.toLowerCase().replaceAll(':', '')}, -) // its own Ethernet address
    -> ${peer === undefined ? 'early :: Counter -> Discard; // the other end is not there yet' : `Queue -> ToDevice(${peer.name}); // interface ${peer.index}`}
source[1] -> spoofed :: Counter -> Discard;
`
