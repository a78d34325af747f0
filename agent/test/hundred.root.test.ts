/** A hundred containers on one host: they start, work and go, as many at a time as the host's CPUs can use. */
import { availableParallelism } from 'node:os'
import t from 'tap'
import { labProblem } from '../../lab/testing.ts'
import type { Init } from '../../proto/codec.ts'
import type { SliceLink, SliceNode } from '../../proto/generated/weft.v1.ts'
import { parallelContainers } from '../hypervisor/drivers.ts'
import { realHost } from './support/real-host.ts'

const skip = labProblem()
t.setTimeout(1_200_000)

const vnet = 'hundred'
const pairs = 50

const hex = (n: number): string => n.toString(16).padStart(2, '0')

const node = (id: string, n: number, last: number): Init<SliceNode> => ({
  id,
  hypervisor: 'lxc',
  memoryBytes: 32 * 1024 * 1024,
  interfaces: [{ index: 0, mac: `02:00:00:00:${hex(last)}:${hex(n)}`, addresses: [`10.0.${n}.${last}/30`], mtu: 1450 }],
})

const numbers = Array.from({ length: pairs }, (_, i) => i)
const nodes = numbers.flatMap((n) => [node(`a${n}`, n, 1), node(`b${n}`, n, 2)])
const links = numbers.map(
  (n): Init<SliceLink> => ({
    id: `l${n}`,
    mtu: 1450,
    ends: [
      { node: `a${n}`, interface: 0 },
      { node: `b${n}`, interface: 0 },
    ],
  }),
)

t.test('a hundred containers and fifty links start, work and go', { skip }, async (t) => {
  const { host, start, call, until, untilGone, traces, run } = await realHost(t)
  const agent = await start()
  await call({ apply: { slice: { vnet, generation: 1, nodes, links } } })
  await until(vnet, ({ phase }) => phase === 'PHASE_READY')
  const { slices } = await call({ get: { vnet } })
  const took = slices?.slices[0]?.reported?.timings.map(({ name, seconds }) => `${name} ${seconds} s`)
  t.comment(`${took}; ${parallelContainers()} at a time, ${availableParallelism()} CPUs`)

  const domains = (await run('virsh', '-q', '-c', 'lxc:///system', 'list', '--name')).split('\n').filter(Boolean)
  t.equal(domains.length, 2 * pairs)
  const statuses = await Promise.all(
    numbers.map(async (n) => {
      const argv = ['ping', '-c1', '-W20', `10.0.${n}.2`]
      const { exec } = await call({ exec: { vnet, node: `a${n}`, argv, timeoutMs: 60_000 } })
      return exec?.exitStatus
    }),
  )
  t.same(
    statuses,
    numbers.map(() => 0),
    'each reaches its neighbour',
  )

  await call({ delete: { vnet } })
  await untilGone(vnet)
  t.same(await traces(), [])
  t.equal((await host.exec(['sh', '-c', 'pgrep -c libvirt_lxc || true'])).stdout.trim(), '0')
  agent.kill('SIGTERM')
  await agent.exited
})
