/** Containers of a pool that become nodes of VNets, while the agent is killed at whatever point of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { labProblem } from '../../lab/testing.ts'
import type { Init } from '../../proto/codec.ts'
import type { Slice, SliceNode } from '../../proto/generated/weft.v1.ts'
import { realHost } from './support/real-host.ts'

const skip = labProblem()
t.setTimeout(900_000)

const pool = 'pool-small'
const memoryBytes = 64 * 1024 * 1024

const interfaces = [{ index: 0 }, { index: 1 }]
const idle = (id: string): Init<SliceNode> => ({
  id,
  hypervisor: 'lxc',
  memoryBytes,
  interfaces,
  restartPolicy: 'always',
})

/** One node, taken from the pool, and its command. */
const taking = (vnet: string, from: string): Init<Slice> => ({
  vnet,
  generation: 1,
  nodes: [
    {
      id: 'a',
      hypervisor: 'lxc',
      memoryBytes,
      pooled: `${pool}/${from}`,
      interfaces: [{ index: 0, mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'], mtu: 1450 }],
      startUp: { command: 'hostname >>/root/runs', files: [{ path: '/root/told', content: vnet }] },
    },
  ],
})

/** Milliseconds from when a VNet is accepted until the agent is killed: before, during and after the take. */
const delays = [0, 8, 30, 60, 120]

t.test('a container that is being taken when the agent is killed is taken once, and wholly', { skip }, async (t) => {
  const { start, call, until, untilGone, traces } = await realHost(t)
  let agent = await start()
  const ids = delays.map((_, i) => `n${i}`)
  const apply = (slice: Init<Slice>) => call({ apply: { slice } })
  const domains = async (vnet: string): Promise<readonly string[]> => {
    const { slices } = await call({ get: { vnet } })
    return slices?.slices[0]?.reported?.nodes.map(({ domain }) => domain) ?? []
  }
  await apply({ vnet: pool, generation: 1, nodes: ids.map(idle) })
  await until(pool, ({ phase, nodes }) => phase === 'PHASE_READY' && nodes.length === ids.length)
  const before = await domains(pool)

  for (const [i, delayMs] of delays.entries()) {
    const vnet = `shop${i}`
    await apply(taking(vnet, `n${i}`))
    await sleep(delayMs)
    agent.kill('SIGKILL')
    await agent.exited
    agent = await start()
    await until(vnet, ({ phase }) => phase === 'PHASE_READY')
    t.same(await domains(vnet), [before[i]], `killed after ${delayMs} ms: it is the one that ran`)
    const command = 'until [ -e /root/runs ]; do sleep 0.1; done; cat /root/runs /etc/hostname /root/told; ip -o addr'
    const { exec } = await call({ exec: { vnet, node: 'a', argv: ['sh', '-c', command], timeoutMs: 60_000 } })
    const said = Buffer.from(exec?.stdout ?? []).toString()
    t.match(said, new RegExp(`^a\\na\\n${vnet}.*10\\.0\\.0\\.1/24`, 's'), 'it was told all, and its command ran once')
  }
  await until(pool, ({ phase, nodes }) => phase === 'PHASE_READY' && nodes.length === 0)

  await apply({ vnet: pool, generation: 2, absent: true })
  await untilGone(pool)
  for (const i of delays.keys()) await apply({ vnet: `shop${i}`, generation: 2, absent: true })
  for (const i of delays.keys()) await untilGone(`shop${i}`)
  t.same(await traces(), [])
})
