import t from 'tap'
import { addAddress, decodeAddress } from '../address.ts'
import { addNeighbour, decodeNeighbour } from '../neighbour.ts'
import { addRoute, decodeRoute } from '../routing.ts'
import { bytes, message, otherOrder } from './support/bytes.ts'

t.test('addresses of both families', { skip: otherOrder }, async (t) => {
  const inet = bytes(`
    02 18 80 00 03 00 00 00  // AF_INET, /24, permanent, universe, index 3
    08 00 01 00 0a 00 00 01  // IFA_ADDRESS 10.0.0.1
    08 00 02 00 0a 00 00 01  // IFA_LOCAL 10.0.0.1
    07 00 03 00 76 30 00 00  // IFA_LABEL v0
    08 00 08 00 80 00 00 00  // IFA_FLAGS
  `)
  t.same(decodeAddress(message(inet)), { index: 3, family: 4, address: '10.0.0.1/24', scope: 0, flags: 0x80 })
  const inet6 = bytes(`
    0a 40 c0 fd 02 00 00 00                                          // AF_INET6, /64, scope link, index 2
    14 00 01 00 fe 80 00 00 00 00 00 00 f0 54 93 ff fe 98 25 c3      // IFA_ADDRESS
    08 00 08 00 c0 00 00 00                                          // IFA_FLAGS: permanent, tentative
  `)
  t.match(decodeAddress(message(inet6)), { family: 6, address: 'fe80::f054:93ff:fe98:25c3/64', scope: 253 })
  t.same(
    addAddress(3, '10.0.0.1/24').body,
    bytes(`
      02 18 00 00 03 00 00 00  // AF_INET, /24, index 3
      08 00 02 00 0a 00 00 01  // IFA_LOCAL
      08 00 01 00 0a 00 00 01  // IFA_ADDRESS
    `),
  )
  t.match(addAddress(3, 'fd00::1/64'), { flags: 0x500, operation: 'address replace', subject: 'fd00::1/64 dev 3' })
  t.throws(() => addAddress(3, '10.0.0.1/99'), { code: 'ERR_NETLINK_CODEC' })
})

t.test('routes, by a gateway and over several next hops', { skip: otherOrder }, async (t) => {
  const gateway = bytes(`
    02 10 00 00 fe 03 00 01 00 00 00 00  // AF_INET, /16, table main, boot, universe, unicast
    08 00 0f 00 fe 00 00 00              // RTA_TABLE main
    08 00 01 00 0a 09 00 00              // RTA_DST 10.9.0.0
    08 00 06 00 07 00 00 00              // RTA_PRIORITY 7
    08 00 05 00 0a 00 00 02              // RTA_GATEWAY 10.0.0.2
    08 00 04 00 03 00 00 00              // RTA_OIF 3
  `)
  t.same(decodeRoute(message(gateway)), {
    family: 4,
    destination: '10.9.0.0/16',
    gateway: '10.0.0.2',
    index: 3,
    nextHops: [],
    table: 254,
    protocol: 3,
    kind: 1,
    metric: 7,
  })
  const several = bytes(`
    02 10 00 00 fe 03 00 01 00 00 00 00              // AF_INET, /16
    08 00 01 00 0a 08 00 00                          // RTA_DST 10.8.0.0
    24 00 09 00                                      // RTA_MULTIPATH
    10 00 00 00 03 00 00 00 08 00 05 00 0a 00 00 02  //   index 3 via 10.0.0.2
    10 00 00 00 04 00 00 00 08 00 05 00 0a 00 00 03  //   index 4 via 10.0.0.3
  `)
  t.match(decodeRoute(message(several)), { destination: '10.8.0.0/16', index: 0, nextHops: [3, 4] })
  t.match(decodeRoute(message(bytes('0a 00 00 00 fe 02 00 01 00 00 00 00'))), { family: 6, destination: '::/0' })
  t.same(
    addRoute({ destination: '10.9.0.0/16', gateway: '10.0.0.2', index: 3 }).body,
    bytes(`
      02 10 00 00 fe 04 00 01 00 00 00 00  // AF_INET, /16, table main, static, universe, unicast
      08 00 01 00 0a 09 00 00              // RTA_DST
      08 00 05 00 0a 00 00 02              // RTA_GATEWAY
      08 00 04 00 03 00 00 00              // RTA_OIF
      08 00 0f 00 fe 00 00 00              // RTA_TABLE
    `),
  )
})

t.test('neighbours', { skip: otherOrder }, async (t) => {
  const { body } = addNeighbour(3, '10.0.0.9', '02:00:00:00:00:09')
  t.same(
    body,
    bytes(`
      02 00 00 00 03 00 00 00 80 00 00 00  // AF_INET, index 3, NUD_PERMANENT
      08 00 01 00 0a 00 00 09              // NDA_DST
      0a 00 02 00 02 00 00 00 00 09 00 00  // NDA_LLADDR
    `),
  )
  t.match(decodeNeighbour(message(body)), { index: 3, address: '10.0.0.9', mac: '02:00:00:00:00:09', state: 0x80 })
})
