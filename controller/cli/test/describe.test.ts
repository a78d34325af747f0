import t, { type Test } from 'tap'
import type { Init } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { LinkView, VNetState } from '../../../proto/generated/weft.v1.ts'
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
  NODE  STATE  RESTARTS  HOST  HYPERVISOR  VIFS
  r1    ready  0         h1    lxc         vif1.0
  r2    ready  0         h2    lxc         vif1.0

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

const view: Init<LinkView> = {
  id: 'r1-r2',
  technology: 'qinq',
  mtu: 1450,
  hops: [
    {
      provider: 'pip1',
      host: 'h1',
      technology: 'qinq',
      identifier: 100 * 4096 + 7,
      nic: 'eth1',
      counters: {
        datapath: 'click',
        directions: [
          {
            from: 'r1.0',
            to: 'h2',
            packets: 120,
            bytes: 11_040,
            drops: [
              { reason: 'spoofed mac', packets: 3 },
              { reason: 'rate', packets: 7 },
            ],
          },
          { from: 'h2', to: 'r1.0', packets: 118, bytes: 10_980 },
        ],
      },
    },
    {
      provider: 'pip1',
      host: 'h2',
      nic: 'eth1',
      error: { code: 'call.unreachable', message: 'the agent of h2 is not connected', object: 'link/r1-r2' },
    },
  ],
}

t.test('a node that ended says how, how often it came back, and when it is tried again', async (t) => {
  const [r1, r2] = shop().nodes
  if (!r1 || !r2) throw new Error('the VNet has two nodes')
  const lastEnd = { how: 'crashed', reason: 'its process 1 was killed', unixMs: Date.UTC(2026, 0, 2) }
  const down = { ...r1, restarts: 4, lastEnd, nextTryUnixMs: Date.UTC(2026, 0, 2, 0, 0, 16) }
  const text = (await (await describing(t, shop({ nodes: [down, r2] })))('node', 'r1')).stdout
  t.match(text, /^Restarts: +4$/m)
  t.match(text, /^Last end: +crashed at 2026-01-02T00:00:00.000Z: its process 1 was killed$/m)
  t.match(text, /^Next try: +at 2026-01-02T00:00:16.000Z$/m)
})

t.test('a link hop by hop, with what each host has counted', async (t) => {
  const { directory, requests } = await play(t, 'vno', ({ link }) => (link ? { link: view } : { vnet: shop() }))
  const run = (...more: string[]) => weft(['describe', 'link', 'shop/r1-r2', '--run-dir', directory, ...more])
  const { stdout, stderr } = await run()
  t.equal(stderr, '')
  t.equal(
    stdout.slice(stdout.indexOf('Hops:')),
    `\
Hops:
  HOST  DATA PATH  TO NEXT     NIC   FROM  TO    PACKETS  BYTES  DROPPED
  h1    click      qinq 100.7  eth1  r1.0  h2    120      11040  3 spoofed mac, 7 rate
  h1    click      qinq 100.7  eth1  h2    r1.0  118      10980  0
  h2    -          -           eth1  -     -     -        -      -

Errors:
  error: the agent of h2 is not connected [call.unreachable] (host/h2)
`,
  )
  t.match(requests.at(-1), { link: { vnet: 'shop', link: 'r1-r2' } })
  const json = JSON.parse((await run('-o', 'json')).stdout)
  t.match(json, { vnet: 'shop', id: 'r1-r2', hops: [{ host: 'h1', counters: { datapath: 'click' } }, { host: 'h2' }] })
})

t.test('where nobody can be asked for the hops, what else is known is shown', async (t) => {
  const { directory } = await play(t, 'vno', ({ link }) => {
    if (link) throw new WeftError('call.unreachable', 'the VNP is not there')
    return { vnet: shop() }
  })
  const { status, stdout, stderr } = await weft(['describe', 'link', 'shop/r1-r2', '--run-dir', directory])
  t.equal(status, 0)
  t.match(stdout, /^Link: {8}r1-r2\n/)
  t.equal(stderr, 'its hops are not known: the VNP is not there [call.unreachable]\n')
})

t.test('a VNet and a node as JSON', async (t) => {
  const describe = await describing(t, shop())
  t.match(JSON.parse((await describe('vnet', 'shop', '-o', 'json')).stdout), { vnet: 'shop', links: [{ id: 'r1-r2' }] })
  t.match(JSON.parse((await describe('node', 'shop/r1', '-o', 'json')).stdout), { vnet: 'shop', id: 'r1', host: 'h1' })
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
