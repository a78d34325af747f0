/** A pool of containers, in a lab: two of them become nodes of a VNet, are told who they are, and are replaced. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { startStack, weft } from '../stack.ts'

t.setTimeout(900_000)

const substrateFile = fileURLToPath(new URL('../../examples/substrates/pool.yaml', import.meta.url))

const request = `
vnet: shop
prefix: 10.7.0.0/24
defaults: { allocation: preallocated }
nodes:
  web:
    location: Sunnyvale
    start-up: { files: { /etc/motd: welcome }, command: 'echo started >/tmp/said' }
  db: { location: Washington DC }
links:
  web-db: { ends: [web.0, db.0], rate: 10 Mbit/s }
`

interface Pool {
  readonly host: string
  readonly idle?: number
  readonly building?: number
  readonly taken?: number
  readonly leaving?: number
}

interface View {
  readonly desired: { readonly vnet: string; readonly nodes: readonly { readonly id: string }[] }
  readonly reported: { readonly nodes: readonly { readonly id: string; readonly domain: string }[] }
}

t.test('a VNet is made of nodes that were booted before it was asked for', { skip: labProblem() }, async (t) => {
  const stack = await startStack({ name: `test-pools-${process.pid}`, substrateFile })
  t.teardown(() => stack.down())
  const file = join(temporaryDirectory(t), 'shop.yaml')
  writeFileSync(file, request)
  const cli = async (...argv: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run([process.execPath, weft(), '--lab', stack.lab.name, ...argv])
    if (status !== 0) throw new Error(`weft ${argv.join(' ')}: ${stderr}`)
    return stdout
  }
  const filled = async (): Promise<void> => {
    for (const end = performance.now() + 300_000; ; await sleep(200)) {
      const pools: readonly Pool[] = JSON.parse(await cli('get', 'pools', '-o', 'json'))
      const isFull = pools.every(({ idle, taken, leaving, building }) => idle === 2 && !taken && !leaving && !building)
      if (isFull) return
      if (performance.now() > end) throw new Error(`the pools are not full: ${JSON.stringify(pools)}`)
    }
  }
  const domains = async (): Promise<ReadonlyMap<string, string>> => {
    const views = await Promise.all(
      ['west', 'east'].map(
        async (host) => JSON.parse(await cli('host', 'get', '--host', host, '-o', 'json')) as View[],
      ),
    )
    const nodes = views
      .flat()
      .flatMap(({ desired, reported }) =>
        reported.nodes.map(({ id, domain }) => [`${desired.vnet}/${id}`, domain] as const),
      )
    return new Map(nodes)
  }

  await filled()
  const before = await domains()
  t.equal(before.size, 4)
  t.ok([...before.keys()].every((node) => node.startsWith('pool-small/')))

  t.match(await cli('apply', '-f', file, '--wait', '--timeout', '5m'), /ready/)
  t.match(
    await cli('exec', 'shop/web', '--', 'ping', '-c', '1', '-w', '60', '10.7.0.2'),
    /1 packets received|1 received/,
  )
  t.equal((await cli('exec', 'shop/web', '--', 'uname', '-n')).trim(), 'web')
  t.equal((await cli('exec', 'shop/db', '--', 'uname', '-n')).trim(), 'db')
  t.match(await cli('exec', 'shop/web', '--', 'cat', '/etc/motd', '/tmp/said'), 'welcomestarted')
  const { nodes, request: filledIn } = JSON.parse(await cli('get', 'vnets', 'shop', '-o', 'json'))
  const taken = new Set([...before.values()])
  for (const { id, domain, hypervisor } of nodes) t.ok(taken.has(domain) && hypervisor === 'lxc', `${id} is ${domain}`)
  t.match(filledIn.nodes, [{ memoryBytes: String(64 * 2 ** 20) }, { memoryBytes: String(64 * 2 ** 20) }])

  t.comment('the pools are filled again')
  await filled()
  const after = await domains()
  t.equal(after.size, 6)
  t.equal(new Set(after.values()).size, 6, 'each is a domain of its own')

  t.comment('what was taken goes with its VNet')
  await cli('delete', 'shop', '--yes', '--wait', '--timeout', '5m')
  await filled()
  t.same([...(await domains()).keys()].sort(), [...after.keys()].filter((node) => node.startsWith('pool-')).sort())
})
