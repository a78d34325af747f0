import t from 'tap'
import type { WeftError } from '../../../proto/errors.ts'
import type { Nic } from '../../../proto/generated/weft.v1.ts'
import { checkSubstrate } from '../check.ts'
import { parseSubstrate } from '../parse.ts'
import { inventories, inventory } from './fixtures.ts'

const substrate = parseSubstrate(
  `name: lab
hosts:
  h1: { cpu: 4, memory: 8 GiB, nics: { eth4: dedicated } }
  h2:
fabrics: { wan: }
links:
  - { ends: [h1/eth1, h2/eth1], capacity: 1 Gbit/s }
  - { ends: [h1/eth2, wan], capacity: 1 Gbit/s }
`,
  'lab.yaml',
)

const told = (errors: readonly WeftError[]) => errors.map(({ code, object, where }) => [code, object, where])
const withNic = (change: Partial<Nic>) => {
  const whole = inventory('h1')
  return { ...whole, nics: whole.nics.map((nic) => (nic.name === 'eth1' ? { ...nic, ...change } : nic)) }
}
const h2 = inventory('h2')

t.test('a substrate that is as declared has no errors', async (t) => {
  t.strictSame(checkSubstrate(substrate, inventories(inventory('h1'), h2)), [])
})

t.test('a host that no agent speaks for is told once', async (t) => {
  t.strictSame(told(checkSubstrate(substrate, inventories(inventory('h1')))), [
    ['substrate.mismatch', 'host/h2', 'lab.yaml:4'],
  ])
})

t.test('limits above what the agent sees are told', async (t) => {
  const small = inventory('h1', { cpus: 2, memoryBytes: 2 ** 30 })
  const errors = checkSubstrate(substrate, inventories(small, h2))
  t.match(
    errors.map(({ message }) => message),
    [/declared with 4 CPU, its agent sees 2 × 1/, /declared with 8 GiB of memory, its agent sees 1 GiB/],
  )
  t.strictSame(
    told(checkSubstrate({ ...substrate, cpuOvercommit: 2 }, inventories(inventory('h1', { cpus: 2 }), h2))),
    [],
  )
})

t.test('a NIC that no tunnel can leave by is told with the reason', async (t) => {
  for (const [change, reason] of [
    [{ name: 'ens1' }, /does not have it/],
    [{ up: false }, /is down/],
    [{ addresses: ['fe80::1/64', '169.254.3.4/16'] }, /no IPv4 address/],
    [{ mtu: 1329 }, /MTU is 1329, a tunnel needs at least 1330/],
    [{ rateBitsPerSecond: 1e8 }, /declared with 1 Gbit\/s, h1\/eth1 runs at 100 Mbit\/s/],
  ] as const) {
    const errors = checkSubstrate(substrate, inventories(withNic(change), h2))
    t.strictSame(told(errors), [['substrate.mismatch', 'link/h1-h2', 'lab.yaml:7']])
    t.match(errors[0]?.message, reason)
  }
  t.strictSame(checkSubstrate(substrate, inventories(withNic({ rateBitsPerSecond: 0 }), h2)), [], 'unknown rate')
})

t.test('a NIC for nodes that the host lacks is told', async (t) => {
  const whole = inventory('h1')
  const errors = checkSubstrate(substrate, inventories({ ...whole, nics: whole.nics.slice(0, 3) }, h2))
  t.match(errors, [{ object: 'host/h1', where: 'lab.yaml:3', message: /eth4/, hint: /eth1, eth2, eth3/ }])
})

t.test('a NIC that some technologies can use is told with them', async (t) => {
  const [error] = checkSubstrate(substrate, inventories(withNic({ addresses: [] }), h2))
  t.match(error?.message, /no IPv4 address: it carries vlan, qinq, mpls alone/)
  const [narrow] = checkSubstrate(substrate, inventories(withNic({ mtu: 1310 }), h2))
  t.match(narrow?.message, /at least 1330: it carries ipip, vlan, qinq, mpls alone/)
})

t.test('a tunnel prefix that an address of a NIC lies in is told', async (t) => {
  const text = 'name: lab\nhosts:\n  h1: { tunnel_prefix: 192.0.2.0/29 }\n  h2: { tunnel_prefix: 192.0.2.8/29 }\n'
  const errors = checkSubstrate(parseSubstrate(text, 'lab.yaml'), inventories(inventory('h1'), h2))
  t.match(errors, [
    {
      code: 'substrate.mismatch',
      object: 'host/h1',
      where: 'lab.yaml:3',
      message: /holds the address 192.0.2.1 of h1\/eth1/,
    },
  ])
  t.equal(errors.length, 1)
})
