/** What changes while a VNet works, from the command line to the hosts: no node is made again for it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { startStack, weft } from '../stack.ts'

t.setTimeout(900_000)

interface Asked {
  readonly forwarding?: 'bridge' | 'click'
  readonly ip?: 'on' | 'off'
}

/** Two nodes at the ends of a line of three hosts. */
const request = ({ forwarding = 'bridge', ip = 'on' }: Asked): string => `
vnet: pair
prefix: 10.7.0.0/16
nodes:
  web:
    hypervisor: lxc
    location: { name: Sunnyvale }
    interfaces: { 0: { forwarding: ${forwarding}, anti-spoofing: { ip: ${ip} } } }
  db: { hypervisor: lxc, location: { name: Washington DC }, interfaces: { 0: { forwarding: ${forwarding} } } }
links:
  web-db: { ends: [web.0, db.0], rate: 20 Mbit/s }
`

t.test(
  'rate, anti-spoofing and what joins interfaces change under running nodes',
  { skip: labProblem() },
  async (t) => {
    const stack = await startStack({ name: `test-live-${process.pid}` })
    t.teardown(() => stack.down())
    const file = join(temporaryDirectory(t), 'pair.yaml')
    const cli = (...argv: string[]) => run([process.execPath, weft(), '--lab', stack.lab.name, ...argv])
    const right = async (...argv: string[]): Promise<string> => {
      const { status, stdout, stderr } = await cli(...argv)
      if (status !== 0) throw new Error(`weft ${argv.join(' ')}: ${stderr}`)
      return stdout
    }
    const apply = async (asked: Asked) => {
      writeFileSync(file, request(asked))
      return right('apply', '-f', file, '--wait', '--timeout', '3m')
    }
    const inNode = (node: string, ...argv: string[]) => right('exec', `pair/${node}`, '--', ...argv)
    /** Of the first process of each: another one where the node was made again. */
    const started = () => Promise.all(['web', 'db'].map((node) => inNode(node, 'stat', '-c', '%Y', '/proc/1')))

    await apply({})
    const { request: filled } = JSON.parse(await right('get', 'vnets', 'pair', '-o', 'json'))
    const address = filled.nodes[1].interfaces[0].addresses[0].split('/')[0]
    const ping = async (...from: string[]) =>
      (await cli('exec', 'pair/web', '--', 'ping', '-c3', '-W5', ...from, address)).status
    const before = await started()
    t.equal(await ping(), 0)

    const set = await right('link', 'set', 'pair/web-db', '--rate', '5Mbit/s', '--direction', 'a-to-b')
    t.match(set, 'link/web-db: rate a to b: 20 Mbit/s → 5 Mbit/s\nvnet/pair accepted: generation 2')
    await right('wait', 'pair', '--timeout', '2m')
    t.match(await right('describe', 'link', 'pair/web-db'), /Rate: +5 Mbit\/s, 20 Mbit\/s/)
    t.equal(await ping(), 0)

    // An address that nobody gave the node: what it sends in its name is dropped while that is guarded.
    await inNode('web', 'ip', 'address', 'add', '10.9.9.9/32', 'dev', 'lo')
    await inNode('web', 'ip', 'link', 'set', 'lo', 'up')
    await inNode('db', 'ip', 'route', 'add', '10.9.9.9/32', 'dev', 'eth0')
    for (const forwarding of ['bridge', 'click'] as const) {
      await apply({ forwarding, ip: 'on' })
      t.equal(await ping(), 0, `${forwarding}: its own address`)
      t.not(await ping('-I', '10.9.9.9'), 0, `${forwarding}: another one`)
      await apply({ forwarding, ip: 'off' })
      t.equal(await ping('-I', '10.9.9.9'), 0, `${forwarding}: another one, where that is not guarded`)
    }
    t.same(await started(), before, 'no node was made again')
  },
)
