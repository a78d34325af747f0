/** Physical interfaces of a host, given to nodes by an agent that is killed in between: shared, alone, lost, found again and given back. */
import t from 'tap'
import { labProblem } from '../../lab/testing.ts'
import type { Init } from '../../proto/codec.ts'
import type { Slice, SliceInterface } from '../../proto/generated/weft.v1.ts'
import { realHost } from './support/real-host.ts'

const skip = labProblem([])
t.setTimeout(900_000)

/** `alone`: the data path of eth8, which one node has for itself. */
const slice = (generation: number, alone = 'click'): Init<Slice> => {
  const on = (node: number, index: number, change: Init<SliceInterface>): Init<SliceInterface> => ({
    index,
    mac: `02:00:00:00:0${node}:0${index}`,
    addresses: [`10.0.${index}.${node}/24`],
    mtu: 1450,
    guards: ['mac'],
    ...change,
  })
  const shared = { nic: 'eth9', nicShared: true }
  return {
    vnet: 'shop',
    generation,
    nodes: [
      {
        id: 'a',
        hypervisor: 'fake',
        interfaces: [on(1, 0, { ...shared, forwarding: 'click' }), on(1, 1, { nic: 'eth8', forwarding: alone })],
      },
      {
        id: 'b',
        hypervisor: 'fake',
        interfaces: [on(2, 0, { ...shared, forwarding: 'bridge' }), on(2, 2, { nic: 'eth7', forwarding: 'bridge' })],
      },
    ],
  }
}

t.test('interfaces of a host are given to nodes, and given back as they were', { skip }, async (t) => {
  const { start, call, until, untilGone, traces, run } = await realHost(t, [])
  await run('ip', 'netns', 'add', 'outside')
  t.teardown(() => run('ip', 'netns', 'del', 'outside'))
  const wire = async (nic: string, address: string): Promise<void> => {
    await run('ip', 'link', 'add', nic, 'type', 'veth', 'peer', 'name', `o${nic}`, 'netns', 'outside')
    await run('ip', '-n', 'outside', 'address', 'add', address, 'dev', `o${nic}`)
    await run('ip', '-n', 'outside', 'link', 'set', `o${nic}`, 'up')
  }
  const wires = { eth7: '10.0.2.9/24', eth8: '10.0.1.9/24', eth9: '10.0.0.9/24' }
  for (const [nic, address] of Object.entries(wires)) await wire(nic, address)
  const looks = async (): Promise<readonly string[]> => {
    const shown = Object.keys(wires).map((nic) => run('ip', '-d', '-o', 'link', 'show', nic))
    return (await Promise.all(shown)).map((text) => text.replace('qdisc noop', 'qdisc noqueue'))
  }
  const was = await looks()

  await run('sh', '-c', "echo 'hypervisors: {fake: {namespaces: true}}' >/var/lib/weft/agent.yaml")
  let agent = await start({ config: '/var/lib/weft/agent.yaml' })
  await call({ apply: { slice: slice(1) } })
  await until('shop', ({ phase }) => phase === 'PHASE_READY')
  const reaches = async (node: string, address: string): Promise<void> => {
    const argv = ['ping', '-c', '1', '-w', '50', address]
    const { exec } = await call({ exec: { vnet: 'shop', node, argv, timeoutMs: 60_000 } })
    t.equal(exec?.exitStatus, 0, `${node} reaches ${address}`)
  }
  await reaches('a', '10.0.0.9')
  await reaches('a', '10.0.0.2')
  await reaches('a', '10.0.1.9')
  await reaches('b', '10.0.0.9')
  await reaches('b', '10.0.2.9')

  for (const [generation, alone] of [
    [2, 'bridge'],
    [3, 'click'],
  ] as const) {
    await call({ apply: { slice: slice(generation, alone) } })
    await until('shop', (reported) => reported.generation === generation && reported.phase === 'PHASE_READY')
    await reaches('a', '10.0.1.9')
  }

  for (const nic of ['eth8', 'eth9']) {
    await run('ip', 'link', 'del', nic)
    await until('shop', ({ links }) => links.some(({ error }) => error?.code === 'nic.unknown'))
    await wire(nic, wires[nic as keyof typeof wires])
    await until('shop', ({ phase }) => phase === 'PHASE_READY')
  }
  // Who is outside has another Ethernet address now, which neighbours would take a while to learn.
  await call({ exec: { vnet: 'shop', node: 'a', argv: ['ip', 'neighbour', 'flush', 'all'], timeoutMs: 60_000 } })
  await reaches('a', '10.0.1.9')
  await reaches('a', '10.0.0.9')

  agent.kill('SIGKILL')
  await agent.exited
  agent = await start({ config: '/var/lib/weft/agent.yaml' })
  await until('shop', ({ phase }) => phase === 'PHASE_READY')
  await call({ delete: { vnet: 'shop' } })
  await untilGone('shop')
  t.same(await traces(), [])
  t.notMatch(await run('ip', '-br', 'link'), /^w/m, 'no bridge is left')
  // What was made anew has another number and another address.
  const own = /^\d+: |@if\d+|link\/ether \S+/g
  t.same(
    (await looks()).map((text) => text.replaceAll(own, '')),
    was.map((text) => text.replaceAll(own, '')),
  )
})
