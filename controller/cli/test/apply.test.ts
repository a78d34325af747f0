import t, { type Test } from 'tap'
import type { Init } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { requestFile, shopYaml } from './request-file.ts'
import { type PlayedRole, plain, play, shop, typed, weft } from './support.ts'

const noNodes = { nodes: [], links: [], timings: [] }

/** A VNO that holds `before` and answers apply by `after`, which then stands. */
const playing = async (t: Test, before: VNetState | undefined, after: () => VNetState) => {
  let stands = before
  const role: PlayedRole = await play(
    t,
    'vno',
    ({ apply, get }) => {
      if (apply) {
        stands = after()
        return { vnet: stands }
      }
      if (get && stands) return { vnet: stands }
      throw new WeftError('vnet.unknown', 'there is no such VNet')
    },
    () => (stands ? [stands] : []),
  )
  const file = requestFile(role.directory)
  return {
    ...role,
    file,
    argv: ['apply', '-f', file, '--run-dir', role.directory],
    become: (change: Init<VNetState>) => {
      stands = shop(change)
      role.tell(stands)
    },
  }
}

t.test('an accepted request says its generation and where it was placed', async (t) => {
  const { argv, requests } = await playing(t, undefined, () => shop({ phase: 'PHASE_BUILDING', generation: 1 }))
  t.same(await weft(argv), {
    status: 0,
    stdout: 'vnet/shop accepted: generation 1, 2 nodes on h1, h2, 1 link\n',
    stderr: '',
  })
  const { apply } = requests.at(-1) ?? {}
  t.match(apply?.request, { name: 'shop', prefix: '10.1.0.0/16', nodes: [{ id: 'r1' }, { id: 'r2' }] })
  t.equal(apply?.request?.links[0]?.rateAToBBitsPerSecond, 10_000_000)
})

t.test('the same again is unchanged', async (t) => {
  const { argv } = await playing(t, shop(), () => shop())
  t.match(await weft(argv), {
    status: 0,
    stdout: 'vnet/shop unchanged: generation 3, 2 nodes on h1, h2, 1 link\n',
  })
})

t.test('a request comes from stdin too', async (t) => {
  const { directory, requests } = await playing(t, undefined, () => shop())
  const argv = ['apply', '-f', '-', '--run-dir', directory]
  t.equal((await weft(argv, { stdin: typed(shopYaml, false) })).status, 0)
  t.equal(requests.at(-1)?.apply?.request?.name, 'shop')
  const broken = await weft(argv, { stdin: typed('vnet: [', false) })
  t.match(broken, { status: 1, stderr: /^error: .* \[request\.syntax\].* at <stdin>:1/ })
})

t.test('a refusal names the binding constraint and changes nothing', async (t) => {
  const { argv } = await playing(t, undefined, () => {
    throw new WeftError('admission.never-fits', 'no host has 64 GiB of memory', {
      object: 'node/r1',
      hint: 'the largest has 16 GiB',
    })
  })
  t.same(await weft(argv), {
    status: 1,
    stdout: '',
    stderr:
      'error: vnet/shop is rejected: no host has 64 GiB of memory [admission.never-fits] (node/r1)\n' +
      'hint: the largest has 16 GiB\n',
  })
})

t.test('a refusal as a state is one too', async (t) => {
  const error = { code: 'admission.not-now', message: 'link a-b is full', object: 'link/r1-r2' }
  const { argv } = await playing(t, undefined, () => shop({ phase: 'PHASE_REJECTED', error }))
  const { status, stdout, stderr } = await weft(argv)
  t.match({ status, stdout }, { status: 1, stdout: '' })
  t.equal(stderr, 'error: vnet/shop is rejected: link a-b is full [admission.not-now] (link/r1-r2)\n')
})

t.test('postponed has a status of its own and says what it waits for', async (t) => {
  const error = { code: 'admission.not-now', message: 'host h1 is full' }
  const { argv } = await playing(t, undefined, () =>
    shop({ phase: 'PHASE_POSTPONED', generation: 1, error, ...noNodes }),
  )
  t.same(await weft(argv), {
    status: 3,
    stdout: 'vnet/shop postponed: generation 1, built once it fits\n',
    stderr: 'error: host h1 is full [admission.not-now]\n',
  })
})

t.test('an outcome that takes its time is waited for', async (t) => {
  const { argv, become } = await playing(t, undefined, () => {
    setTimeout(() => become({ phase: 'PHASE_BUILDING', generation: 1 }), 100)
    return shop({ phase: 'PHASE_PENDING', generation: 0, ...noNodes })
  })
  t.match(await weft(argv), { status: 0, stdout: /^vnet\/shop accepted: generation 1, 2 nodes on h1, h2/ })
})

t.test('all errors of a file stand on stderr with their places, and nothing is asked', async (t) => {
  const { directory, requests } = await playing(t, undefined, () => shop())
  const text = `${shopYaml.replace('10.1.0.0/16', '10.1.0.0/99')}  r1-r9: [r1, r9]\n`
  const file = requestFile(directory, text, 'wrong.yaml')
  const { status, stdout, stderr } = await weft(['apply', '-f', file, '--run-dir', directory])
  t.match({ status, stdout }, { status: 1, stdout: '' })
  const errors = stderr.split('\n').filter((line) => line.startsWith('error: '))
  t.ok(errors.length >= 2, stderr)
  t.ok(
    errors.every((line) => line.includes(`[request.invalid]`) && /wrong\.yaml:\d+:\d+$/.test(line)),
    stderr,
  )
  t.same(requests, [])
})

t.test('errors that the role finds come all of them', async (t) => {
  const { directory } = await play(t, 'vno', ({ get }) => {
    if (get) throw new WeftError('vnet.unknown', 'no')
    const wire = (message: string) => ({ code: 'request.invalid', message, object: 'node/r1' })
    return { error: wire('first'), moreErrors: [wire('second')] }
  })
  const { stderr } = await weft(['apply', '-f', requestFile(directory), '--run-dir', directory])
  t.equal(stderr, 'error: first [request.invalid] (node/r1)\nerror: second [request.invalid] (node/r1)\n')
})

t.test('a file that cannot be read is said', async (t) => {
  const missing = await weft(['plan', '-f', '/nonexistent.yaml'])
  t.same(missing, { status: 1, stdout: '', stderr: 'error: cannot read /nonexistent.yaml: there is no such file\n' })
})

t.test('--wait ends when it is ready, with the times of the phases', async (t) => {
  const { argv, become } = await playing(t, undefined, () => {
    setTimeout(() => become({ generation: 1 }), 100)
    return shop({ phase: 'PHASE_BUILDING', generation: 1, timings: [] })
  })
  const { status, stdout, stderr } = await weft([...argv, '--wait'])
  t.match({ status, stderr }, { status: 0, stderr: '' })
  const [accepted, ready] = stdout.split('\n')
  t.equal(accepted, 'vnet/shop accepted: generation 1, 2 nodes on h1, h2, 1 link')
  t.match(ready, /^vnet\/shop ready after [\d.]+ m?s \(mapping 20 ms, nodes 1\.5 s\)$/)
})

t.test('--wait is not content with an older generation that was ready', async (t) => {
  const { argv, become } = await playing(t, shop(), () => {
    setTimeout(() => become({ generation: 3 }), 50)
    setTimeout(() => become({ generation: 4, vnet: 'shop', owner: 'alice the second' }), 200)
    return shop({ phase: 'PHASE_BUILDING', generation: 4 })
  })
  const { stdout } = await weft([...argv, '--wait', '-o', 'json'])
  t.match(JSON.parse(stdout), { generation: '4', owner: 'alice the second' })
})

t.test('--wait shows how far it is, on a terminal', async (t) => {
  const { argv, become } = await playing(t, undefined, () => {
    setTimeout(() => become({ generation: 1 }), 100)
    return shop({ phase: 'PHASE_BUILDING', generation: 1, links: [], timings: [{ name: 'mapping', seconds: 0.02 }] })
  })
  const { stderr } = await weft([...argv, '--wait'], { isTTY: true })
  t.match(stderr, 'mapping      20 ms\n')
  t.match(plain(stderr), /building {2}nodes 2\/2 {2}links 0\/0 {2}0\.\d s/)
  t.ok(stderr.endsWith('\r\u001b[2K'), 'the line is cleared at the end')
})

t.test('--wait that takes too long says what is missing', async (t) => {
  const failed = shop({ phase: 'PHASE_BUILDING', generation: 1 })
  const error = { code: 'image.unknown', message: 'h1 has no image bird', object: '', where: '', hint: '' }
  const nodes = failed.nodes.map((node) => ({ ...node, state: 'OBJECT_STATE_FAILED' as const, error }))
  const { argv } = await playing(t, undefined, () => ({ ...failed, nodes: nodes.slice(0, 1) }))
  const { status, stderr } = await weft([...argv, '--wait', '--timeout', '200ms'])
  t.equal(status, 124)
  t.match(stderr, /^error: vnet\/shop is not ready after 0\.2 s: building, nodes 0\/1, links 1\/1 \[call\.timeout\]/)
  t.match(stderr, 'error: h1 has no image bird [image.unknown] (node/r1)')
})

t.test('-o name and -o json print one thing', async (t) => {
  const { argv } = await playing(t, undefined, () => shop({ phase: 'PHASE_BUILDING' }))
  t.equal((await weft([...argv, '-o', 'name'])).stdout, 'vnet/shop\n')
  t.match(JSON.parse((await weft([...argv, '-o', 'json'])).stdout), { vnet: 'shop', phase: 'PHASE_BUILDING' })
})

t.test('what waits for room says when its turn comes; --no-wait asks for a refusal instead', async (t) => {
  const error = { code: 'admission.not-now', message: 'memory of h1 is taken' }
  const { argv, requests } = await playing(t, undefined, () =>
    shop({ phase: 'PHASE_POSTPONED', generation: 0, error, waiting: { sinceUnixMs: 1, position: 3 }, ...noNodes }),
  )
  t.same(await weft(argv), {
    status: 3,
    stdout: 'vnet/shop postponed: it waits for room, after 2 before it, built once it fits\n',
    stderr: 'error: memory of h1 is taken [admission.not-now]\n',
  })
  t.equal(requests.at(-1)?.apply?.noWait, false)
  await weft([...argv, '--no-wait'])
  t.equal(requests.findLast(({ apply }) => apply)?.apply?.noWait, true)
})
