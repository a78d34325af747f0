/** Links of every technology over what is between hosts: a switch, and a routed network that knows the way to the hosts' tunnel prefixes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { startStack, weft } from '../stack.ts'

t.setTimeout(900_000)

const substrate = `
name: lab
cpu_overcommit: 16
hosts:
  left:  { location: { name: left },  memory: 1 GiB, tunnel_prefix: 198.18.1.0/24 }
  mid:   { location: { name: mid },   memory: 1 GiB, tunnel_prefix: 198.18.2.0/24 }
  right: { location: { name: right }, memory: 1 GiB, tunnel_prefix: 198.18.3.0/24 }
switches: { rack: }
fabrics: { wan: }
links:
  - { ends: [left/eth1, rack], capacity: 1 Gbit/s }
  - { ends: [rack, mid/eth1], capacity: 1 Gbit/s }
  - { ends: [left/eth2, wan], capacity: 1 Gbit/s }
  - { ends: [wan, right/eth1], capacity: 1 Gbit/s }
`

interface Tried {
  readonly technology: string
  readonly to: 'mid' | 'right'
  /** Of the two ends. */
  readonly forwarding?: readonly [string, string]
}

const overRack = ['vxlan', 'gre', 'etherip', 'ipip', 'vlan', 'qinq', 'mpls']
const overWan = ['vxlan', 'gre', 'etherip', 'ipip']

/** A star of links from one node on the host left, each with a rate so that it has a class of its own. */
const request = (links: readonly Tried[]): string => {
  const nodes = { left: [] as string[], mid: [] as string[], right: [] as string[] }
  const interfaceAt = (host: keyof typeof nodes, forwarding = 'click'): string =>
    `${host}.${nodes[host].push(`{ forwarding: ${forwarding} }`) - 1}`
  const lines = links.map(({ technology, to, forwarding }, index) => {
    const ends = [interfaceAt('left', forwarding?.[0]), interfaceAt(to, forwarding?.[1])]
    return `  l${index}-${technology}: { ends: [${ends.join(', ')}], technology: ${technology}, rate: 10 Mbit/s }`
  })
  const text = (host: keyof typeof nodes): string =>
    `  ${host}: { hypervisor: lxc, location: ${host}, interfaces: { ${nodes[host].map((one, index) => `${index}: ${one}`).join(', ')} } }`
  return `vnet: star\nprefix: 10.7.0.0/16\nnodes:\n${(['left', 'mid', 'right'] as const)
    .filter((host) => nodes[host].length > 0)
    .map(text)
    .join('\n')}\nlinks:\n${lines.join('\n')}\n`
}

t.test(
  'links of every technology cross a switch, those over IP a routed network',
  { skip: labProblem() },
  async (t) => {
    const directory = temporaryDirectory(t)
    const [substrateFile, file] = [join(directory, 'substrate.yaml'), join(directory, 'star.yaml')]
    writeFileSync(substrateFile, substrate)
    const stack = await startStack({ name: `test-ways-${process.pid}`, substrateFile })
    t.teardown(() => stack.down())
    const cli = (...argv: string[]) => run([process.execPath, weft(), '--lab', stack.lab.name, ...argv])
    const right = async (...argv: string[]): Promise<string> => {
      const { status, stdout, stderr } = await cli(...argv)
      if (status !== 0) throw new Error(`weft ${argv.join(' ')}: ${stderr}`)
      return stdout
    }
    const hosts = JSON.parse(await right('hosts', '-o', 'json')) as { inventory: { datapaths: Offer[] } }[]
    interface Offer {
      readonly name: string
      readonly technologies?: readonly string[]
    }
    const offers = (datapath: string, technology: string): boolean =>
      hosts.every(({ inventory }) =>
        inventory.datapaths.some(({ name, technologies }) => name === datapath && technologies?.includes(technology)),
      )
    const wanted: readonly Tried[] = [
      ...overRack.map((technology) => ({ technology, to: 'mid' as const })),
      ...overWan.map((technology) => ({ technology, to: 'right' as const })),
      ...['vxlan', 'gre', 'vlan', 'qinq'].map((technology) => ({
        technology,
        to: 'mid' as const,
        forwarding: ['bridge', 'click'] as const,
      })),
    ]
    const links = wanted.filter(({ technology, forwarding = ['click'] }) => {
      const missing = forwarding.find((datapath) => !offers(datapath, technology))
      if (missing) t.comment(`this machine's ${missing} has no ${technology}`)
      return missing === undefined
    })
    writeFileSync(file, request(links))
    await right('apply', '-f', file, '--wait', '--timeout', '5m')
    const { request: filled, links: states } = JSON.parse(await right('get', 'vnets', 'star', '-o', 'json')) as {
      request: { nodes: { id: string; interfaces: { addresses: string[] }[] }[] }
      links: { id: string; technology: string; path: string[] }[]
    }
    const next = { mid: 0, right: 0 }
    for (const [index, { technology, to, forwarding }] of links.entries()) {
      const { path, technology: used } = states.find(({ id }) => id === `l${index}-${technology}`) ?? {}
      t.match({ path, used }, { used: technology, path: ['left', to === 'mid' ? 'rack' : 'wan', to] })
      const peer = filled.nodes.find(({ id }) => id === to)?.interfaces[next[to]++]
      const address = peer?.addresses[0]?.split('/')[0] ?? ''
      const ping = await cli('exec', 'star/left', '--', 'ping', '-c3', '-W5', address)
      t.equal(ping.status, 0, `${technology} to ${to} ${forwarding?.join(' and ') ?? ''}`)
    }

    const refused = request([{ technology: 'vlan', to: 'right' }]).replace('vnet: star', 'vnet: flat')
    writeFileSync(file, refused)
    const { status, stderr } = await cli('plan', '-f', file)
    t.not(status, 0)
    t.match(stderr, /stays on one Ethernet segment, and every path crosses a routed network \(wan\)/)
  },
)
