import t from 'tap'
import { greFlag } from '../link/gre.ts'
import { decodeLink } from '../link/link.ts'
import { addLink, deleteLink, setLink } from '../link/requests.ts'
import { vlanProtocol } from '../link/vlan.ts'
import { bytes, message, otherOrder } from './support/bytes.ts'

t.test('a tunnel that is a port of a bridge is read with all that is known of it', { skip: otherOrder }, async (t) => {
  const link = decodeLink(
    message(
      bytes(`
        00 00 01 00 05 00 00 00  // AF_UNSPEC, ARPHRD_ETHER, index 5
        02 10 00 00 00 00 00 00  // broadcast and multicast, not up
        07 00 03 00 76 78 00 00  // IFLA_IFNAME vx
        08 00 04 00 aa 05 00 00  // IFLA_MTU 1450
        08 00 0a 00 04 00 00 00  // IFLA_MASTER 4
        08 00 14 00 68 65 6a 00  // IFLA_IFALIAS hej
        0a 00 01 00 02 00 00 00 00 01 00 00  // IFLA_ADDRESS
        a8 00 12 00                          // IFLA_LINKINFO
        0a 00 01 00 76 78 6c 61 6e 00 00 00  //   IFLA_INFO_KIND vxlan
        60 00 02 00                          //   IFLA_INFO_DATA
        08 00 01 00 07 00 00 00              //     IFLA_VXLAN_ID 7
        08 00 02 00 0a 00 00 02              //     IFLA_VXLAN_GROUP 10.0.0.2
        08 00 03 00 03 00 00 00              //     IFLA_VXLAN_LINK 3
        08 00 04 00 0a 00 00 01              //     IFLA_VXLAN_LOCAL 10.0.0.1
        05 00 05 00 40 00 00 00              //     IFLA_VXLAN_TTL 64
        05 00 07 00 00 00 00 00              //     IFLA_VXLAN_LEARNING off
        05 00 1d 00 01 00 00 00              //     IFLA_VXLAN_DF set
        06 00 0f 00 12 b5 00 00              //     IFLA_VXLAN_PORT 4789, big-endian
        0c 00 21 00 f7 ff ff ff 00 00 00 ff  //     33, which is newer than this file
        08 00 0a 00 00 00 00 00              //     IFLA_VXLAN_PORT_RANGE, which is not used
        05 00 12 00 01 00 00 00              //     IFLA_VXLAN_UDP_CSUM on
        0b 00 04 00 62 72 69 64 67 65 00 00  //   IFLA_INFO_SLAVE_KIND bridge
        2c 00 05 00                          //   IFLA_INFO_SLAVE_DATA
        05 00 01 00 00 00 00 00              //     IFLA_BRPORT_STATE disabled
        05 00 08 00 00 00 00 00              //     IFLA_BRPORT_LEARNING off
        05 00 09 00 01 00 00 00              //     IFLA_BRPORT_UNICAST_FLOOD on
        06 00 1f 00 fd ff 00 00              //     IFLA_BRPORT_GROUP_FWD_MASK
        05 00 21 00 00 00 00 00              //     IFLA_BRPORT_ISOLATED off
        10 00 1a 00                          // IFLA_AF_SPEC
        0c 00 0a 00                          //   AF_INET6
        05 00 08 00 01 00 00 00              //     IFLA_INET6_ADDR_GEN_MODE none
        05 00 10 00 02 00 00 00              // IFLA_OPERSTATE, which is not used
      `),
    ),
  )
  t.match(link, {
    index: 5,
    name: 'vx',
    up: false,
    lowerUp: false,
    mtu: 1450,
    mac: '02:00:00:00:00:01',
    alias: 'hej',
    master: 4,
    addressGeneration: 1,
    info: {
      kind: 'vxlan',
      identifier: 7,
      remote: '10.0.0.2',
      local: '10.0.0.1',
      lower: 3,
      ttl: 64,
      learning: false,
      dontFragment: 1,
      port: 4789,
      udpChecksum: true,
      unknown: [{ type: 33 }, { type: 10 }],
    },
    port: { kind: 'bridge', state: 0, learning: false, unicastFlood: true, groupForwardMask: 0xfffd, isolated: false },
    unknown: [{ type: 16 }],
  })
})

t.test('a link of another kind is readable, its data kept as it came', { skip: otherOrder }, async (t) => {
  const link = decodeLink(
    message(
      bytes(`
        00 00 01 00 06 00 00 00  // AF_UNSPEC, ARPHRD_ETHER, index 6
        43 10 01 00 00 00 00 00  // up, broadcast, running, multicast, lower up
        08 00 03 00 6d 76 30 00  // IFLA_IFNAME mv0
        20 00 12 00                          // IFLA_LINKINFO
        0c 00 01 00 6d 61 63 76 6c 61 6e 00  //   IFLA_INFO_KIND macvlan
        10 00 02 00                          //   IFLA_INFO_DATA
        08 00 01 00 04 00 00 00 04 00 09 00  //     what a macvlan has
        08 00 05 00 02 00 00 00              // IFLA_LINK 2
        08 00 25 00 00 00 00 00              // IFLA_LINK_NETNSID 0
      `),
    ),
  )
  t.match(link, { name: 'mv0', up: true, lowerUp: true, lower: 2, lowerNamespace: 0, port: undefined })
  t.same(link.info, { kind: 'other', name: 'macvlan', data: bytes('08 00 01 00 04 00 00 00 04 00 09 00') })
  t.throws(() => decodeLink(message(bytes(`${'00'.repeat(16)} 06 00 04 00 01 00 00 00`))), {
    code: 'ERR_NETLINK_CODEC',
  })
})

t.test(
  'a new veth pair: both ends in one request, the peer with a header of its own',
  { skip: otherOrder },
  async (t) => {
    const peer = { name: 'x2', namespace: { pid: 77 } }
    const request = addLink({ name: 'x1', mtu: 1400, mac: '02:00:00:00:00:01', info: { kind: 'veth', peer } })
    t.match(request, { type: 16, flags: 0x600, operation: 'link add', subject: 'x1 type veth' })
    t.same(
      request.body,
      bytes(`
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg
      07 00 03 00 78 31 00 00              // IFLA_IFNAME x1
      0a 00 01 00 02 00 00 00 00 01 00 00  // IFLA_ADDRESS
      08 00 04 00 78 05 00 00              // IFLA_MTU 1400
      38 00 12 80                          // IFLA_LINKINFO
      09 00 01 00 76 65 74 68 00 00 00 00  //   IFLA_INFO_KIND veth
      28 00 02 80                          //   IFLA_INFO_DATA
      24 00 01 80                          //     VETH_INFO_PEER
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg of the peer
      07 00 03 00 78 32 00 00              //       IFLA_IFNAME x2
      08 00 13 00 4d 00 00 00              //       IFLA_NET_NS_PID 77
    `),
    )
  },
)

t.test('a new GRE tunnel with a key, and one that is read', { skip: otherOrder }, async (t) => {
  const settings = {
    lower: 2,
    inFlags: greFlag.key,
    outFlags: greFlag.key,
    inKey: 0xfedc_ba98,
    outKey: 0xfedc_ba98,
    local: '192.0.2.1',
    remote: '192.0.2.2',
    ttl: 64,
    tos: 0,
    dontFragment: true,
  } as const
  const data = `
    08 00 01 00 02 00 00 00  // IFLA_GRE_LINK 2
    06 00 02 00 20 00 00 00  // IFLA_GRE_IFLAGS: a key
    06 00 03 00 20 00 00 00  // IFLA_GRE_OFLAGS
    08 00 04 00 fe dc ba 98  // IFLA_GRE_IKEY, as on the wire
    08 00 05 00 fe dc ba 98  // IFLA_GRE_OKEY
    08 00 06 00 c0 00 02 01  // IFLA_GRE_LOCAL 192.0.2.1
    08 00 07 00 c0 00 02 02  // IFLA_GRE_REMOTE 192.0.2.2
    05 00 08 00 40 00 00 00  // IFLA_GRE_TTL 64
    05 00 09 00 00 00 00 00  // IFLA_GRE_TOS
    05 00 0a 00 01 00 00 00  // IFLA_GRE_PMTUDISC
  `
  t.same(
    addLink({ name: 'g1', info: { kind: 'gretap', ...settings } }).body,
    bytes(`
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg
      07 00 03 00 67 31 00 00              // IFLA_IFNAME g1
      64 00 12 80                          // IFLA_LINKINFO
      0b 00 01 00 67 72 65 74 61 70 00 00  //   IFLA_INFO_KIND gretap
      54 00 02 80                          //   IFLA_INFO_DATA
      ${data}
    `),
  )
  const read = decodeLink(
    message(
      bytes(`
        00 00 01 00 07 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg
        6c 00 12 00                          // IFLA_LINKINFO
        0b 00 01 00 67 72 65 74 61 70 00 00  //   IFLA_INFO_KIND gretap
        5c 00 02 00                          //   IFLA_INFO_DATA
        ${data}
        08 00 14 00 00 00 00 00              //     IFLA_GRE_FWMARK, which is not used
      `),
    ),
  )
  t.match(read.info, { kind: 'gretap', ...settings, unknown: [{ type: 20 }] })
})

t.test('a new VLAN on an interface, and one that is read', { skip: otherOrder }, async (t) => {
  t.same(
    addLink({ name: 'v1', lower: 2, info: { kind: 'vlan', identifier: 100, protocol: vlanProtocol.service } }).body,
    bytes(`
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg
      07 00 03 00 76 31 00 00              // IFLA_IFNAME v1
      08 00 05 00 02 00 00 00              // IFLA_LINK 2
      24 00 12 80                          // IFLA_LINKINFO
      09 00 01 00 76 6c 61 6e 00 00 00 00  //   IFLA_INFO_KIND vlan
      14 00 02 80                          //   IFLA_INFO_DATA
      06 00 01 00 64 00 00 00              //     IFLA_VLAN_ID 100
      06 00 05 00 88 a8 00 00              //     IFLA_VLAN_PROTOCOL 802.1ad, as on the wire
    `),
  )
  const read = decodeLink(
    message(
      bytes(`
        00 00 01 00 08 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg
        08 00 05 00 02 00 00 00              // IFLA_LINK 2
        30 00 12 00                          // IFLA_LINKINFO
        09 00 01 00 76 6c 61 6e 00 00 00 00  //   IFLA_INFO_KIND vlan
        20 00 02 00                          //   IFLA_INFO_DATA
        06 00 05 00 81 00 00 00              //     IFLA_VLAN_PROTOCOL 802.1Q
        06 00 01 00 c8 00 00 00              //     IFLA_VLAN_ID 200
        0c 00 02 00 01 00 00 00 ff ff ff ff  //     IFLA_VLAN_FLAGS, which is not used
      `),
    ),
  )
  t.match(read, {
    lower: 2,
    info: { kind: 'vlan', identifier: 200, protocol: vlanProtocol.customer, unknown: [{ type: 2 }] },
  })
})

t.test('a change names the link by index or name and holds only what changes', { skip: otherOrder }, async (t) => {
  t.same(
    setLink(5, { master: 4, up: true }).body,
    bytes(`
      00 00 00 00 05 00 00 00  // index 5
      01 00 00 00 01 00 00 00  // IFF_UP, and that only this flag changes
      08 00 0a 00 04 00 00 00  // IFLA_MASTER 4
    `),
  )
  t.same(
    setLink('vx', { port: { learning: false, groupForwardMask: 0xfffd } }).body,
    bytes(`
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg
      07 00 03 00 76 78 00 00              // IFLA_IFNAME vx
      24 00 12 80                          // IFLA_LINKINFO
      0b 00 04 00 62 72 69 64 67 65 00 00  //   IFLA_INFO_SLAVE_KIND bridge
      14 00 05 80                          //   IFLA_INFO_SLAVE_DATA
      05 00 08 00 00 00 00 00              //     IFLA_BRPORT_LEARNING off
      06 00 1f 00 fd ff 00 00              //     IFLA_BRPORT_GROUP_FWD_MASK
    `),
  )
  t.same(
    setLink('vx', { addressGeneration: 1, alias: 'hej' }).body,
    bytes(`
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg
      07 00 03 00 76 78 00 00  // IFLA_IFNAME vx
      07 00 14 00 68 65 6a 00  // IFLA_IFALIAS without a zero of its own
      10 00 1a 80              // IFLA_AF_SPEC
      0c 00 0a 80              //   AF_INET6
      05 00 08 00 01 00 00 00  //     IFLA_INET6_ADDR_GEN_MODE none
    `),
  )
  t.match(deleteLink(5), { type: 17, flags: 0, subject: '5' })
})
