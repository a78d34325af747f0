/** One substrate of all kinds of hosts: a virtual network spans what runs on each of them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { kernelHostProblem, xenHostProblem } from '../emulated/machine.ts'
import { type HostKinds, parseKinds } from '../kinds.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { startStack, weft } from '../stack.ts'

t.setTimeout(1_740_000)

interface Node {
  readonly id: string
  readonly host: string
  readonly hypervisor: string
  readonly image?: string
}

/** How each pair of nodes is joined, once for each way. */
const ways = [
  { technology: 'vxlan', forwarding: 'bridge' },
  { technology: 'vxlan', forwarding: 'click' },
  { technology: 'ipip', forwarding: 'click' },
] as const

const pairsOf = <T>(things: readonly T[]): readonly (readonly [T, T])[] =>
  things.flatMap((one, i) => things.slice(i + 1).map((other) => [one, other] as const))

const request = (nodes: readonly Node[]): string => {
  const interfaces = new Map(nodes.map(({ id }) => [id, [] as string[]]))
  const end = (id: string, forwarding: string): string =>
    `${id}.${(interfaces.get(id)?.push(`{ forwarding: ${forwarding} }`) ?? 0) - 1}`
  const links = pairsOf(nodes).flatMap(([a, b]) =>
    ways.map(
      ({ technology, forwarding }) =>
        `  ${a.id}-${b.id}-${technology}-${forwarding}: { ends: [${end(a.id, forwarding)}, ${end(b.id, forwarding)}], technology: ${technology} }`,
    ),
  )
  const lines = nodes.map(({ id, host, hypervisor, image }) => {
    const listed = (interfaces.get(id) ?? []).map((one, index) => `${index}: ${one}`).join(', ')
    const rest = `${image === undefined ? '' : `image: ${image}, memory: 128 MiB, `}interfaces: { ${listed} }`
    return `  ${id}: { hypervisor: ${hypervisor}, location: ${host}, ${rest} }`
  })
  return `vnet: mixed\nprefix: 10.7.0.0/16\nnodes:\n${lines.join('\n')}\nlinks:\n${links.join('\n')}\n`
}

interface View {
  readonly request: {
    readonly nodes: readonly { readonly id: string; readonly interfaces: { addresses: string[] }[] }[]
  }
  readonly links: readonly { readonly id: string; readonly technology: string }[]
}

/** Builds a VNet of the nodes, each on its host and joined to each other in every way, and has all ping all. */
const allReachAll = async (
  t: Test,
  {
    substrate,
    kinds,
    nodes,
  }: { readonly substrate: string; readonly kinds: HostKinds; readonly nodes: readonly Node[] },
): Promise<void> => {
  const directory = temporaryDirectory(t)
  const [substrateFile, file] = [join(directory, 'substrate.yaml'), join(directory, 'mixed.yaml')]
  writeFileSync(substrateFile, substrate)
  writeFileSync(file, request(nodes))
  const drivers = nodes.some(({ hypervisor }) => hypervisor === 'qemu')
    ? (['lxc', 'qemu'] as const)
    : (['lxc'] as const)
  const stack = await startStack({
    name: `test-mixed-${process.pid}`,
    substrateFile,
    kinds,
    drivers,
    timeoutMs: 180_000,
  })
  t.teardown(() => stack.down())
  const cli = (...argv: string[]) =>
    run([process.execPath, weft(), '--lab', stack.lab.name, ...argv], { timeoutMs: 1_000_000 })
  const right = async (...argv: string[]): Promise<string> => {
    const { status, stdout, stderr } = await cli(...argv)
    if (status !== 0) throw new Error(`weft ${argv.join(' ')}: ${stderr}${stdout}`)
    return stdout
  }
  await right('apply', '-f', file, '--wait', '--timeout', '12m')
  const view = JSON.parse(await right('get', 'vnets', 'mixed', '-o', 'json')) as View
  t.equal(view.links.length, pairsOf(nodes).length * ways.length)
  const addressesOf = (id: string): readonly string[] =>
    view.request.nodes.find((node) => node.id === id)?.interfaces.map(({ addresses }) => addresses[0] ?? '') ?? []
  for (const [a, b] of pairsOf(nodes)) {
    const there = new Set(addressesOf(a.id).map(subnet))
    const targets = addressesOf(b.id).filter((address) => there.has(subnet(address)))
    t.equal(targets.length, ways.length)
    for (const address of targets) {
      const ping = await cli('exec', `mixed/${a.id}`, '--', 'ping', '-c2', '-W20', address.replace(/\/.*/, ''))
      t.equal(ping.status, 0, `${a.hypervisor} to ${b.hypervisor} by ${address}`)
      if (ping.status !== 0) t.comment(ping.stdout, ping.stderr)
    }
  }
  await right('delete', 'mixed', '--yes', '--wait', '--timeout', '5m')
}

/** Of a link: /30. */
const subnet = (address: string): string => {
  const bytes = address.replace(/\/.*/, '').split('.').map(Number)
  return [...bytes.slice(0, 3), (bytes[3] ?? 0) & 252].join('.')
}

const host = (name: string, index: number, memory: string, hypervisors = ''): string =>
  `  ${name}: { location: { name: ${name} }, memory: ${memory}, tunnel_prefix: 198.18.${index}.0/24${hypervisors} }`

t.test(
  'a container on Debian’s kernel and one on this machine’s reach each other',
  { skip: labProblem() || kernelHostProblem() },
  (t) =>
    allReachAll(t, {
      kinds: parseKinds('there=kernel'),
      substrate: [
        'name: lab\ncpu_overcommit: 16\nhosts:',
        host('here', 1, '1 GiB'),
        host('there', 2, '512 MiB'),
        'links:\n  - { ends: [here/eth1, there/eth1], capacity: 1 Gbit/s }\n',
      ].join('\n'),
      nodes: [
        { id: 'a', host: 'here', hypervisor: 'lxc' },
        { id: 'b', host: 'there', hypervisor: 'lxc' },
      ],
    }),
)

t.test(
  'a container, a guest of QEMU and one of Xen reach each other, over a switch',
  { skip: labProblem(['lxc', 'qemu']) || xenHostProblem() },
  (t) =>
    allReachAll(t, {
      kinds: parseKinds('third=xen'),
      substrate: [
        'name: lab\ncpu_overcommit: 16\nhosts:',
        host('first', 1, '1 GiB'),
        host('second', 2, '1 GiB'),
        host('third', 3, '512 MiB'),
        'switches: { rack: }\nlinks:',
        ...['first', 'second', 'third'].map((name) => `  - { ends: [${name}/eth1, rack], capacity: 1 Gbit/s }`),
        '',
      ].join('\n'),
      nodes: [
        { id: 'container', host: 'first', hypervisor: 'lxc' },
        { id: 'guest', host: 'second', hypervisor: 'qemu', image: 'tiny' },
        { id: 'domu', host: 'third', hypervisor: 'xen', image: 'tiny' },
      ],
    }),
)
