/** The data path click on a host of its own: real containers, an agent that is killed, a link that changes its data path. */
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

/** Nodes in a line, n0 - n1 - …, each pair joined by a link of a /30. */
const line = (generation: number, count: number, forwarding = 'click'): Init<Slice> => {
  const positions = Array.from({ length: count }, (_, i) => i)
  const end = (i: number, index: number, last: number) => ({
    index,
    mac: `02:00:00:00:0${i}:0${index}`,
    addresses: [`10.0.${index === 0 ? i - 1 : i}.${last}/30`],
    mtu: 1450,
    forwarding,
    guards: ['mac'],
  })
  return {
    vnet: 'line',
    generation,
    nodes: positions.map((i) => ({
      id: `n${i}`,
      hypervisor: 'lxc',
      memoryBytes: 64 * 1024 * 1024,
      interfaces: [...(i > 0 ? [end(i, 0, 2)] : []), ...(i < count - 1 ? [end(i, 1, 1)] : [])],
    })),
    links: positions.slice(1).map((i) => ({
      id: `l${i}`,
      mtu: 1450,
      ends: [
        { node: `n${i - 1}`, interface: 1 },
        { node: `n${i}`, interface: 0 },
      ],
    })),
  }
}

const exec = async ({ call }: RealHost, id: string, ...argv: readonly string[]) => {
  const { exec: result } = await call({ exec: { vnet: 'line', node: id, argv, timeoutMs: 100_000 } })
  return { status: result?.exitStatus, stdout: Buffer.from(result?.stdout ?? []).toString() }
}

/** Records and pins that are left, once an agent has ended what it begins with: a probe makes some, and takes away those of a killed one. */
const leftovers = async (real: RealHost): Promise<readonly string[]> => {
  for (let tries = 0; tries < 600 && (await pinned(real)).length > 0; tries++) await sleep(100)
  return pinned(real)
}

/** What is left once an agent has found it: it looks about after it serves, and tells nobody of what nobody asks for. */
const remains = async ({ traces }: RealHost): Promise<readonly string[]> => {
  for (let tries = 0; tries < 1200 && (await traces()).length > 0; tries++) await sleep(50)
  return traces()
}

const pinned = async ({ host, run }: RealHost): Promise<readonly string[]> => {
  const records = readdirSync(join(host.directory, 'weft/click')).filter((name) => !name.startsWith('.'))
  return [...records, ...(await run('find', '/sys/fs/bpf/weft/v1/links', '-mindepth', '1')).split('\n').filter(Boolean)]
}

t.test('links are built, shown, changed to a bridge and back, and removed without a trace', { skip }, async (t) => {
  const real = await realHost(t)
  const { start, call, until, untilGone, traces, run } = real
  await start()
  await call({ apply: { slice: line(1, 3) } })
  await until('line', ({ phase }) => phase === 'PHASE_READY')
  const datapaths = (await call({ host: {} })).host?.inventory?.datapaths ?? []
  t.same(
    datapaths.map(({ name, unavailable }) => [name, unavailable]),
    [
      ['bridge', ''],
      ['click', ''],
    ],
  )
  for (const { technologies } of datapaths) t.ok(technologies.includes('vxlan'))
  const pings = async (): Promise<void> => {
    t.match(await exec(real, 'n0', 'ping', '-c1', '-W20', '10.0.0.2'), { status: 0 })
    t.match(await exec(real, 'n2', 'ping', '-c1', '-W20', '-s', '1422', '-M', 'do', '10.0.1.1'), { status: 0 })
  }
  await pings()
  t.notMatch(await run('ip', '-br', 'link'), /^wb/m, 'no bridge')
  const { router } = await call({ router: { vnet: 'line', node: 'n0', interface: 1, handlers: true } })
  t.match(router, { state: 'running', text: /n0\.1 of line, an end of the link l1/ })
  t.ok(Number(router?.handlers.find(({ name }) => name === 'sent.count')?.value) > 0)
  t.equal(router?.handlers.find(({ name }) => name === 'spoofed_mac.count')?.value, '0')
  await t.rejects(call({ router: { vnet: 'line', node: 'n9', interface: 1 } }), { code: 'node.unknown' })
  await t.rejects(call({ router: { vnet: 'line', node: 'n0', interface: 7 } }), { code: 'router.unknown' })

  for (const [generation, forwarding] of [
    [2, 'bridge'],
    [3, 'click'],
  ] as const) {
    await call({ apply: { slice: line(generation, 3, forwarding) } })
    await until('line', (reported) => reported.generation === generation && reported.phase === 'PHASE_READY')
    await pings()
    t.equal(/^wb/m.test(await run('ip', '-br', 'link')), forwarding === 'bridge')
  }

  const ends = (generation: number, first: string, second: string): Init<Slice> => {
    const forwardings = [first, second]
    const { nodes = [], ...rest } = line(generation, 2)
    const withForwarding = nodes.map((node, i) => ({
      ...node,
      interfaces: (node.interfaces ?? []).map((one) => ({ ...one, forwarding: forwardings[i] ?? '' })),
    }))
    return { ...rest, nodes: withForwarding }
  }
  for (const [generation, first, second] of [
    [4, 'click', 'bridge'],
    [5, 'bridge', 'click'],
    [6, 'click', 'click'],
  ] as const) {
    await call({ apply: { slice: ends(generation, first, second) } })
    await until('line', (reported) => reported.generation === generation && reported.phase === 'PHASE_READY')
    t.match(await exec(real, 'n0', 'ping', '-c1', '-W20', '10.0.0.2'), { status: 0 }, `${first}, ${second}`)
    t.match(await exec(real, 'n1', 'ping', '-c1', '-W20', '-s', '1422', '-M', 'do', '10.0.0.1'), { status: 0 })
    t.equal(/^wb/m.test(await run('ip', '-br', 'link')), first !== second)
  }

  await call({ delete: { vnet: 'line' } })
  await untilGone('line')
  t.same(await traces(), [])
  t.same(await leftovers(real), [])
})

t.test(
  'an agent that is killed and comes back loses no packet, and one that comes later finds all',
  { skip },
  async (t) => {
    const real = await realHost(t)
    const { start, call, until, run } = real
    let agent = await start()
    await call({ apply: { slice: line(1, 2) } })
    await until('line', ({ phase }) => phase === 'PHASE_READY')
    t.match(await exec(real, 'n0', 'ping', '-c1', '-W20', '10.0.0.2'), { status: 0 })
    // It goes on by itself: nobody waits for its end through the agent.
    const script = 'ping -q -n -i 0.02 -c 500 10.0.0.2 >/var/log/pings 2>&1 &'
    await exec(real, 'n0', 'sh', '-c', script)
    // But what an agent that starts tries out for a moment.
    const programs = () => run('sh', '-c', 'find /sys/fs/bpf/weft/v1/links | grep -v /links/probe | sort')
    const before = await programs()
    for (let times = 0; times < 2; times++) {
      agent.kill('SIGKILL')
      await agent.exited
      await sleep(1000)
      agent = await start()
      await until('line', ({ phase }) => phase === 'PHASE_READY')
    }
    t.equal(await programs(), before, 'nothing was made again')
    let said = ''
    for (let tries = 0; tries < 600 && !said.includes('packet loss'); tries++) {
      said = (await exec(real, 'n0', 'cat', '/var/log/pings')).stdout
      await sleep(100)
    }
    t.match(said, /500 packets transmitted, 500 received, 0% packet loss/)

    // What was wanted no more while it was away goes when it comes back.
    agent.kill('SIGKILL')
    await agent.exited
    await run('sh', '-c', 'rm /var/lib/weft/desired/*')
    await start()
    t.same(await remains(real), [])
    t.same(await leftovers(real), [])
  },
)

t.test('killed at any moment while it builds and removes, all converges', { skip }, async (t) => {
  const real = await realHost(t)
  const { start, call, until, untilGone, traces } = real
  let agent = await start()
  const killed = async (afterMs: number): Promise<void> => {
    await sleep(afterMs)
    agent.kill('SIGKILL')
    await agent.exited
    agent = await start()
  }
  let generation = 0
  for (const afterMs of [50, 400, 900]) {
    await call({ apply: { slice: line(++generation, 4) } })
    await killed(afterMs)
    await until('line', ({ phase }) => phase === 'PHASE_READY')
    t.match(await exec(real, 'n0', 'ping', '-c1', '-W20', '10.0.0.2'), { status: 0 })
    await call({ delete: { vnet: 'line' } })
    generation++
    await killed(afterMs)
    await untilGone('line')
    t.same(await traces(), [], `nothing left after ${afterMs} ms`)
    t.same(await leftovers(real), [])
  }
})
