/** Containers that crash, stop and reboot, by their restart policies; the agent on a host of its own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { labProblem } from '../../lab/testing.ts'
import type { Init } from '../../proto/codec.ts'
import type { Reported, ReportedNode, Slice, SliceNode } from '../../proto/generated/weft.v1.ts'
import { realHost } from './support/real-host.ts'

const skip = labProblem()
t.setTimeout(900_000)

const vnet = 'shop'
/** Without a word from libvirt an end would be found by the sweep, once a minute. */
const atOnceMs = 30_000

const node = (id: string, n: number, change: Init<SliceNode> = {}): Init<SliceNode> => ({
  id,
  hypervisor: 'lxc',
  memoryBytes: 64 * 1024 * 1024,
  interfaces: [{ index: 0, mac: `02:00:00:00:00:0${n}`, addresses: [`10.0.0.${n}/24`], mtu: 1450 }],
  ...change,
})

const slice = (generation: number, nodes: readonly Init<SliceNode>[]): Init<Slice> => ({
  vnet,
  generation,
  nodes: [...nodes],
  links: [
    {
      id: 'a-f',
      mtu: 1450,
      ends: [
        { node: 'a', interface: 0 },
        { node: 'f', interface: 0 },
      ],
    },
  ],
})

t.test('nodes that end come back as their policy says, each end is told, and nothing is left', { skip }, async (t) => {
  const { host, start, call, until, untilGone, traces, run } = await realHost(t)
  let agent = await start()
  const failing = { startUp: { command: 'echo this goes wrong; exit 3' } }
  const always = node('a', 1)
  const onFailure = node('f', 2, { restartPolicy: 'on-failure', ...failing })
  const never = node('n', 3, { restartPolicy: 'never' })
  const apply = (generation: number, nodes: readonly Init<SliceNode>[]) =>
    call({ apply: { slice: slice(generation, nodes) } })
  const exec = async (id: string, ...argv: readonly string[]): Promise<string> => {
    const reply = await call({ exec: { vnet, node: id, argv, timeoutMs: 60_000 } }).catch(() => undefined)
    return Buffer.from(reply?.exec?.stdout ?? []).toString()
  }
  const of = (reported: Reported | undefined, id: string): ReportedNode | undefined =>
    reported?.nodes.find((one) => one.id === id)
  const now = async (id: string): Promise<ReportedNode | undefined> => {
    const { slices } = await call({ get: { vnet } })
    return of(slices?.slices[0]?.reported, id)
  }
  const untilNode = async (id: string, isRight: (node: ReportedNode) => boolean): Promise<ReportedNode | undefined> => {
    await until(vnet, (reported) => {
      const one = of(reported, id)
      return one !== undefined && isRight(one)
    })
    return now(id)
  }
  const isUp = (restarts: number) => (one: ReportedNode) =>
    one.state === 'OBJECT_STATE_READY' && one.restarts === restarts
  const isDown = (one: ReportedNode) => one.state === 'OBJECT_STATE_FAILED' && one.nextTryUnixMs === 0
  const domainOf = async (id: string): Promise<string> => (await now(id))?.domain ?? ''
  const killDomain = async (domain: string): Promise<void> => {
    const script = 'p=$(virsh -q -c lxc:///system domid "$0"); kill -KILL $(cat /proc/$p/task/$p/children)'
    t.equal((await run('sh', '-c', script, domain)).trim(), '')
  }
  const kill = async (id: string): Promise<void> => killDomain(await domainOf(id))

  await apply(1, [always, onFailure, never])
  await until(vnet, ({ phase }) => phase === 'PHASE_READY')
  await t.test('a start-up command that fails ends no node, and its status stands in its log', async (t) => {
    let log = ''
    for (let tries = 0; tries < 600 && !log.includes('exit status'); tries++) {
      log = await exec('f', 'cat', '/var/log/start-up.log')
      await sleep(100)
    }
    t.equal(log, 'this goes wrong\nstart-up: exit status 3\n')
    t.match(await now('f'), { state: 'OBJECT_STATE_READY', restarts: 0, lastEnd: undefined })
  })

  await t.test('a crash is seen at once, and comes back but for never', async (t) => {
    const began = performance.now()
    await Promise.all(['a', 'f', 'n'].map(kill))
    const [a, f, n] = await Promise.all([untilNode('a', isUp(1)), untilNode('f', isUp(1)), untilNode('n', isDown)])
    t.ok(performance.now() - began < atOnceMs)
    const lastEnd = { how: 'crashed', reason: 'its process 1 was killed' }
    t.match(a, { lastEnd })
    t.match(f, { lastEnd })
    t.match(n, { lastEnd, restarts: 0, error: { code: 'node.not-running', hint: 'its restart policy is never' } })
    await until(vnet, ({ links }) => links.every(({ state }) => state === 'OBJECT_STATE_READY'))
    t.match(await exec('a', 'ping', '-c1', '-W20', '10.0.0.2'), / 0% packet loss/, 'its link is whole again')
  })

  await t.test('a stop is told from a crash', async (t) => {
    await Promise.all([exec('a', 'poweroff'), exec('f', 'poweroff')])
    const [a, f] = await Promise.all([untilNode('a', isUp(2)), untilNode('f', isDown)])
    const lastEnd = { how: 'stopped', reason: 'it was powered off from inside' }
    t.match(a, { lastEnd })
    t.match(f, { lastEnd, restarts: 1, error: { hint: 'its restart policy is on-failure' } })
  })

  await t.test('a node that is down comes back with another policy; a reboot is one whatever the policy', async (t) => {
    await apply(2, [always, { ...onFailure, restartPolicy: 'always' }, { ...never, restartPolicy: 'always' }])
    await until(vnet, ({ generation, phase }) => generation === 2 && phase === 'PHASE_READY')
    await apply(3, [always, onFailure, never])
    await until(vnet, ({ generation, phase }) => generation === 3 && phase === 'PHASE_READY')
    const { restarts = 0 } = (await now('n')) ?? {}
    const began = performance.now()
    await exec('n', 'reboot')
    t.match(await untilNode('n', isUp(restarts + 1)), { lastEnd: { how: 'rebooted' } })
    // reboot(2): libvirt starts it again by itself.
    await exec('n', 'busybox', 'reboot', '-f')
    t.match(await untilNode('n', isUp(restarts + 2)), { lastEnd: { how: 'rebooted' } })
    t.ok(performance.now() - began < 2 * atOnceMs)
    t.match(await exec('n', 'ip', '-o', '-4', 'addr', 'show', 'dev', 'eth0'), /10\.0\.0\.3\/24/, 'configured again')
  })

  await t.test('one that crashes again and again waits longer each time, and says until when', async (t) => {
    const waits: number[] = []
    // One whose wait was over before anybody noticed the end comes back at once: the waits grow, so that some later one does not.
    for (let kills = 0; waits.length < 2 && kills < 6; kills++) {
      const { restarts = 0 } = (await now('a')) ?? {}
      await kill('a')
      const down = await untilNode('a', (one) => one.nextTryUnixMs > 0 || one.restarts > restarts)
      if (down?.nextTryUnixMs) waits.push(down.nextTryUnixMs - Number(down.lastEnd?.unixMs))
      await untilNode('a', isUp(restarts + 1))
    }
    const [first = 0, second = 0] = waits
    t.ok(second > first && first > 0, `${waits} ms`)
  })

  await t.test('what ended while the agent was away is found, and what was counted is kept', async (t) => {
    const { restarts = 0 } = (await now('f')) ?? {}
    const domains = await Promise.all(['f', 'n'].map(domainOf))
    agent.kill('SIGKILL')
    await agent.exited
    await Promise.all(domains.map(killDomain))
    agent = await start()
    t.match(await untilNode('f', isUp(restarts + 1)), { lastEnd: { how: 'crashed' } })
    await untilNode('n', isDown)
  })

  await call({ delete: { vnet } })
  await untilGone(vnet)
  t.same(await traces(), [])
  t.same(JSON.parse(readFileSync(join(host.directory, 'weft/ends.json'), 'utf8')), {})
  agent.kill('SIGTERM')
  await agent.exited
})
