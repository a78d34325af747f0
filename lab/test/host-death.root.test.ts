/**
 * Hosts that die, in a lab: a provider's command pulls their plugs, their nodes are made again on other hosts, and when they boot again nothing
 * runs twice.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test as Tap } from 'tap'
import { create, type Init } from '../../proto/codec.ts'
import type { ApiRequest, HostEntry, NodeState, SliceView, VNetState } from '../../proto/generated/weft.v1.ts'
import { callLocal } from '../../proto/local.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { isAlive, run } from '../processes.ts'
import { agentSocket, type Stack, startStack, weft } from '../stack.ts'

t.setTimeout(1_500_000)

const hosts = ['west', 'middle', 'east'] as const
type Host = (typeof hosts)[number]

/** Pulls the plug of a host: once it may, says that it did once that is allowed, and fails till then. */
const fence = `#!/bin/sh
cd "$(dirname "$0")" || exit
echo "$1" >>asked
[ -e armed ] || { echo "the switch does not answer" >&2; exit 1; }
kill -KILL "$(cat "$1.pid")" 2>/dev/null
while [ -e hold ]; do sleep 0.1; done
`

const substrate = (command: string): string => `name: pip1
cpu_overcommit: 16
hosts:
${hosts.map((host) => `  ${host}: { memory: 1 GiB, location: { name: ${host} } }`).join('\n')}
switches:
  rack:
links:
${hosts.map((host) => `  - { ends: [${host}/eth1, rack], capacity: 1 Gbit/s }`).join('\n')}
fencing: { after: 10 s, command: [${command}, "{host}"], timeout: 10 min }
`

/** A node that goes anywhere, and one at each host that waits for it. */
const request = `
vnet: shop
prefix: 10.7.0.0/24
defaults: { hypervisor: lxc }
nodes:
  web: {}
${hosts.map((host) => `  at-${host}: { location: ${host}, recovery: wait }`).join('\n')}
links:
${hosts.map((host) => `  web-${host}: [web, at-${host}]`).join('\n')}
`

const world = async (t: Tap) => {
  const directory = temporaryDirectory(t)
  const file = (name: string): string => join(directory, name)
  writeFileSync(file('fence'), fence, { mode: 0o755 })
  writeFileSync(file('substrate.yaml'), substrate(file('fence')))
  writeFileSync(file('shop.yaml'), request)
  const stack = await startStack({ name: `test-death-${process.pid}`, substrateFile: file('substrate.yaml') })
  t.teardown(() => stack.down())
  const notePid = (host: string) => writeFileSync(file(`${host}.pid`), `${stack.lab.host(host).holder.identity.pid}\n`)
  for (const host of hosts) notePid(host)

  const cli = async (...argv: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run([process.execPath, weft(), '--lab', stack.lab.name, ...argv], {
      timeoutMs: 600_000,
    })
    if (status !== 0) throw new Error(`weft ${argv.join(' ')}: ${stderr}`)
    return stdout
  }
  const ask = (role: string, verb: Init<ApiRequest>) =>
    callLocal(stack.sockets[role] ?? '', 'ApiRequest', create('ApiRequest', verb), 'ApiReply')
  return { file, stack, cli, ask, notePid }
}

const eventually = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
  let last: unknown
  for (const end = performance.now() + 300_000; performance.now() < end; await sleep(200)) {
    const found = await look().catch((error: unknown) => {
      last = error
      return undefined
    })
    if (found !== undefined) return found
  }
  throw new Error(`${what}: it never came ${last ?? ''}`)
}

/** Hosts on which a domain runs, by their own libvirtd. */
const runningAt = async (stack: Stack, domain: string): Promise<readonly string[]> => {
  const found = await Promise.all(
    hosts.map(async (host) => {
      const { holder } = stack.lab.host(host)
      if (!isAlive(holder.identity)) return []
      const uri = stack.lab.host(host).libvirtUri('lxc')
      const { stdout } = await run(['virsh', '-q', '-c', uri, 'list', '--name'])
      return stdout.split('\n').includes(domain) ? [host] : []
    }),
  )
  return found.flat()
}

t.test(
  'what was on a host that died is made elsewhere, and nothing runs twice when it returns',
  { skip: labProblem() },
  async (t) => {
    const { file, stack, cli, ask, notePid } = await world(t)
    const isThere = (state: VNetState): boolean => state.phase === 'PHASE_READY'
    const shop = async (): Promise<VNetState> => {
      const { vnet } = await ask('vno', { get: { vnet: 'shop' } })
      if (!vnet) throw new Error('there is no shop')
      return vnet
    }
    const nodeOf = ({ nodes }: VNetState, id: string): NodeState | undefined => nodes.find((node) => node.id === id)
    const hostOf = (state: VNetState): Host => nodeOf(state, 'web')?.host as Host
    const entryOf = async (host: string): Promise<HostEntry | undefined> =>
      (await ask('pip', { hosts: {} })).hosts?.hosts.find(({ name }) => name === host)
    const sliceAt = async (host: string): Promise<SliceView | undefined> => {
      const command = create('HostCommand', { get: {} })
      const reply = await callLocal(agentSocket(stack.lab, host), 'HostCommand', command, 'HostReply')
      return reply.slices?.slices.find(({ desired }) => desired?.vnet === 'alice.shop')
    }
    const exec = (node: string, script: string) => cli('exec', `shop/${node}`, '--', 'sh', '-c', script)
    const pings = async (t: Tap, node: string): Promise<void> => {
      const link = (await shop()).request?.links.find(({ id }) => id === `web-${node.slice('at-'.length)}`)
      const far = (await shop()).request?.nodes.find(({ id }) => id === node)
      const address =
        far?.interfaces.find(({ index }) => index === link?.b?.interface)?.addresses[0]?.split('/')[0] ?? ''
      const said = await eventually(`web reaches ${node}`, async () => {
        const answer = await exec('web', `ping -c 1 -w 5 ${address} || true`)
        return /1 packets received|1 received/.test(answer) ? answer : undefined
      })
      t.ok(said, `web reaches ${node}`)
    }
    /** Kills the agent alone: its host, and what runs there, goes on. */
    const cutOff = async (host: string): Promise<void> => {
      stack.agents.get(host)?.kill('SIGKILL')
      await stack.agents.get(host)?.exited
    }
    const asked = (): readonly string[] =>
      existsSync(file('asked')) ? readFileSync(file('asked'), 'utf8').trim().split('\n') : []
    const isDead = (host: string): boolean => !isAlive(stack.lab.host(host).holder.identity)

    t.match(await cli('apply', '-f', file('shop.yaml'), '--wait', '--timeout', '10m'), /ready/)
    const first = hostOf(await shop())
    const domain = nodeOf(await shop(), 'web')?.domain ?? ''
    t.same(await runningAt(stack, domain), [first])

    // All the while: nowhere twice.
    let watching = true
    const twice: string[] = []
    const watched = (async () => {
      for (; watching; await sleep(500)) {
        const at = await runningAt(stack, domain)
        if (at.length > 1) twice.push(at.join(' and '))
      }
    })()
    t.teardown(() => {
      watching = false
    })

    await t.test('as long as it is not certain that a host is off nothing is made elsewhere', async (t) => {
      await exec('web', 'echo here >/etc/mark')
      await exec(`at-${first}`, 'echo here >/etc/mark')
      await cutOff(first)
      await eventually('the command is tried again', async () => (asked().length > 1 ? asked() : undefined))
      const entry = await eventually('the death is told', async () => {
        const one = await entryOf(first)
        return one?.death?.error ? one : undefined
      })
      t.match(entry?.death, { state: 'fencing', by: 'command', error: { message: /the switch does not answer/ } })
      t.same(new Set(asked()), new Set([first]))
      t.equal(hostOf(await shop()), first)
      t.same(await runningAt(stack, domain), [first], 'it runs where nobody can see it')
    })

    await t.test(
      'a host that returns before anything was made elsewhere has its nodes back, once it is told so',
      async (t) => {
        writeFileSync(file('hold'), '')
        writeFileSync(file('armed'), '')
        await eventually('its plug is pulled', async () => (isDead(first) ? true : undefined))
        rmSync(file('armed'))
        await stack.powerOff(first)
        await stack.powerOn(first)
        notePid(first)
        // The command has not ended: nobody knows what it does to the host.
        const held = await eventually('web is held', async () => {
          const view = await sliceAt(first)
          const web = view?.reported?.nodes.find(({ id }) => id === 'web')
          const other = view?.reported?.nodes.find(({ id }) => id === `at-${first}`)
          return web?.error && other?.state === 'OBJECT_STATE_READY' ? web : undefined
        })
        t.match(held, { state: 'OBJECT_STATE_PENDING', error: { code: 'host.not-admitted' } })
        t.same(await runningAt(stack, domain), [])
        rmSync(file('hold'))
        await eventually('all is there', async () => (isThere(await shop()) ? true : undefined))
        t.match(await shop(), { recoveries: [] })
        t.equal(hostOf(await shop()), first)
        t.equal(await exec('web', 'cat /etc/mark'), 'here\n', 'with its disk')
        t.equal((await entryOf(first))?.death, undefined)
        for (const host of hosts) await pings(t, `at-${host}`)
      },
    )

    await t.test('what was there is made elsewhere once it is off', async (t) => {
      writeFileSync(file('armed'), '')
      await cutOff(first)
      const state = await eventually('web is elsewhere', async () => {
        const now = await shop()
        return hostOf(now) !== first && nodeOf(now, 'web')?.state === 'OBJECT_STATE_READY' ? now : undefined
      })
      t.ok(isDead(first))
      t.same(await runningAt(stack, domain), [hostOf(state)])
      t.match(state.recoveries, [{ node: 'web', from: first, to: hostOf(state), by: 'command', lost: /memory.*disk/ }])
      t.equal(await exec('web', 'cat /etc/mark 2>/dev/null || echo lost'), 'lost\n')
      t.equal(nodeOf(state, `at-${first}`)?.host, first, 'what waits is where it was')
      for (const host of hosts) if (host !== first) await pings(t, `at-${host}`)
      t.match((await entryOf(first))?.death, { state: 'fenced', by: 'command' })
      t.match(await cli('get', 'vnets', 'shop'), /shop/)
    })

    await t.test('when it boots again only what waited for it starts there', async (t) => {
      const log = join(stack.lab.host(first).logs, 'agent.log')
      const before = readFileSync(log, 'utf8').length
      const elsewhere = hostOf(await shop())
      await stack.powerOff(first)
      await stack.powerOn(first)
      notePid(first)
      await eventually('all is there', async () => (isThere(await shop()) ? true : undefined))
      t.equal(hostOf(await shop()), elsewhere)
      t.same(await runningAt(stack, domain), [elsewhere])
      t.notMatch(readFileSync(log, 'utf8').slice(before), /node\.start web/)
      t.match(readFileSync(log, 'utf8').slice(before), new RegExp(`node\\.start at-${first}`))
      t.equal(await exec(`at-${first}`, 'cat /etc/mark'), 'here\n', 'with its disk')
      t.equal((await entryOf(first))?.death, undefined)
      for (const host of hosts) await pings(t, `at-${host}`)
      t.same(
        (await sliceAt(first))?.desired?.nodes.map(({ id }) => id),
        [`at-${first}`],
      )
    })

    await t.test('a VNet is removed while its host is dead, which learns of it when it returns', async (t) => {
      rmSync(file('armed'))
      const last = hostOf(await shop())
      await t.rejects(cli('host', 'fence', last, '--confirmed'), /host\.online/)
      await stack.powerOff(last)
      await eventually('it is away', async () => ((await entryOf(last))?.status?.online === false ? true : undefined))
      await cli('host', 'fence', last, '--confirmed')
      const state = await eventually('web is elsewhere', async () => {
        const now = await shop()
        return hostOf(now) !== last && nodeOf(now, 'web')?.state === 'OBJECT_STATE_READY' ? now : undefined
      })
      t.match(state.recoveries.at(-1), { node: 'web', from: last, by: 'operator' })
      await cli('delete', 'shop', '--yes', '--wait', '--timeout', '10m')
      t.same(await runningAt(stack, domain), [])
      await stack.powerOn(last)
      await eventually('nothing is left', async () => ((await sliceAt(last)) === undefined ? true : undefined))
      const domains = await run([
        'virsh',
        '-q',
        '-c',
        stack.lab.host(last).libvirtUri('lxc'),
        'list',
        '--all',
        '--name',
      ])
      t.equal(domains.stdout.trim(), '')
    })

    watching = false
    await watched
    t.same(twice, [])
  },
)
