import t from 'tap'
import { WeftError } from '../../../../proto/errors.ts'
import type { Link } from '../../../netlink/link/link.ts'
import { compileAnywhere, readConfiguration } from '../configuration.ts'
import { preferXdp, xdpDevices } from '../hooks.ts'

/** Two network cards and a guest's interface. */
const interfaces = new Map(
  [
    ['eth0', undefined],
    ['eth1', undefined],
    ['vif1.0', { kind: 'veth' }],
  ].map(([name, info]) => [name as string, { name, hardware: 1, info } as Link]),
)
const chosen = (text: string, refused: readonly string[] = []): readonly string[] => {
  const { graph } = readConfiguration(text, 'test.click')
  return xdpDevices(compileAnywhere(graph, { room: {}, xdp: [] }), interfaces, new Set(refused))
}

t.test('packets between network cards are taken in XDP', async (t) => {
  const between = 'FromDevice(eth0) -> Queue -> ToDevice(eth1); FromDevice(eth1) -> Queue -> ToDevice(eth0)'
  t.same(chosen(between), ['eth0', 'eth1'])
  t.same(chosen('FromDevice(eth0) -> Discard'), ['eth0'])
  t.same(chosen('FromDevice(eth0) -> Queue -> ToDevice(eth0)'), ['eth0'])
  t.same(chosen(between, ['eth1']), [], 'one of them has refused')
})

t.test('where a guest or another device gets packets, nothing is', async (t) => {
  t.same(chosen('FromDevice(vif1.0) -> Discard'), [])
  t.same(chosen('FromDevice(eth0) -> Queue -> ToDevice(vif1.0)'), [])
  t.same(
    chosen('FromDevice(eth0) -> Queue -> ToDevice(eth1)'),
    [],
    'a card without a program of ours may send nothing in XDP',
  )
})

t.test('what ATTACH says goes first', async (t) => {
  t.same(chosen('FromDevice(eth0, ATTACH tcx) -> Discard'), [])
  t.same(chosen('FromDevice(eth0, ATTACH xdp) -> Discard; FromDevice(eth1) -> Queue -> ToDevice(eth0)'), ['eth1'])
})

t.test('what cannot be compiled for XDP is compiled without', async (t) => {
  const refuse = () => {
    throw new WeftError('not-supported', 'a copy of a packet, in XDP, not supported')
  }
  t.equal(preferXdp(['eth0'], refuse), undefined)
  t.equal(
    preferXdp([], () => t.fail('nobody asked')),
    undefined,
  )
  t.same(
    preferXdp(['eth0'], (devices) => devices),
    ['eth0'],
  )
  t.throws(
    () =>
      preferXdp(['eth0'], () => {
        throw new TypeError('a defect')
      }),
    TypeError,
  )
})
