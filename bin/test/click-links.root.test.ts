/** A VNet of the paper's kind with every interface joined by Click, through all roles and by commands alone. */
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

const nodes = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6'].map((id) => {
  const interfaces = links.flatMap((ends, link) =>
    ends.flatMap((name, end) => {
      const [node, index] = name.split('.')
      return node === id ? [`${index}: {forwarding: click, addresses: ${address(link, end)}/30}`] : []
    }),
  )
  const command = 'sysctl -w net.ipv4.ip_forward=1'
  return `  ${id}: {interfaces: {${interfaces.join(', ')}}, start-up: {command: ${command}}}`
})

const request = `\
vnet: paper
defaults: {hypervisor: lxc, memory: 64 MiB}
nodes:
${nodes.join('\n')}
links:
${links.map(([a, b], i) => `  l${i}: {ends: [${a}, ${b}], rate: ${i === 6 ? 10 : 20} Mbit/s}`).join('\n')}
`

t.test(
  'six routers joined by Click are built on one host, and forward',
  { skip: labProblem(), timeout: 600_000 },
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

    const mixed = write(request.replace('forwarding: click', 'forwarding: bridge'))
    t.match(weft('plan', '-f', mixed), { status: 1, stderr: /\[datapath\.unavailable\].*the same at both ends/s })
    t.match(weft('apply', '-f', write(request), '--wait'), { status: 0, stdout: /paper ready after/ })
    const placed: readonly { readonly host: string }[] = JSON.parse(weft('get', 'nodes', 'paper', '-o', 'json').stdout)
    const [host = '', ...others] = new Set(placed.map((node) => node.host))
    t.same(others, [])
    t.equal(placed.length, 6)
    t.notMatch(weft('lab', 'exec', host, '--', 'ip', '-brief', 'link'), { stdout: /^wb/m })

    const ping = (from: string, to: string) => weft('exec', `paper/${from}`, '--', 'ping', '-c', '1', '-w', '20', to)
    for (const [link, [a, b]] of links.entries()) {
      t.match(ping(a.slice(0, 2), address(link, 1)), { status: 0 }, `${a} to ${b}`)
    }
    // Packets of others, by way of r2: from another address than its own, and by its own Ethernet address.
    for (const [node, to, via] of [
      ['r1', '10.1.1.0/30', address(0, 1)],
      ['r3', '10.1.0.0/30', address(1, 0)],
    ] as const) {
      t.match(weft('exec', `paper/${node}`, '--', 'ip', 'route', 'replace', to, 'via', via), { status: 0 })
    }
    t.match(ping('r1', address(1, 1)), { status: 0 })

    const shown = weft('host', 'click', 'alice.paper/r2.1', '--host', host, '--handlers')
    t.match(shown, { status: 0, stdout: /ToDevice\(vif\d+\.0\).*FromDevice\(vif\d+\.1/s })
    t.match(shown.stdout, /^sent\.count: [1-9]/m)
    t.match(shown.stdout, /^spoofed_mac\.count: 0$/m)

    t.match(weft('delete', 'paper', '--yes', '--wait'), { status: 0, stdout: 'vnet/paper is gone\n' })
    t.notMatch(weft('lab', 'exec', host, '--', 'ip', '-brief', 'link'), { stdout: /^vif/m })
    t.equal(weft('lab', 'exec', host, '--', 'ls', '/sys/fs/bpf/weft/v1/links').stdout, '')
    t.match(weft('lab', 'down', name), { status: 0 })
    t.end()
  },
)
