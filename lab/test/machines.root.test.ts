/** One VNet of a container on one host and a virtual machine on another, over each data path. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { placeTiny, tinyProblem } from '../images/tiny.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { startStack, weft } from '../stack.ts'

t.setTimeout(1_200_000)

const substrate = `
name: lab
cpu_overcommit: 16
hosts:
  left:  { location: { name: left },  memory: 1 GiB, tunnel_prefix: 198.18.1.0/24 }
  right: { location: { name: right }, memory: 1 GiB, tunnel_prefix: 198.18.2.0/24 }
links:
  - { ends: [left/eth1, right/eth1], capacity: 1 Gbit/s }
`

const request = (extra = '') => `
vnet: mixed
prefix: 10.8.0.0/16
nodes:
  box:
    hypervisor: lxc
    location: left
    interfaces: { 0: { forwarding: bridge }, 1: { forwarding: click }, 2: { forwarding: click } }
  machine:
    hypervisor: qemu
    location: right
    memory: 128 MiB
    interfaces: { 0: { forwarding: bridge }, 1: { forwarding: click }, 2: { forwarding: click }${extra} }
    start-up:
      command: echo "$(cat /etc/motd) of $(hostname)" >/tmp/said
      files: { /etc/motd: { content: word } }
links:
  bridged: { ends: [box.0, machine.0], technology: vxlan, rate: 10 Mbit/s }
  clicked: { ends: [box.1, machine.1], technology: vxlan, rate: 10 Mbit/s }
  papers: { ends: [box.2, machine.2], technology: ipip, rate: 10 Mbit/s }
`

t.test(
  'a container and a virtual machine reach each other over both data paths',
  { skip: labProblem(['lxc', 'qemu']) || tinyProblem() },
  async (t) => {
    const directory = temporaryDirectory(t)
    const [substrateFile, file] = [join(directory, 'substrate.yaml'), join(directory, 'mixed.yaml')]
    writeFileSync(substrateFile, substrate)
    const stack = await startStack({ name: `test-mixed-${process.pid}`, substrateFile, drivers: ['lxc', 'qemu'] })
    t.teardown(() => stack.down())
    for (const host of stack.lab.hosts.values()) await placeTiny(join(host.directory, 'weft/images'))
    const cli = (...argv: string[]) => run([process.execPath, weft(), '--lab', stack.lab.name, ...argv])
    const right = async (...argv: string[]): Promise<string> => {
      const { status, stdout, stderr } = await cli(...argv)
      if (status !== 0) throw new Error(`weft ${argv.join(' ')}: ${stderr}`)
      return stdout
    }
    writeFileSync(file, request())
    await right('apply', '-f', file, '--wait', '--timeout', '10m')
    const { request: filled } = JSON.parse(await right('get', 'vnets', 'mixed', '-o', 'json')) as {
      request: { nodes: { id: string; interfaces: { addresses: string[] }[] }[] }
    }
    const addressesOf = (id: string): readonly string[] =>
      (filled.nodes.find((node) => node.id === id)?.interfaces ?? []).map(
        ({ addresses }) => addresses[0]?.split('/')[0] ?? '',
      )
    for (const [from, to] of [
      ['box', 'machine'],
      ['machine', 'box'],
    ] as const) {
      for (const [index, address] of addressesOf(to).entries()) {
        const ping = await cli('exec', `mixed/${from}`, '--', 'ping', '-c3', '-W10', address)
        t.equal(ping.status, 0, `${from} to ${to}, interface ${index}: ${ping.stdout}`)
      }
    }
    t.equal(await right('exec', 'mixed/machine', '--', 'cat', '/tmp/said'), 'word of machine\n', 'it was started up')

    await right('delete', 'mixed', '--yes', '--wait')
    const { stdout } = await stack.lab
      .host('right')
      .exec([
        'sh',
        '-c',
        'virsh -q -c qemu:///system list --all; ls -A /var/lib/weft/machines/qemu; ip -o link show type tun',
      ])
    t.equal(stdout.trim(), '', 'nothing is left')
  },
)
