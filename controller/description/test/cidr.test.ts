import t from 'tap'
import {
  type Cidr,
  formatAddress,
  formatSubnet,
  freeLinkSubnets,
  hostAddressProblem,
  parseCidr,
  prefixProblem,
} from '../cidr.ts'

const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text)
  if (!parsed) throw new Error(`${text} is no address/length`)
  return parsed
}

t.test('addresses of both families are read', async (t) => {
  t.match(cidr('10.7.0.5/30'), { family: 4, length: 30, first: 0x0a070004n, last: 0x0a070007n, address: 0x0a070005n })
  t.match(cidr('0.0.0.0/0'), { first: 0n, last: 0xffffffffn })
  t.equal(cidr('2001:db8::1/64').address, 0x20010db8000000000000000000000001n)
  t.equal(cidr('::ffff:10.0.0.1/128').address, 0xffff0a000001n)
  t.equal(cidr('fe80::/10').last - cidr('fe80::/10').first, 2n ** 118n - 1n)
  t.equal(formatAddress(6, cidr('2001:db8::a:1/64').address), '2001:db8:0:0:0:0:a:1')
  t.equal(formatSubnet(cidr('10.7.0.5/30')), '10.7.0.4/30')
  for (const text of [
    '10.0.0.1',
    '10.0.0.1/33',
    '10.0.0/8',
    '010.0.0.1/8',
    '10.0.0.1/08',
    '::1/129',
    'a::b::c/64',
    '/8',
    '1.2.3.4/',
    'fe80::1%eth0/64',
  ]) {
    t.equal(parseCidr(text), undefined, text)
  }
})

t.test('addresses that no interface can have are known', async (t) => {
  for (const text of [
    '10.0.0.0/30',
    '10.0.0.3/30',
    '0.0.0.1/8',
    '127.0.0.1/8',
    '224.0.0.1/24',
    '255.255.255.255/32',
    'ff02::1/64',
    '::/64',
    '::1/128',
    '10.0.0.1/0',
  ]) {
    t.match(hostAddressProblem(cidr(text)), /./, text)
  }
  for (const text of ['10.0.0.1/30', '10.0.0.0/31', '10.0.0.3/32', 'fd00::/64', 'fe80::1/64']) {
    t.equal(hostAddressProblem(cidr(text)), undefined, text)
  }
  for (const text of ['10.0.0.1/8', '0.0.0.0/8', '10.0.0.0/7', 'fd00::/64', '240.0.0.0/8'])
    t.match(prefixProblem(cidr(text)), /./, text)
  t.equal(prefixProblem(cidr('10.0.0.0/8')), undefined)
})

t.test('subnets for links are given out in order, around those that are taken', async (t) => {
  const free = (prefix: string, ...taken: string[]) =>
    [...freeLinkSubnets(cidr(prefix), taken.map(cidr))].map(formatSubnet)
  t.same(free('10.0.0.0/28'), ['10.0.0.0/30', '10.0.0.4/30', '10.0.0.8/30', '10.0.0.12/30'])
  t.same(free('10.0.0.0/28', '10.0.0.5/32', '10.0.0.6/32', '10.0.0.9/30', '172.16.0.1/24', 'fd00::1/64'), [
    '10.0.0.0/30',
    '10.0.0.12/30',
  ])
  t.same(free('10.0.0.0/28', '10.0.0.3/29'), ['10.0.0.8/30', '10.0.0.12/30'])
  t.same(free('10.0.0.0/28', '10.0.0.1/24', '10.0.0.1/30'), [])
  t.same(free('10.0.0.0/30'), ['10.0.0.0/30'])
  t.same(free('10.0.0.0/31'), [])
  t.equal(formatSubnet(freeLinkSubnets(cidr('10.0.0.0/8'), [cidr('10.0.0.1/9')]).next().value as Cidr), '10.128.0.0/30')
})
