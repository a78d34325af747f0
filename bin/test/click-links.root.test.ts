/** A VNet of the paper's kind with every interface joined by Click, over each technology, through all roles and by commands alone. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { labProblem } from '../../lab/lab.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'

const entry = fileURLToPath(new URL('../weft', import.meta.url))

/** Six routers in a ring with one chord. */
const links = [
  ['r1.0', 'r2.0'],
  ['r2.1', 'r3.0'],
  ['r3.1', 'r4.0'],
  ['r4.1', 'r5.0'],
  ['r5.1', 'r6.0'],
  ['r6.1', 'r1.1'],
  ['r2.2', 'r5.2'],
] as const

/** Of an end of the n-th link. */
const address = (link: number, end: number): string => `10.1.${link}.${end + 1}`

/** Where each pair of routers would rather be: two on each host of the lab. */
const places = [
  [37.36883, -122.03635],
  [39.11417, -94.62746],
  [38.89511, -77.03637],
] as const

interface Wish {
  readonly technology: string
  /** An interface that is bridged, as `node.index`; the others are joined by Click. */
  readonly bridged?: string
}

const request = ({ technology, bridged }: Wish): string => {
  const nodes = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6'].map((id, i) => {
    const interfaces = links.flatMap((ends, link) =>
      ends.flatMap((name, end) => {
        const [node, index] = name.split('.')
        const forwarding = name === bridged ? 'bridge' : 'click'
        return node === id ? [`${index}: {forwarding: ${forwarding}, addresses: ${address(link, end)}/30}`] : []
      }),
    )
    const [latitude, longitude] = places[i >> 1] ?? []
    const location = `{latitude: ${latitude}, longitude: ${longitude}}`
    const command = 'sysctl -w net.ipv4.ip_forward=1'
    return `  ${id}: {location: ${location}, interfaces: {${interfaces.join(', ')}}, start-up: {command: ${command}}}`
  })
  return `\
vnet: paper
defaults: {hypervisor: lxc, memory: 64 MiB, technology: ${technology}}
nodes:
${nodes.join('\n')}
links:
${links.map(([a, b], i) => `  l${i}: {ends: [${a}, ${b}], rate: ${i === 6 ? 10 : 20} Mbit/s}`).join('\n')}
`
}

/** Those that Click has; the kernel needs none of them. */
const wishes: readonly Wish[] = [
  { technology: 'vxlan' },
  { technology: 'vxlan', bridged: 'r3.0' },
  { technology: 'vxlan', bridged: 'r2.0' },
  ...['gre', 'vlan', 'qinq', 'etherip', 'mpls', 'ipip'].map((technology) => ({ technology })),
]

t.test(
  'six routers on three hosts are joined by Click, by each technology in turn, while they run',
  { skip: labProblem(), timeout: 1_200_000 },
  (t) => {
    const directory = temporaryDirectory(t)
    const { NODE_OPTIONS: _, ...own } = process.env
    const name = `click-${process.pid}`
    const env = { ...own, WEFT_LAB_DIR: join(directory, 'labs'), WEFT_LAB: name }
    const weft = (...argv: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(entry, argv, { env, encoding: 'utf8', timeout: 300_000 })
      t.comment(`weft ${argv.join(' ')}: ${status}\n${stdout}${stderr}`)
      return { status, stdout, stderr }
    }
    const write = (text: string): string => {
      const path = join(directory, 'paper.yaml')
      writeFileSync(path, text)
      return path
    }
    t.teardown(() => spawnSync(entry, ['lab', 'down', name], { env, stdio: 'ignore' }))
    t.match(weft('lab', 'up', name), { status: 0 })
    const hosts = ['west', 'centre', 'east']
    const interfacesOf = (host: string): string =>
      weft('lab', 'exec', host, '--', 'ip', '-brief', 'link').stdout.replace(/@\S+/g, '').split('\n').sort().join('\n')
    const before = hosts.map(interfacesOf)

    const ping = (from: string, to: string, ...more: readonly string[]) =>
      weft('exec', `paper/${from}`, '--', 'ping', '-n', '-c', '1', '-w', '20', ...more, to)
    for (const [version, wish] of wishes.entries()) {
      const what = `${wish.technology}${wish.bridged ? `, ${wish.bridged} bridged` : ''}`
      t.match(weft('apply', '-f', write(request(wish)), '--wait'), { status: 0, stdout: /paper ready after/ }, what)
      for (const [link, [a, b]] of links.entries()) {
        t.match(ping(a.slice(0, 2), address(link, 1)), { status: 0 }, `${what}: ${a} to ${b}`)
      }
      // What just fits, and is never cut.
      const mtu = Number(/mtu (\d+)/.exec(weft('exec', 'paper/r2', '--', 'ip', 'link', 'show', 'eth1').stdout)?.[1])
      t.ok(mtu >= 1400, `${mtu}`)
      t.match(ping('r2', address(1, 1), '-M', 'do', '-s', `${mtu - 28}`), { status: 0 }, `${what}: ${mtu} bytes`)
      if (version > 0) continue
      const placed: readonly { readonly host: string }[] = JSON.parse(
        weft('get', 'nodes', 'paper', '-o', 'json').stdout,
      )
      t.same([...new Set(placed.map((node) => node.host))].sort(), [...hosts].sort())
      // In the middle the bridge relays.
      for (const host of ['west', 'east']) t.notMatch(interfacesOf(host), /^w[bt]/m)
    }

    // Packets of others, by way of r2: from another address than its own, and by its own Ethernet address.
    for (const [node, to, via] of [
      ['r1', '10.1.1.0/30', address(0, 1)],
      ['r3', '10.1.0.0/30', address(1, 0)],
    ] as const) {
      t.match(weft('exec', `paper/${node}`, '--', 'ip', 'route', 'replace', to, 'via', via), { status: 0 })
    }
    t.match(ping('r1', address(1, 1)), { status: 0 })

    const described = weft('describe', 'link', 'paper/l1')
    t.match(described, { status: 0, stdout: /ipip/ })
    const host = (
      JSON.parse(weft('get', 'nodes', 'paper', '-o', 'json').stdout) as { id: string; host: string }[]
    ).find(({ id }) => id === 'r2')?.host
    const shown = weft('host', 'click', 'alice.paper/r2.1', '--host', host ?? '', '--handlers')
    t.match(shown, { status: 0, stdout: /FromDevice\(vif\d+\.1/ })
    t.match(shown.stdout, /^sent\.count: [1-9]/m)
    t.match(shown.stdout, /^spoofed_mac\.count: 0$/m)

    t.match(weft('delete', 'paper', '--yes', '--wait'), { status: 0, stdout: 'vnet/paper is gone\n' })
    t.same(hosts.map(interfacesOf), before, 'no interface is left')
    for (const each of hosts) t.equal(weft('lab', 'exec', each, '--', 'ls', '/sys/fs/bpf/weft/v1/links').stdout, '')
    t.match(weft('lab', 'down', name), { status: 0 })
    t.end()
  },
)
