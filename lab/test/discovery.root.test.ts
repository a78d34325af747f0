/** Discovery at the PIP and at the VNP, in a lab: the same VNet of real containers, whoever maps it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { create } from '../../proto/codec.ts'
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import { callLocal } from '../../proto/local.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { startStack, weft } from '../stack.ts'

t.setTimeout(900_000)

const request = `
vnet: shop
prefix: 10.7.0.0/24
nodes:
  web: { hypervisor: lxc, location: Sunnyvale }
  db: { hypervisor: lxc, location: Washington DC }
links:
  web-db: { ends: [web.0, db.0], rate: 10 Mbit/s }
`

t.test('a VNet is the same whether the PIP or the VNP maps it', { skip: labProblem() }, async (t) => {
  const stack = await startStack({ name: `test-discovery-${process.pid}` })
  t.teardown(() => stack.down())
  const file = join(temporaryDirectory(t), 'shop.yaml')
  writeFileSync(file, request)
  const socket = stack.sockets['vno'] ?? ''
  const cli = async (...argv: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run([process.execPath, weft(), '--socket', socket, ...argv])
    if (status !== 0) throw new Error(`weft ${argv.join(' ')}: ${stderr}`)
    return stdout
  }
  const built: VNetState[] = []
  for (const discovery of ['pip', 'vnp']) {
    const said = await cli('apply', '-f', file, '--discovery', discovery, '--wait', '--timeout', '5m')
    t.match(said, `discovery at the ${discovery.toUpperCase()} `)
    const { vnet } = await callLocal(socket, 'ApiRequest', create('ApiRequest', { get: { vnet: 'shop' } }), 'ApiReply')
    if (vnet) built.push(vnet)
    t.match(
      await cli('exec', 'shop/web', '--', 'ping', '-c', '1', '-w', '60', '10.7.0.2'),
      /1 packets received|1 received/,
    )
    await cli('delete', 'shop', '--yes', '--wait', '--timeout', '5m')
  }
  const where = (state: VNetState | undefined) => ({
    nodes: state?.nodes.map(({ id, host, hypervisor }) => ({ id, host, hypervisor })),
    paths: state?.links.map(({ id, path }) => ({ id, path })),
    request: state?.request,
  })
  const [atPip, atVnp] = built
  t.same(
    built.map(({ discovery }) => discovery),
    ['pip', 'vnp'],
  )
  t.equal(atPip?.nodes.length, 2)
  t.same(where(atVnp), where(atPip))
})
