/** A VNet that changes under traffic: links that a new version leaves as they are lose no packet. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { startStack, weft } from '../stack.ts'

t.setTimeout(900_000)

/** What is in every version: a link between two hosts and one within a host. */
const lasting = (forwarding: string): string => `
vnet: shop
prefix: 10.7.0.0/16
defaults: { hypervisor: lxc }
nodes:
  a: { location: { name: Sunnyvale }, interfaces: { 0: { forwarding: ${forwarding} }, 1: { forwarding: ${forwarding} } } }
  b: { location: { name: Kansas City }, interfaces: { 0: { forwarding: ${forwarding} }, 1: { forwarding: click } } }
  c: { location: { name: Sunnyvale }, interfaces: { 0: { forwarding: ${forwarding} } } }`

/** Nodes and links, beside those that last, that come, change and go, by the same NICs and at the same nodes. */
const versions = [
  {
    nodes: ['d: { location: { name: Washington DC } }'],
    links: ['c-d: { ends: [c.1, d.0] }'],
  },
  {
    nodes: [
      'd: { location: { name: Washington DC }, interfaces: { 1: { forwarding: click } } }',
      'e: { location: { name: Kansas City }, interfaces: { 1: { forwarding: click }, 2: { forwarding: click } } }',
    ],
    links: [
      'c-d: { ends: [c.1, d.0], rate: 10 Mbit/s }',
      'a-e: { ends: [a.2, e.0], rate: 20 Mbit/s }',
      'b-e: { ends: [b.1, e.1] }',
      'd-e: { ends: [d.1, e.2], technology: gre }',
    ],
  },
  {
    nodes: ['e: { location: { name: Washington DC }, interfaces: { 1: { forwarding: click } } }'],
    links: ['a-e: { ends: [a.2, e.0], rate: 5 Mbit/s }', 'b-e: { ends: [b.1, e.1], technology: gre }'],
  },
  { nodes: [], links: [] },
] as const

const textOf = (forwarding: string, { nodes, links }: (typeof versions)[number]): string =>
  [
    lasting(forwarding),
    ...nodes.map((node) => `  ${node}`),
    'links:',
    '  a-b: { ends: [a.0, b.0] }',
    '  a-c: { ends: [a.1, c.0] }',
    ...links.map((link) => `  ${link}`),
    '',
  ].join('\n')

/**
 * The greatest number of a packet that was answered, and those below it that were not: what was sent as ping was ended is nobody's fault. Counted in the node, since more was said
 * than a command's output may have.
 */
const count = `awk -F 'icmp_seq=' '/ ttl=/ { split($2, part, " "); n = part[1] + 0; seen[n] = 1; if (n > last) last = n }
  END { printf "%d", last; for (n = 1; n < last; n++) if (!(n in seen)) printf " %d", n }'`

for (const forwarding of ['bridge', 'click'])
  t.test(`${forwarding}: links that a change leaves alone lose nothing by it`, { skip: labProblem() }, async (t) => {
    const stack = await startStack({ name: `test-untouched-${process.pid}` })
    t.teardown(() => stack.down())
    const file = join(temporaryDirectory(t), 'shop.yaml')
    const right = async (...argv: string[]): Promise<string> => {
      const said = await run([process.execPath, weft(), '--lab', stack.lab.name, ...argv])
      if (said.status !== 0) throw new Error(`weft ${argv.join(' ')}: ${said.stderr}`)
      return said.stdout
    }
    const apply = async (version: (typeof versions)[number]) => {
      writeFileSync(file, textOf(forwarding, version))
      await right('apply', '-f', file, '--wait', '--timeout', '5m')
    }
    const inA = (script: string) => right('exec', 'shop/a', '--', 'sh', '-c', script)

    await apply(versions[0])
    const { request } = JSON.parse(await right('get', 'vnets', 'shop', '-o', 'json'))
    const addressOf = (node: string): string =>
      request.nodes.find(({ id }: { id: string }) => id === node).interfaces[0].addresses[0].split('/')[0]
    const peers = ['b', 'c']
    for (const peer of peers) {
      await inA(`ping -c3 -W20 ${addressOf(peer)}`)
      const ping = `ping -n -i 0.003 ${addressOf(peer)} >/var/log/${peer} 2>&1 & echo $! >/var/log/${peer}.pid`
      await right('exec', 'shop/a', '--', 'setsid', 'sh', '-c', ping)
    }
    for (const version of [...versions.slice(1), versions[0]]) await apply(version)
    // Until the last packets that a change could have cost would have been answered.
    await sleep(1000)
    for (const peer of peers) {
      const end = `kill -INT $(cat /var/log/${peer}.pid); until grep -q loss /var/log/${peer}; do sleep 0.05; done`
      const [last, ...lost] = (await inA(`${end}; ${count} /var/log/${peer}`)).trim().split(' ')
      t.ok(Number(last) > 500, `${last} packets to ${peer}`)
      t.same(lost, [], `none is lost on the way to ${peer}`)
    }
  })
