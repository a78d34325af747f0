/** An operator's own Click and what links count, from the command line through every role to the kernels of three hosts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { create } from '../../proto/codec.ts'
import { callLocal } from '../../proto/local.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { agentSocket, startStack, weft } from '../stack.ts'

t.setTimeout(900_000)

/** Two nodes at the ends of a line of three hosts. */
const request = (click: readonly string[]): string => `
vnet: shaped
prefix: 10.7.0.0/16
nodes:
  web:
    hypervisor: lxc
    location: { name: Sunnyvale }
    interfaces:
      0:
        forwarding: click
        click: |
${click.map((line) => `          ${line}`).join('\n')}
  db: { hypervisor: lxc, location: { name: Washington DC }, interfaces: { 0: { forwarding: click } } }
links:
  web-db: { ends: [web.0, db.0], rate: 20 Mbit/s }
`

const own = [
  'input -> kind :: Classifier(12/0800, -);',
  'kind[0] -> way :: Switch(0) -> packets :: Counter -> out :: Null -> output;',
  'way[1] -> dropped :: Counter -> Discard;',
  'kind[1] -> out;',
]

const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + 120_000; !(await isTrue()); await sleep(200)) {
    if (performance.now() > end) throw new Error('it never came')
  }
}

t.test(
  'own Click is asked for, reached and changed; its link is described hop by hop',
  { skip: labProblem() },
  async (t) => {
    const stack = await startStack({ name: `test-own-${process.pid}` })
    t.teardown(() => stack.down())
    const file = join(temporaryDirectory(t), 'shaped.yaml')
    const cli = (...argv: string[]) => run([process.execPath, weft(), '--lab', stack.lab.name, ...argv])
    const apply = async (click: readonly string[], ...how: readonly string[]) => {
      writeFileSync(file, request(click))
      return cli('apply', '-f', file, ...how)
    }
    const json = async (...argv: string[]) => JSON.parse((await cli(...argv, '-o', 'json')).stdout)

    const applied = await apply(own, '--wait')
    t.equal(applied.status, 0, applied.stderr)
    const { request: filled } = await json('get', 'vnets', 'shaped')
    const address = (id: string): string =>
      filled.nodes.find((node: { id: string }) => node.id === id).interfaces[0].addresses[0].split('/')[0]
    const ping = (...more: string[]) => cli('exec', 'shaped/web', '--', 'ping', '-c3', '-W20', ...more, address('db'))
    t.equal((await ping()).status, 0)

    const { hops } = await json('describe', 'link', 'shaped/web-db')
    t.same(
      hops.map(({ host, technology = '' }: { host: string; technology?: string }) => [host, technology]),
      [
        ['west', 'vxlan'],
        ['centre', 'vxlan'],
        ['east', ''],
      ],
    )
    t.match(hops[0], {
      counters: { datapath: 'click', directions: [{ from: 'web.0', to: 'centre' }, { to: 'web.0' }] },
    })
    t.match(hops[1].counters.directions, [
      { from: 'west', to: 'east' },
      { from: 'east', to: 'west' },
    ])
    for (const { host, counters } of hops) {
      for (const { from, packets } of counters.directions)
        t.ok(Number(packets) >= 3, `${packets} at ${host} from ${from}`)
    }
    t.match(
      (await cli('describe', 'link', 'shaped/web-db')).stdout,
      /\nHops:\n +HOST +DATA PATH[^\n]*\n +west +click +vxlan \d+/,
    )

    const read = async (handler: string): Promise<number> =>
      Number((await cli('handlers', 'shaped/web.0', handler)).stdout)
    t.ok((await read('packets.count')) >= 3)
    t.equal((await cli('handlers', 'shaped/web.0', 'way.switch', '1')).status, 0)
    t.not((await ping('-W1')).status, 0)
    t.ok((await read('dropped.count')) >= 3)
    t.equal((await cli('handlers', 'shaped/web.0', 'way.switch', '0')).status, 0)
    t.equal((await ping()).status, 0)
    t.match(await cli('handlers', 'shaped/web.0', 'sent.count'), { status: 1, stderr: /\[handler\.unknown\]/ })
    t.match(await cli('handlers', 'shaped/db.0'), { status: 1, stderr: /\[router\.unknown\]/ })
    const handler = create('HostCommand', { handler: { vnet: 'alice.shaped', node: 'web', handler: 'packets.count' } })
    const asked = callLocal(agentSocket(stack.lab, 'west'), 'HostCommand', handler, 'HostReply')
    await t.rejects(asked, { code: 'owner.denied' }, 'root on the host is not its operator')

    const wrong = await apply([...own, 'x :: ToDevice(eth1);'])
    t.match(wrong, { status: 1, stderr: /web\.0\.click:5: .*ToDevice/ })
    // Right in itself, but dearer than a host takes.
    const rules = Array.from({ length: 250 }, (_, i) => `deny src 10.1.${i}.1 && tcp dst port ${i}`).join(', ')
    const dear = [...own.slice(0, 3), 'kind[1] -> out;', '// A rule for everybody.']
    dear[1] = `kind[0] -> Strip(14) -> MarkIPHeader -> IPFilter(${rules}, allow all) -> Unstrip(14) -> way :: Switch(0) -> packets :: Counter -> out :: Null -> output;`
    const before = await read('packets.count')
    await apply(dear)
    const linkError = async (): Promise<{ code: string; message: string } | undefined> =>
      (await json('get', 'links', 'shaped'))[0].error
    await until(async () => (await linkError()) !== undefined)
    t.match(await linkError(), { code: 'config.invalid', message: /instructions: at most/ })
    t.equal((await ping()).status, 0, 'what ran before goes on')
    t.ok((await read('packets.count')) >= before + 3)
    t.equal((await apply(own, '--wait')).status, 0)
    t.equal(await linkError(), undefined)
  },
)
