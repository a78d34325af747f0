/** The agent on a host of its own: real containers, real links, killed and started again. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { labProblem } from '../../lab/testing.ts'
import type { Init } from '../../proto/codec.ts'
import type { Slice, SliceNode } from '../../proto/generated/weft.v1.ts'
import { realHost } from './support/real-host.ts'

const skip = labProblem()
t.setTimeout(900_000)

const node = (id: string, n: number, change: Init<SliceNode> = {}): Init<SliceNode> => ({
  id,
  hypervisor: 'lxc',
  memoryBytes: 64 * 1024 * 1024,
  interfaces: [{ index: 0, mac: `02:00:00:00:00:0${n}`, addresses: [`10.0.0.${n}/24`], mtu: 1450 }],
  ...change,
})
const slice = (vnet: string, generation: number, change: Init<Slice> = {}): Init<Slice> => ({
  vnet,
  generation,
  nodes: [node('a', 1), node('b', 2)],
  links: [
    {
      id: 'a-b',
      mtu: 1450,
      ends: [
        { node: 'a', interface: 0 },
        { node: 'b', interface: 0 },
      ],
    },
  ],
  ...change,
})

t.test('two containers and a link: built, used, changed, removed without a trace', { skip }, async (t) => {
  const { start, call, until, untilGone, traces, run } = await realHost(t)
  await run('ip', 'link', 'add', 'br-mine', 'type', 'bridge')
  await run('ip', 'link', 'add', 'vif1.0', 'type', 'bridge')
  await start()
  const exec = async (vnet: string, id: string, ...argv: readonly string[]): Promise<string> => {
    const { exec: result } = await call({ exec: { vnet, node: id, argv, timeoutMs: 60_000 } })
    return `${result?.exitStatus} ${Buffer.from(result?.stdout ?? []).toString()}${Buffer.from(result?.stderr ?? []).toString()}`
  }
  const startUp = {
    files: [{ path: '/etc/bird/bird.conf', content: 'router id 10.0.0.1;\n', mode: 0o600 }],
    command: 'sysctl -w net.ipv4.ip_forward=1; ip -4 -o addr show dev eth0; cat /etc/bird/bird.conf; exit 7',
  }
  await call({ apply: { slice: slice('shop', 1, { nodes: [node('a', 1, { startUp }), node('b', 2)] }) } })
  await call({ apply: { slice: slice('other', 1) } })
  await until('shop', (reported) => reported.phase === 'PHASE_READY')
  await until('other', (reported) => reported.phase === 'PHASE_READY')

  t.match(await exec('shop', 'a', 'ping', '-c1', '-W20', '10.0.0.2'), /^0 .* 0% packet loss/s)
  t.match(
    await exec('shop', 'a', 'ping', '-c1', '-W20', '-s', '1422', '-M', 'do', '10.0.0.2'),
    /^0 /,
    'a frame of the MTU',
  )
  t.match(
    await exec('shop', 'a', 'ping', '-c1', '-W5', '-s', '1423', '-M', 'do', '10.0.0.2'),
    /^[12] /,
    'and none above',
  )
  let log = ''
  for (let tries = 0; tries < 200 && !log.includes('exit status'); tries++) {
    log = await exec('shop', 'a', 'cat', '/var/log/start-up.log')
    await sleep(50)
  }
  t.match(log, /ip_forward = 1\n.*inet 10\.0\.0\.1\/24.*router id 10\.0\.0\.1;\nstart-up: exit status 7/s)
  t.match(await exec('shop', 'a', 'hostname'), /^0 a\n/)
  t.match(await exec('shop', 'a', 'touch', '/usr/x'), /Read-only file system/)
  t.match(await exec('shop', 'a', 'cat', '/proc/self/uid_map'), /0 +100000 +65536/)
  t.match(await exec('shop', 'b', 'ls', '/etc/bird'), /^2 /, 'files are of one node')

  const links = await run('ip', '-o', '-d', 'link')
  t.match(links, /vif[2-9]\.0@.*alias weft:shop:node\/a/)
  t.match(await run('ip', '-o', 'link', 'show', 'vif1.0'), /vif1\.0: .* /, 'a name that was there is left alone')
  t.notMatch(await run('ip', '-6', '-o', 'addr'), /vif/, 'Dom0 does not speak on a guest’s network')

  const before = await run('virsh', '-q', '-c', 'lxc:///system', 'list')
  const moved = node('b', 3, {
    interfaces: [{ index: 0, mac: '02:00:00:00:00:02', addresses: ['10.0.0.3/24'], mtu: 1450 }],
  })
  await call({ apply: { slice: slice('shop', 2, { nodes: [node('a', 1, { startUp }), moved] }) } })
  await until('shop', (reported) => reported.generation === 2 && reported.phase === 'PHASE_READY')
  t.match(await exec('shop', 'a', 'ping', '-c1', '-W20', '10.0.0.3'), /^0 /)
  t.equal(await run('virsh', '-q', '-c', 'lxc:///system', 'list'), before, 'no container was started again')

  await call({ delete: { vnet: 'shop' } })
  await untilGone('shop')
  t.match(await exec('other', 'a', 'ping', '-c1', '-W20', '10.0.0.2'), /^0 /, 'the other VNet goes on')
  await call({ delete: { vnet: 'other' } })
  await untilGone('other')
  t.same(await traces(), ['vif1.0'])
  t.match(await run('ip', '-br', 'link', 'show', 'br-mine'), /br-mine/)
})

t.test('killed at any moment while it builds and removes, all converges', { skip }, async (t) => {
  const { start, call, until, untilGone, traces, run } = await realHost(t)
  const many = Array.from({ length: 5 }, (_, i) => node(`n${i}`, i + 1))
  const line = many.slice(1).map((_, i) => ({
    id: `l${i}`,
    mtu: 1450,
    ends: [
      { node: `n${i}`, interface: 0 },
      { node: `n${i + 1}`, interface: 1 },
    ],
  }))
  const nodes = many.map((one) => ({ ...one, interfaces: [...(one.interfaces ?? []), { index: 1, mtu: 1450 }] }))
  const wanted = (generation: number) => ({ apply: { slice: slice('line', generation, { nodes, links: line }) } })
  let agent = await start()
  const killed = async (afterMs: number): Promise<void> => {
    await sleep(afterMs)
    agent.kill('SIGKILL')
    await agent.exited
    agent = await start()
  }
  let generation = 0
  for (const afterMs of [20, 90, 200, 350]) {
    await call(wanted(++generation))
    await killed(afterMs)
    await killed(afterMs)
    await until('line', (reported) => reported.phase === 'PHASE_READY')
    const domains = (await run('virsh', '-q', '-c', 'lxc:///system', 'list', '--name')).split('\n').filter(Boolean)
    t.equal(domains.length, 5, `nothing twice after ${afterMs} ms`)
    t.equal((await traces()).filter((name) => /^vif/.test(name)).length, 10)
    await call({ delete: { vnet: 'line' } })
    generation++
    await killed(afterMs)
    await killed(afterMs)
    await untilGone('line')
    t.same(await traces(), [], `nothing left after ${afterMs} ms`)
  }
})

t.test('libvirtd goes and comes back: nodes run on, and what was asked for meanwhile is built', { skip }, async (t) => {
  const { start, call, until, untilGone, run, traces } = await realHost(t)
  await start()
  await call({ apply: { slice: slice('shop', 1) } })
  await until('shop', (reported) => reported.phase === 'PHASE_READY')
  const containers = async () => (await run('virsh', '-q', '-c', 'lxc:///system', 'list')).replace(/ +/g, ' ')
  const before = await containers()
  await run('sh', '-c', 'kill -9 $(cat /run/libvirtd.pid)')
  await call({ apply: { slice: slice('shop', 2, { nodes: [node('a', 1), node('b', 2), node('c', 3)] }) } })
  await until('shop', (reported) => reported.phase === 'PHASE_READY' && reported.nodes.length === 3)
  for (const line of before.trim().split('\n')) {
    t.match(await containers(), line.trim(), 'the same containers')
  }
  t.match((await call({ host: {} })).host?.inventory?.hypervisors, [
    { name: 'lxc', version: /^\d+\.\d+\.\d+$/, unavailable: '' },
  ])
  await call({ delete: { vnet: 'shop' } })
  await untilGone('shop')
  t.same(await traces(), [])
})

t.test('a container that ends is started again, and its link is mended', { skip }, async (t) => {
  const { start, call, until, run } = await realHost(t)
  await start()
  await call({ apply: { slice: slice('shop', 1) } })
  await until('shop', (reported) => reported.phase === 'PHASE_READY')
  const { slices } = await call({ get: { vnet: 'shop' } })
  const domain = slices?.slices[0]?.reported?.nodes[0]?.domain ?? ''
  const idOf = async () => (await run('virsh', '-q', '-c', 'lxc:///system', 'domid', domain)).trim()
  const before = await idOf()
  await run('virsh', '-q', '-c', 'lxc:///system', 'destroy', domain)
  for (let tries = 0; tries < 400 && ['-', before, ''].includes(await idOf()); tries++) await sleep(50)
  t.match(await idOf(), /^\d+$/)
  await until('shop', (reported) => reported.phase === 'PHASE_READY')
  const { exec } = await call({ exec: { vnet: 'shop', node: 'a', argv: ['ping', '-c1', '-W20', '10.0.0.2'] } })
  t.equal(exec?.exitStatus, 0)
})

t.test('a host without libvirt serves all the rest', { skip: labProblem([]) }, async (t) => {
  const { start, call, until, untilGone, traces, run, host } = await realHost(t, [])
  await run('sh', '-c', "echo 'hypervisors: {lxc: {}, fake: {namespaces: true}}' >/var/lib/weft/agent.yaml")
  await start({ config: '/var/lib/weft/agent.yaml' })
  t.ok(host)
  t.match((await call({ host: {} })).host?.inventory?.hypervisors, [
    { name: 'lxc', unavailable: /libvirt/ },
    { name: 'fake', unavailable: '' },
  ])
  await call({ apply: { slice: slice('shop', 1, { nodes: [node('a', 1), node('b', 2, { hypervisor: 'fake' })] }) } })
  await until('shop', (reported) => reported.nodes[1]?.state === 'OBJECT_STATE_READY')
  await until('shop', (reported) => reported.nodes[0]?.error?.code === 'hypervisor.unavailable')
  const nodes = ['a', 'b'].map((id, i) => node(id, i + 1, { hypervisor: 'fake' }))
  await call({ apply: { slice: slice('shop', 2, { nodes }) } })
  await until('shop', (reported) => reported.phase === 'PHASE_READY')
  const { exec } = await call({ exec: { vnet: 'shop', node: 'a', argv: ['ping', '-c1', '-W20', '10.0.0.2'] } })
  t.equal(exec?.exitStatus, 0)
  await call({ delete: { vnet: 'shop' } })
  await untilGone('shop')
  t.same(await traces(), [])
})
