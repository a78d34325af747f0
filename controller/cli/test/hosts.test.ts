import t from 'tap'
import type { Init } from '../../../proto/codec.ts'
import type { HostEntry, HostReply, HostView, SliceView } from '../../../proto/generated/weft.v1.ts'
import { play, playAgent, weft } from './support.ts'

const GiB = 2 ** 30

const view: Init<HostView> = {
  status: {
    online: true,
    bootId: 'b0',
    session: 2,
    agentVersion: '1.2.3',
    libvirtVersion: '9.0.0',
    kernelVersion: '6.1',
  },
  inventory: {
    host: 'h1',
    cpus: 4,
    memoryBytes: 8 * GiB,
    nics: [
      {
        name: 'eth1',
        mac: '02:00:00:00:01:01',
        addresses: ['192.0.2.1/24'],
        mtu: 1600,
        rateBitsPerSecond: 1e9,
        up: true,
        role: 'underlay',
      },
    ],
    hypervisors: [
      { name: 'lxc', version: '9.0.0' },
      { name: 'xen', unavailable: 'no /proc/xen' },
    ],
    datapaths: [{ name: 'bridge', technologies: ['vxlan'] }],
    location: { name: 'eu/london' },
  },
  usage: {
    cpuMillis: 250,
    memoryAvailableBytes: 6 * GiB,
    diskAvailableBytes: 100 * GiB,
    nodes: 2,
    links: 1,
    nics: [{ name: 'eth1', receiveBytes: 2048, transmitBytes: 1024 }],
  },
}

const entry: Init<HostEntry> = { name: 'h1', ...view, reservedCpuMillis: 1500, reservedMemoryBytes: GiB }

t.test('hosts of a PIP: what they have, what is reserved, what is wrong', async (t) => {
  const problem = {
    code: 'substrate.mismatch',
    message: 'eth1 runs at 1 Gbit/s, 10 Gbit/s are declared',
    object: 'host/h1',
  }
  const hosts = [{ ...entry, problems: [problem] }, { name: 'h2' }]
  const { directory, requests } = await play(t, 'pip', () => ({ hosts: { hosts } }))
  const run = (...argv: string[]) => weft(['hosts', ...argv, '--run-dir', directory])
  const { status, stdout, stderr } = await run()
  t.equal(
    stdout,
    `\
HOST  STATE       CPU RESERVED  MEMORY RESERVED  NODES  LINKS  HYPERVISORS  LOCATION   PROBLEMS
h1    online      1.5 CPU of 4  1 GiB of 8 GiB   2      1      lxc          eu/london  1
h2    never seen  0 CPU         0 B              -      -      -            -          -
`,
  )
  t.equal(stderr, `error: ${problem.message} [substrate.mismatch] (host/h1)\n`)
  t.equal(status, 0)
  t.match(requests, [{ hosts: {} }])
  t.equal((await run('-o', 'name')).stdout, 'host/h1\nhost/h2\n')
  t.match(JSON.parse((await run('h1', '-o', 'json')).stdout), { name: 'h1', reservedCpuMillis: 1500 })
  t.match(await run('h3'), { status: 1, stderr: 'error: there is no host h3\nhint: did you mean "h1"?\n' })
})

const slice: Init<SliceView> = {
  desired: { vnet: 'alice.shop', owner: 'controller', generation: 3, epoch: 5 },
  reported: {
    vnet: 'alice.shop',
    generation: 3,
    epoch: 5,
    phase: 'PHASE_DEGRADED',
    nodes: [
      {
        id: 'r1',
        state: 'OBJECT_STATE_READY',
        hypervisor: 'lxc',
        domain: 'weft-1',
        vifs: [{ name: 'vif1.0', addresses: ['10.1.0.1/30'] }],
      },
    ],
    links: [
      {
        id: 'r1-r2',
        state: 'OBJECT_STATE_FAILED',
        mtu: 1450,
        interfaces: ['wb1', 'wt1'],
        error: { code: 'datapath.failed', message: 'no room' },
      },
    ],
  },
}

const agent = (t: Parameters<typeof playAgent>[0]) =>
  playAgent(t, ({ host, get }): Init<HostReply> => {
    if (host) return { host: view }
    return { slices: { slices: get?.vnet === '' || get?.vnet === 'alice.shop' ? [slice] : [] } }
  })

t.test('the host by its agent alone', async (t) => {
  const directory = await agent(t)
  const { status, stdout } = await weft(['host', '--run-dir', directory])
  t.equal(
    stdout,
    `\
Host:      h1
Online:    yes
Location:  eu/london
CPUs:      0.25 CPU used of 4
Memory:    6 GiB free of 8 GiB
Disk:      100 GiB free
Nodes:     2
Links:     1
Agent:     1.2.3
libvirt:   9.0.0
Kernel:    6.1
Boot:      b0

Hypervisors:
  NAME  VERSION  USABLE
  lxc   9.0.0    yes
  xen   -        no: no /proc/xen

Data paths:
  NAME    TECHNOLOGIES  USABLE
  bridge  vxlan         yes

NICs:
  NIC   ROLE      STATE  RATE      MTU   ADDRESSES     RECEIVED  SENT
  eth1  underlay  up     1 Gbit/s  1600  192.0.2.1/24  2 KiB     1 KiB

Parts of VNets:
  NAME        PHASE     GENERATION  NODES  LINKS  OWNER
  alice.shop  degraded  3           1/1    0/1    controller
`,
  )
  t.equal(status, 0)
  t.match(JSON.parse((await weft(['host', '-o', 'json', '--run-dir', directory])).stdout), {
    inventory: { host: 'h1' },
  })
})

t.test('its parts of VNets', async (t) => {
  const directory = await agent(t)
  const run = async (...argv: string[]) => weft(['host', ...argv, '--run-dir', directory])
  t.equal((await run('get', '-o', 'name')).stdout, 'slice/alice.shop\n')
  t.equal(
    (await run('describe', 'alice.shop')).stdout,
    `\
VNet:        alice.shop
Owner:       controller
Phase:       degraded
Wanted:      present
Generation:  3 wanted, 3 reported
Epoch:       5

Nodes:
  NODE  STATE  HYPERVISOR  DOMAIN  VIFS    ADDRESSES
  r1    ready  lxc         weft-1  vif1.0  10.1.0.1/30

Links:
  LINK   STATE   MTU   INTERFACES
  r1-r2  failed  1450  wb1,wt1

Errors:
  error: no room [datapath.failed] (link/r1-r2)
`,
  )
  t.match(await run('describe', 'bob.shop'), { status: 1, stderr: /\[vnet\.unknown\]/ })
})

t.test('the Click router of an interface', async (t) => {
  const asked: unknown[] = []
  const text = 'FromDevice(vif1.0) -> sent :: Counter -> Discard;\n'
  const directory = await playAgent(t, ({ router }): Init<HostReply> => {
    asked.push(router)
    return {
      router: { text, state: 'running', handlers: router?.handlers ? [{ name: 'sent.count', value: '7' }] : [] },
    }
  })
  const run = (...argv: string[]) => weft(['host', 'click', ...argv, '--run-dir', directory])
  t.match(await run('alice.shop/r1.0'), { status: 0, stdout: text, stderr: '' })
  t.match(await run('alice.shop/r1.12', '--handlers'), { status: 0, stdout: `${text}sent.count: 7\n` })
  t.match(asked, [
    { vnet: 'alice.shop', node: 'r1', interface: 0, handlers: false },
    { vnet: 'alice.shop', node: 'r1', interface: 12, handlers: true },
  ])
  for (const wrong of ['r1.0', 'alice.shop/r1', 'alice.shop/r1.eth0']) t.not((await run(wrong)).status, 0, wrong)
})
