/** What links are made by, as the configurations of their ends: for tests that go over all of them. */
export interface Technology {
  /** From a guest's frame to the underlay, at an interface of it. */
  readonly send: (local: string, remote: string, nic: string) => string
  /** What LinkSwitch knows it by. */
  readonly link: (local: string, remote: string) => string
  /** Behind the interface, of links that carry no Ethernet: the guest there, and the one at the far end, by their numbers. */
  readonly more?: (guest: number, far: number) => string
}

const nobody = 'EtherEncap(0x8847, 2:0:0:0:1:1, ff:ff:ff:ff:ff:ff)'

export const technologies: Readonly<Record<string, Technology>> = {
  vxlan: {
    send: (local, remote, nic) => `VXLANEncap(5, ${local}, ${remote}) -> ToNeighbour(${nic})`,
    link: (local, remote) => `vxlan 5 ${remote} ${local}`,
  },
  gre: {
    send: (local, remote, nic) => `GREEncap(${local}, ${remote}, KEY 5) -> ToNeighbour(${nic})`,
    link: (local, remote) => `gre 5 ${remote} ${local}`,
  },
  'gre without a key': {
    send: (local, remote, nic) => `GREEncap(${local}, ${remote}) -> ToNeighbour(${nic})`,
    link: (local, remote) => `gre - ${remote} ${local}`,
  },
  etherip: {
    send: (local, remote, nic) => `EtherIPEncap(${local}, ${remote}) -> ToNeighbour(${nic})`,
    link: (local, remote) => `etherip ${remote} ${local}`,
  },
  ipip: {
    send: (local, remote, nic) => `Strip(14) -> IPEncap(4, ${local}, ${remote}, DF true) -> ToNeighbour(${nic})`,
    link: (local, remote) => `ipip ${remote} ${local}`,
    more: (guest, far) => ` 2:0:0:0:0:${guest} 2:0:0:0:0:${far}`,
  },
  mpls: {
    send: (_local, _remote, nic) => `MPLSEncap(5) -> ${nobody} -> ToDevice(${nic})`,
    link: () => 'mpls 5',
  },
  vlan: {
    send: (_local, _remote, nic) => `VLANEncap(VLAN_ID 5) -> Queue -> ToDevice(${nic})`,
    link: () => 'vlan 5',
  },
  qinq: {
    send: (_local, _remote, nic) =>
      `VLANEncap(VLAN_ID 6) -> VLANEncap(VLAN_ID 5, ETHERTYPE 0x88a8) -> Queue -> ToDevice(${nic})`,
    link: () => 'qinq 5 6',
  },
}

/** The router of guest 10.0.0.N's vif: where no Ethernet is carried, it answers for the far end. */
export const guestText = (
  technology: Technology,
  vif: string,
  far: number,
  sending: string,
  before = 'Null',
): string =>
  technology.more === undefined
    ? `FromDevice(${vif}) -> sent :: Counter -> ${before} -> ${sending}`
    : `FromDevice(${vif}) -> c :: Classifier(12/0806 20/0001, 12/0800, -); c[2] -> Discard;
       c[0] -> ARPResponder(10.0.0.${far} 2:0:0:0:0:${far}) -> ToDevice(${vif}); c[1] -> sent :: Counter -> ${sending}`
