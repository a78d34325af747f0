/** A container that Dom0 forwards for, on a host of its own. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { labProblem } from '../../lab/testing.ts'
import type { Init } from '../../proto/codec.ts'
import type { Slice } from '../../proto/generated/weft.v1.ts'
import { type RealHost, realHost } from './support/real-host.ts'

const skip = labProblem()
t.setTimeout(900_000)

/** n0 - n1 - n2; n1 routes, by itself or in Dom0. */
const line = (generation: number, forwarding: string): Init<Slice> => {
  const end = (node: number, index: number, address: string) => ({
    index,
    mac: `02:00:00:00:0${node}:0${index}`,
    addresses: [address],
    mtu: 1450,
    forwarding: 'click',
  })
  const node = (id: string, interfaces: readonly ReturnType<typeof end>[], command: string, more = {}) => ({
    id,
    hypervisor: 'lxc',
    memoryBytes: 64 * 1024 * 1024,
    interfaces,
    startUp: { files: [], command },
    ...more,
  })
  const router = 'echo 1 > /proc/sys/net/ipv4/ip_forward'
  return {
    vnet: 'line',
    generation,
    nodes: [
      node('n0', [end(0, 0, '10.0.1.1/24')], 'ip route add default via 10.0.1.2'),
      node('n1', [end(1, 0, '10.0.1.2/24'), end(1, 1, '10.0.2.2/24')], router, { forwarding }),
      node('n2', [end(2, 0, '10.0.2.1/24')], 'ip route add default via 10.0.2.2'),
    ],
    links: [
      {
        id: 'l1',
        mtu: 1450,
        ends: [
          { node: 'n0', interface: 0 },
          { node: 'n1', interface: 0 },
        ],
      },
      {
        id: 'l2',
        mtu: 1450,
        ends: [
          { node: 'n1', interface: 1 },
          { node: 'n2', interface: 0 },
        ],
      },
    ],
  }
}

const exec = async ({ call }: RealHost, id: string, ...argv: readonly string[]) => {
  const { exec: result } = await call({ exec: { vnet: 'line', node: id, argv, timeoutMs: 100_000 } })
  return { status: result?.exitStatus, stdout: Buffer.from(result?.stdout ?? []).toString() }
}

/** Frames that came into n1. */
const framesIn = async (real: RealHost): Promise<number> => {
  const { stdout } = await exec(real, 'n1', 'cat', '/sys/class/net/eth0/statistics/rx_packets')
  return Number(stdout)
}

const flood = async (t: Parameters<typeof realHost>[0], real: RealHost): Promise<number> => {
  const before = await framesIn(real)
  const { stdout } = await exec(real, 'n0', 'ping', '-n', '-q', '-i', '0.002', '-c', '500', '-W', '20', '10.0.2.1')
  t.match(stdout, /500 received/)
  return (await framesIn(real)) - before
}

const records = ({ host }: RealHost): readonly string[] =>
  readdirSync(join(host.directory, 'weft/forwarding')).filter((name) => !name.startsWith('.'))

const eventually = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 600 && !(await isTrue()); tries++) await sleep(100)
}

t.test('what goes through a node stays in Dom0 where it is asked for, also without an agent', { skip }, async (t) => {
  const real = await realHost(t)
  const { start, call, until, untilGone, traces } = real
  let agent = await start()
  await call({ apply: { slice: line(1, 'host') } })
  await until('line', ({ phase }) => phase === 'PHASE_READY')
  t.match(await exec(real, 'n0', 'ping', '-c1', '-W20', '10.0.2.1'), { status: 0 })
  await eventually(async () => (await flood(t, real)) < 50)
  t.ok((await flood(t, real)) < 50, 'frames do not enter the node')
  t.match(await exec(real, 'n0', 'ping', '-c1', '-W20', '10.0.2.2'), { status: 0 }, 'what is for the node does')

  // While nobody is there, by what is known; and by what has changed since, when somebody is there again.
  await exec(real, 'n0', 'sh', '-c', 'ping -q -n -i 0.02 -c 400 10.0.2.1 >/var/log/pings 2>&1 &')
  agent.kill('SIGKILL')
  await agent.exited
  await sleep(2000)
  agent = await start()
  await until('line', ({ phase }) => phase === 'PHASE_READY')
  let said = ''
  await eventually(async () => {
    said = (await exec(real, 'n0', 'cat', '/var/log/pings')).stdout
    return said.includes('packet loss')
  })
  t.match(said, /400 packets transmitted, 400 received, 0% packet loss/)
  await exec(real, 'n1', 'ip', 'route', 'add', 'blackhole', '10.0.2.1/32')
  await eventually(async () => (await exec(real, 'n0', 'ping', '-c1', '-W1', '10.0.2.1')).status !== 0)
  t.not((await exec(real, 'n0', 'ping', '-c1', '-W1', '10.0.2.1')).status, 0, 'its routes are followed')
  await exec(real, 'n1', 'ip', 'route', 'del', 'blackhole', '10.0.2.1/32')
  await eventually(async () => (await exec(real, 'n0', 'ping', '-c1', '-W1', '10.0.2.1')).status === 0)

  t.same(records(real).length, 1)
  await call({ apply: { slice: line(2, '') } })
  await until('line', (reported) => reported.generation === 2 && reported.phase === 'PHASE_READY')
  await eventually(() => records(real).length === 0)
  t.same(records(real), [])
  t.match(await exec(real, 'n0', 'ping', '-c1', '-W20', '10.0.2.1'), { status: 0 })
  t.ok((await flood(t, real)) >= 500, 'the node forwards by itself again')

  await call({ apply: { slice: line(3, 'host') } })
  await until('line', (reported) => reported.generation === 3 && reported.phase === 'PHASE_READY')
  await call({ delete: { vnet: 'line' } })
  await untilGone('line')
  t.same(await traces(), [])
  await eventually(() => records(real).length === 0)
  t.same(records(real), [])
})
