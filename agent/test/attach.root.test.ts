/** Interfaces that come to running containers and go, on a host of its own, by both data paths. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { labProblem } from '../../lab/testing.ts'
import type { Init } from '../../proto/codec.ts'
import type { Slice, SliceInterface } from '../../proto/generated/weft.v1.ts'
import { type RealHost, realHost } from './support/real-host.ts'

const skip = labProblem()
t.setTimeout(900_000)

const nodes = ['a', 'b'] as const
const forwardings = ['bridge', 'click'] as const

/** Two nodes, joined by a link `lI` for each interface I of theirs. */
const slice = (vnet: string, generation: number, indexes: readonly number[]): Init<Slice> => {
  const end =
    (node: number) =>
    (index: number): Init<SliceInterface> => ({
      index,
      mac: `02:00:00:00:0${node}:0${index}`,
      addresses: [`10.0.${index}.${node}/24`],
      mtu: 1450,
      forwarding: vnet,
      guards: ['mac'],
    })
  return {
    vnet,
    generation,
    nodes: nodes.map((id, i) => ({
      id,
      hypervisor: 'lxc',
      memoryBytes: 64 * 1024 * 1024,
      interfaces: indexes.map(end(i + 1)),
    })),
    links: indexes.map((index) => ({
      id: `l${index}`,
      mtu: 1450,
      ends: nodes.map((node) => ({ node, interface: index })),
    })),
  }
}

const exec = async ({ call }: RealHost, vnet: string, node: string, ...argv: readonly string[]) => {
  const { exec: result } = await call({ exec: { vnet, node, argv, timeoutMs: 100_000 } })
  return { status: result?.exitStatus, stdout: Buffer.from(result?.stdout ?? []).toString() }
}

const change = async ({ call, until }: RealHost, generation: number, indexes: readonly number[]): Promise<void> => {
  for (const vnet of forwardings) await call({ apply: { slice: slice(vnet, generation, indexes) } })
  for (const vnet of forwardings) {
    await until(vnet, (reported) => reported.generation === generation && reported.phase === 'PHASE_READY')
  }
}

/** Begins to ping over a link of each VNet; what comes back waits for the end, and says what was lost. */
const pinging = async (real: RealHost, index: number): Promise<() => Promise<readonly string[]>> => {
  const ping = `ping -n -i 0.02 10.0.${index}.2 >/var/log/pings 2>&1 & echo $! >/var/log/ping.pid`
  for (const vnet of forwardings) await exec(real, vnet, 'a', 'setsid', 'sh', '-c', ping)
  // Neighbours know each other by then.
  await sleep(200)
  const end = 'kill -INT $(cat /var/log/ping.pid); until grep loss /var/log/pings; do sleep 0.05; done'
  return () =>
    Promise.all(
      forwardings.map(async (vnet) => {
        await sleep(200)
        return (await exec(real, vnet, 'a', 'sh', '-c', end)).stdout
      }),
    )
}

/** Sent and received: the last one may be on its way when it is counted. */
const lostOf = (said: string): number => {
  const [, sent = 'NaN', received] = /(\d+) packets transmitted, (\d+) received/.exec(said) ?? []
  return Number(sent) - Number(received)
}

t.test('interfaces come and go while all else of the nodes goes on', { skip }, async (t) => {
  const real = await realHost(t)
  const { start, call, until, untilGone, traces, run } = real
  let agent = await start()
  await change(real, 1, [0])
  const ids = async () => (await run('virsh', '-q', '-c', 'lxc:///system', 'list')).replace(/ +/g, ' ')
  const before = await ids()
  const reaches = async (index: number, ...more: readonly string[]): Promise<void> => {
    for (const vnet of forwardings) {
      const ping = await exec(real, vnet, 'a', 'ping', '-c1', '-W20', ...more, `10.0.${index}.2`)
      t.equal(ping.status, 0, `${vnet}: ${ping.stdout}`)
    }
  }

  const first = await pinging(real, 0)
  await change(real, 2, [0, 1])
  await reaches(1, '-s', '1422', '-M', 'do')
  for (const said of await first()) t.ok(lostOf(said) <= 1, said)
  t.equal(await ids(), before, 'no container was started again')
  t.notMatch(await run('ip', '-6', '-o', 'addr'), /vif/, 'Dom0 does not speak on a guest’s network')

  // A frame of another source is dropped on an interface that came late, too.
  for (const vnet of forwardings) {
    await exec(real, vnet, 'a', 'ip', 'link', 'set', 'eth1', 'address', '02:00:00:00:09:09')
    t.not((await exec(real, vnet, 'a', 'ping', '-c2', '-W1', '10.0.1.2')).status, 0, `${vnet} guards it`)
    await exec(real, vnet, 'a', 'ip', 'link', 'set', 'eth1', 'address', '02:00:00:00:01:01')
  }
  await reaches(1)

  const second = await pinging(real, 1)
  await change(real, 3, [1])
  for (const said of await second()) t.ok(lostOf(said) <= 1, said)
  t.equal(await ids(), before, 'nor for one that went')
  t.same((await traces()).filter((name) => /^vif/.test(name)).length, 4)
  for (const vnet of forwardings) t.not((await exec(real, vnet, 'a', 'ip', 'link', 'show', 'eth0')).status, 0)

  // What it has is known to the next agent, the next libvirtd, and the node's next start.
  agent.kill('SIGKILL')
  await agent.exited
  await run('sh', '-c', 'kill -9 $(cat /run/libvirtd.pid)')
  agent = await start()
  for (const vnet of forwardings) await until(vnet, ({ phase }) => phase === 'PHASE_READY')
  t.equal(await ids(), before)
  for (const domain of (await run('virsh', '-q', '-c', 'lxc:///system', 'list', '--name'))
    .split('\n')
    .filter(Boolean)) {
    await run('virsh', '-q', '-c', 'lxc:///system', 'destroy', domain)
  }
  await sleep(500)
  for (const vnet of forwardings) await until(vnet, ({ phase }) => phase === 'PHASE_READY')
  await reaches(1)
  for (const vnet of forwardings) {
    t.match((await exec(real, vnet, 'a', 'ip', '-br', 'link')).stdout, /^lo .*\neth1@\S+ +UP +02:00:00:00:01:01 .*\n$/)
  }

  for (const vnet of forwardings) await call({ delete: { vnet } })
  for (const vnet of forwardings) await untilGone(vnet)
  t.same(await traces(), [])
})
