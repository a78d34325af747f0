import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Link, Node } from '../../../proto/generated/weft.v1.ts'
import { impairmentsText, ownClickText, spoofingText } from '../view/asked.ts'

const link = (init: Init<Link>): Link => create('VNetRequest', { links: [init] }).links[0] as Link
const node = (init: Init<Node>): Node => create('VNetRequest', { nodes: [init] }).nodes[0] as Node

t.test('impairments are said once where both directions have them', async (t) => {
  const slow = { delayMicroseconds: 10_000, lossMillionths: 1000 }
  t.equal(impairmentsText(undefined), '')
  t.equal(impairmentsText(link({})), '')
  t.equal(impairmentsText(link({ impairmentAToB: {} })), '')
  t.equal(impairmentsText(link({ impairmentAToB: slow, impairmentBToA: slow })), 'delay 10 ms, loss 0.1 %')
  t.equal(impairmentsText(link({ impairmentBToA: slow })), 'b to a: delay 10 ms, loss 0.1 %')
  t.equal(
    impairmentsText(link({ impairmentAToB: { duplicateMillionths: 1 }, impairmentBToA: slow })),
    'a to b: duplicate 0.0001 %; b to a: delay 10 ms, loss 0.1 %',
  )
})

t.test('of interfaces it is said what is not guarded, and which have Click of their own', async (t) => {
  const all = { mac: 'off', ip: 'off', arp: 'off', nd: 'off', dhcpServer: 'off', ra: 'off' }
  const asked = node({
    interfaces: [
      { index: 0, antiSpoofing: { ip: 'off', dhcpServer: 'off', ra: 'on' } },
      { index: 1, click: 'input -> output' },
      { index: 2, antiSpoofing: all, click: 'input -> output' },
    ],
  })
  t.equal(spoofingText(asked), 'eth0 without ip, dhcp-server; eth2 off')
  t.equal(ownClickText(asked), 'eth1 eth2')
  t.equal(spoofingText(undefined) + ownClickText(node({})), '')
})
