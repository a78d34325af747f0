import t from 'tap'
import { formatIp, formatMac, parseIp, parseMac, parsePrefix } from '../codec/address.ts'

t.test('addresses keep their meaning between text and bytes', async (t) => {
  const cases: readonly [string, string][] = [
    ['192.0.2.1', 'c0000201'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fd00::1', 'fd000000000000000000000000000001'],
    ['2001:db8::8:800:200c:417a', '20010db80000000000080800200c417a'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1::4:0:0:8', '00010000000000000004000000000008'],
    ['1:0:3:4:5:6:7:8', '00010000000300040005000600070008'],
  ]
  for (const [text, hex] of cases) {
    t.equal(parseIp(text).toString('hex'), hex, text)
    t.equal(formatIp(Buffer.from(hex, 'hex')), text)
  }
  t.equal(formatIp(parseIp('::ffff:192.0.2.1')), '::ffff:c000:201')
  t.equal(formatIp(Buffer.alloc(3)), '')
  t.equal(formatMac(parseMac('02:00:5E:00:00:ff')), '02:00:5e:00:00:ff')
  t.same(parsePrefix('10.0.0.1/24'), { address: Buffer.from([10, 0, 0, 1]), length: 24 })
  t.equal(parsePrefix('fd00::1').length, 128)
})

t.test('what is no address is refused', async (t) => {
  for (const text of ['', '10.0.0', '10.0.0.256', 'fe80::1%eth0', ':::', 'x']) {
    t.throws(() => parseIp(text), { code: 'ERR_NETLINK_CODEC' }, text)
  }
  for (const text of ['', '02:00:00:00:00', '02-00-00-00-00-01', 'g2:00:00:00:00:01']) {
    t.throws(() => parseMac(text), { code: 'ERR_NETLINK_CODEC' }, text)
  }
  for (const text of ['10.0.0.1/33', '10.0.0.1/', '10.0.0.1/-1', '10.0.0.1/8/8', 'fd00::/129']) {
    t.throws(() => parsePrefix(text), { code: 'ERR_NETLINK_CODEC' }, text)
  }
})
