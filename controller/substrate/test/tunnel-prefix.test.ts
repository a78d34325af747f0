import t from 'tap'
import { countTunnelAddresses, isInPrefix, parseTunnelPrefix, tunnelAddress } from '../tunnel-prefix.ts'

const addresses = (text: string): readonly string[] => {
  const prefix = parseTunnelPrefix(text)
  if (!prefix) return []
  return Array.from({ length: countTunnelAddresses(prefix) }, (_, index) => tunnelAddress(prefix, index))
}

t.test('a prefix gives all its addresses but those of the subnet and its broadcast', async (t) => {
  t.strictSame(addresses('198.18.1.0/30'), ['198.18.1.1', '198.18.1.2'])
  t.strictSame(addresses('198.18.1.0/31'), ['198.18.1.0', '198.18.1.1'])
  t.strictSame(addresses('198.18.1.7/32'), ['198.18.1.7'])
  t.equal(addresses('198.18.1.0/24').length, 254)
  t.strictSame(addresses(''), [])
  t.strictSame(addresses('fd00::/64'), [])
})

t.test('an address is in the prefix or is not', async (t) => {
  const prefix = parseTunnelPrefix('198.18.1.0/24')
  if (!prefix) throw new Error('no prefix')
  t.ok(isInPrefix(prefix, '198.18.1.0'))
  t.notOk(isInPrefix(prefix, '198.18.2.0'))
  t.notOk(isInPrefix(prefix, 'fd00::1'))
})
