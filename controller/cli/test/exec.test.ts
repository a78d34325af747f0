import t, { type Test } from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import { play, playAgent, shop, weft } from './support.ts'

const playing = (t: Test, states = [shop()]) =>
  play(t, 'vno', ({ get, exec }) => {
    if (get) return { vnets: { vnets: states } }
    if (exec?.node === 'r9') throw new WeftError('node.unknown', 'shop has no node r9', { object: 'node/r9' })
    const stdout = Buffer.from(`${exec?.vnet}/${exec?.node}: ${exec?.argv.join('|')}\n`)
    return { exec: { exitStatus: 7, stdout, stderr: Buffer.from('complaint\n'), truncated: exec?.argv[0] === 'yes' } }
  })

t.test('outputs stay apart and the status is the command’s', async (t) => {
  const { directory, requests } = await playing(t)
  const argv = ['exec', 'shop/r1', '--timeout', '5s', '--run-dir', directory, '--', 'ls', '-l', '--', '-f']
  t.same(await weft(argv), { status: 7, stdout: 'shop/r1: ls|-l|--|-f\n', stderr: 'complaint\n' })
  t.match(requests, [{ exec: { timeoutMs: 5000 } }], 'the node’s VNet was named: nothing else is asked')
})

t.test('a node alone is found where one VNet has it', async (t) => {
  const { directory } = await playing(t)
  const run = (...argv: string[]) => weft(['exec', ...argv, '--run-dir', directory, '--', 'id'])
  t.match(await run('r1'), { status: 7, stdout: 'shop/r1: id\n' })
  t.match(await run('r3'), {
    status: 125,
    stderr: /no VNet has a node r3 .*\[node\.unknown\].*\nhint: did you mean "r1"/,
  })
  t.match(await run('r1', '--vnet', 'other'), { status: 7, stdout: 'other/r1: id\n' })
})

t.test('a node that several VNets have must be named whole', async (t) => {
  const { directory } = await playing(t, [shop(), shop({ vnet: 'store' })])
  t.match(await weft(['exec', 'r1', '--run-dir', directory, '--', 'id']), {
    status: 125,
    stderr: 'error: several VNets have a node r1: shop/r1, store/r1\nhint: name one: shop/r1\n',
  })
})

t.test('what fails in weft itself is status 125', async (t) => {
  const { directory } = await playing(t)
  const run = (...argv: string[]) => weft(['exec', '--run-dir', directory, ...argv])
  t.match(await run('shop/r9', '--', 'id'), { status: 125, stderr: /\[node\.unknown\] \(node\/r9\)/ })
  t.match(await run('shop/r1'), { status: 125, stderr: /needs -- COMMAND/ })
  t.match(await run('shop/r1', 'id'), { status: 125, stderr: /hint: .* weft exec shop\/r1 -- id/ })
  t.match(await run('shop/r1', 'ls', '-l'), { status: 125, stderr: /has no flag -l\nhint: .* after --/ })
})

t.test('lost output is told', async (t) => {
  const { directory } = await playing(t)
  const { stderr } = await weft(['exec', 'shop/r1', '--run-dir', directory, '--', 'yes'])
  t.match(stderr, 'longer than 48 KiB')
})

t.test('the agent of the host runs it as well', async (t) => {
  const directory = await playAgent(t, ({ exec }) => ({
    exec: { exitStatus: 0, stdout: Buffer.from(`${exec?.vnet} ${exec?.node} ${exec?.argv}\n`) },
  }))
  const run = (node: string) => weft(['host', 'exec', node, '--run-dir', directory, '--', 'id', '-u'])
  t.same(await run('alice.shop/r1'), { status: 0, stdout: 'alice.shop r1 id,-u\n', stderr: '' })
  t.match(await run('r1'), { status: 125, stderr: /names no VNet/ })
})
