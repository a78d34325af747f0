import t, { type Test } from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { play, shop, weft } from './support.ts'

const describing = async (t: Test, state: VNetState) => {
  const { directory } = await play(t, 'vno', ({ get }) => {
    if (get?.vnet === '') return { vnets: { vnets: [state] } }
    if (get?.vnet !== state.vnet) throw new WeftError('vnet.unknown', 'there is no such VNet')
    return { vnet: state }
  })
  return (...argv: string[]) => weft(['describe', ...argv, '--run-dir', directory])
}

t.test('a VNet: phase, times, nodes, links', async (t) => {
  const describe = await describing(t, shop())
  t.equal(
    (await describe('vnet', 'shop')).stdout,
    `\
VNet:        shop
Owner:       alice
Phase:       ready
Generation:  3
Prefix:      10.1.0.0/16

Times:
  PHASE    TOOK
  mapping  20 ms
  nodes    1.5 s

Nodes:
  NODE  STATE  HOST  HYPERVISOR  VIFS
  r1    ready  h1    lxc         vif1.0
  r2    ready  h2    lxc         vif1.0

Links:
  LINK   STATE  ENDS         RATE       TECHNOLOGY  PATH
  r1-r2  ready  r1.0 - r2.0  10 Mbit/s  vxlan       h1-h2
`,
  )
})

t.test('a node and a link', async (t) => {
  const describe = await describing(t, shop())
  const node = `\
Node:        r1
VNet:        shop
State:       ready
Provider:    pip1
Host:        h1
Hypervisor:  lxc
Domain:      weft-1
CPUs:        1
Memory:      64 MiB

Interfaces:
  INTERFACE  VIF     ADDRESSES    LINK   MAC
  eth0       vif1.0  10.1.0.1/30  r1-r2  02:00:00:00:00:01
`
  t.equal((await describe('node', 'shop/r1')).stdout, node)
  t.equal((await describe('node', 'r1')).stdout, node)
  t.equal(
    (await describe('link', 'shop/r1-r2')).stdout,
    `\
Link:        r1-r2
VNet:        shop
State:       ready
Ends:        r1.0 - r2.0
Rate:        10 Mbit/s
Technology:  vxlan
MTU:         1450
Path:        h1 - h2

Ends:
  NODE  INTERFACE  VIF     HOST  ADDRESSES    MAC
  r1    eth0       vif1.0  h1    10.1.0.1/30  02:00:00:00:00:01
  r2    eth0       vif1.0  h2    10.1.0.2/30  02:00:00:00:00:02
`,
  )
})

t.test('errors stand at the end, each with its object', async (t) => {
  const state = shop()
  const error = { code: 'datapath.failed', message: 'no room', object: '', where: '', hint: 'make some' }
  const links = state.links.map((link) => ({ ...link, error }))
  const describe = await describing(t, { ...state, links })
  t.match(
    (await describe('vnet', 'shop')).stdout,
    /\nErrors:\n {2}error: no room \[datapath\.failed\] \(link\/r1-r2\)\n {2}hint: make some\n$/,
  )
})

t.test('what is not there, and what is nothing', async (t) => {
  const describe = await describing(t, shop())
  t.match(await describe('vnet', 'shp'), { status: 1, stderr: /\[vnet\.unknown\]/ })
  t.match(await describe('link', 'r1-r3'), {
    status: 1,
    stderr: /no VNet has a link r1-r3\nhint: did you mean "r1-r2"/,
  })
  t.match(await describe('thing', 'x'), { status: 1, stderr: /"thing" is nothing to describe/ })
  t.match(await describe('node', 'shop/r1', '--vnet', 'store'), { status: 1, stderr: /--vnet says store/ })
})
