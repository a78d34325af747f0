import t from 'tap'
import { formatIpAddress, readIpAddress } from '../../../../click/arguments/addresses.ts'
import { missing } from '../../../ebpf/features.ts'
import { testRun } from '../../../ebpf/test-run.ts'
import { compile } from '../../compile/compile.ts'
import { HandlerError } from '../../handlers.ts'
import { loadRouter, type Router } from '../../router.ts'
import { graphOf } from '../../test/support/compare.ts'
import type { TableRoute } from '../table.ts'
import { formatRoute } from '../text.ts'
import { naiveTable } from './support/naive.ts'
import { randomNumbers, realisticRoutes } from './support/realistic.ts'

const skip = missing('bpf')?.message ?? false

/** A router whose outputs are counted. */
const routerOf = (className: string, routes: string, outputs: number): Router => {
  const counters = Array.from({ length: outputs }, (_, port) => `r[${port}] -> c${port} :: Counter -> Discard;`).join(
    ' ',
  )
  const text = `FromDevice(in) -> Strip(14) -> GetIPAddress(16) -> r :: ${className}(${routes}); ${counters}`
  return loadRouter(compile(graphOf(text), { device: () => 1 }))
}

const frameTo = (address: number): Buffer => {
  const frame = Buffer.alloc(60)
  frame.writeUInt16BE(0x0800, 12)
  frame[14] = 0x45
  frame.writeUInt32BE(address, 30)
  return frame
}

const send = (router: Router, address: string | number): void => {
  const [first] = router.programs
  if (!first) throw new Error('no program')
  const number = typeof address === 'number' ? address : (readIpAddress(address) ?? 0)
  testRun(first.program, { data: frameTo(number) })
}

const counts = (router: Router, outputs: number): number[] =>
  Array.from({ length: outputs }, (_, port) => Number(router.read(`c${port}.count`)))

const classes = [
  'StaticIPLookup',
  'LinearIPLookup',
  'RadixIPLookup',
  'DirectIPLookup',
  'RangeIPLookup',
  'LookupIPRoute',
]

for (const name of classes) {
  t.test(`${name} gives packets to the longest prefix and follows its handlers`, { skip }, async (t) => {
    const router = routerOf(name, '10.0.0.0/8 0, 10.1.0.0/16 1.2.3.4 1, 10.1.2.3 2, 10.0.0.0/8 3', 4)
    t.teardown(() => router.close())
    for (const address of ['10.9.9.9', '10.1.9.9', '10.1.2.3', '10.1.2.4', '11.0.0.1']) send(router, address)
    t.same(counts(router, 4), [1, 2, 1, 0], 'the first of two routes for a prefix counts')
    t.equal(router.read('r.lookup 10.1.2.4'), '1 1.2.3.4')
    t.equal(router.read('r.lookup 10.1.2.3'), '2')
    t.equal(router.read('r.lookup 12.0.0.1'), '-1')
    router.write('r.add', '0/0 9.9.9.9 3')
    router.write('r.remove', '10.1/16')
    router.write('r.set', '10.1.2.3/32 0')
    for (const address of ['10.9.9.9', '10.1.9.9', '10.1.2.3', '10.1.2.4', '11.0.0.1']) send(router, address)
    t.same(counts(router, 4), [5, 2, 1, 1])
    t.equal(router.read('r.table'), '10.0.0.0/8\t\t-\t\t0\n10.1.2.3/32\t\t-\t\t0\n0.0.0.0/0\t\t9.9.9.9\t\t3\n')
    router.write('r.flush', '')
    send(router, '10.9.9.9')
    t.same(counts(router, 4), [5, 2, 1, 1])
    t.equal(router.read('r.table'), '')
  })
}

t.test('handlers refuse in the words of Click, and change nothing then', { skip }, async (t) => {
  const router = routerOf('RadixIPLookup', '18.26.0.0/16 1.0.0.1 0, 1.2.3.0/24 1', 2)
  t.teardown(() => router.close())
  const before = router.read('r.table')
  const refused: readonly (readonly [handler: string, text: string, message: string])[] = [
    ['add', '18.26/16 4.0.0.4 0', "conflict with existing route '18.26.0.0/16 1.0.0.1 0'"],
    ['add', '18.26/16', "expected 'ADDR/MASK [GATEWAY] OUTPUT'"],
    ['add', '18.26/16 2', 'bad OUTPUT'],
    ['set', '18.26/16 -1', 'bad OUTPUT'],
    ['set', '18.0.26.0/255.0.255.0 1', 'a mask that is no prefix not supported'],
    ['remove', '18.26.0.0/17', "route '18.26.0.0/17 - -1' not found"],
    ['remove', '18.26/16 1.0.0.2 0', "route '18.26.0.0/16 1.0.0.2 0' not found"],
    ['remove', '18.26/16 1.0.0.1 1', "route '18.26.0.0/16 1.0.0.1 1' not found"],
    ['remove', 'x', "expected 'ADDR/MASK [GATEWAY OUTPUT]'"],
    ['ctrl', 'add 10/8 0\ndel 10/8', "bad command 'del'"],
    ['ctrl', 'add 10/8 0\nremove 18.26/16\nadd 10/8 1', "conflict with existing route '10.0.0.0/8 - 0'"],
  ]
  for (const [handler, text, message] of refused) {
    t.throws(
      () => router.write(`r.${handler}`, text),
      { code: 'config.invalid', message: `r.${handler}: ${message}` },
      text,
    )
  }
  t.equal(router.read('r.table'), before)
  t.throws(() => router.read('r.lookup'), { code: 'config.invalid', message: /expected IP address/ })
  t.throws(() => router.read('r.table 1.2.3.4'), { code: 'config.invalid', message: /does not take parameters/ })
  router.write('r.remove', '18.26/16 1.0.0.1 0')
  router.write('r.ctrl', '\nremove 1.2.3.0/24\n\nadd 1.2.3.0/24 5.5.5.5 0\nadd 10/8 1\n')
  t.equal(router.read('r.table'), '10.0.0.0/8\t\t-\t\t1\n1.2.3.0/24\t\t5.5.5.5\t\t0\n')
})

t.test(
  'a table that is full says what room would do, and one of that room takes over its routes',
  { skip },
  async (t) => {
    const text = (outputs: string) =>
      `FromDevice(in) -> Strip(14) -> GetIPAddress(16) -> r :: LinearIPLookup(10.0.0.0/8 0)${outputs};`
    const graph = graphOf(text(' -> Discard'))
    const router = loadRouter(compile(graph, { device: () => 1 }))
    t.teardown(() => router.close())
    const lines = Array.from({ length: 5000 }, (_, i) => `add ${formatIpAddress(0x0b000000 + 256 * i + 3)}/32 0`).join(
      '\n',
    )
    const before = router.read('r.table')
    let failure: { cause?: unknown; message?: string } = {}
    try {
      router.write('r.ctrl', lines)
    } catch (error) {
      failure = error as typeof failure
    }
    t.match(failure.message, /r\.ctrl: no memory to store these routes/)
    t.equal(router.read('r.table'), before, 'nothing has changed')
    const { cause } = failure
    if (!(cause instanceof HandlerError && 'room' in cause)) return t.fail('the room is not said')
    const room = cause.room as Readonly<Record<string, number>>
    const larger = loadRouter(compile(graph, { device: () => 1, room: new Map([['r', room]]) }))
    t.teardown(() => larger.close())
    larger.write('r.ctrl', lines)
    t.equal(larger.read('r.lookup 11.0.2.3'), '0')
    t.equal(larger.read('r.lookup 11.0.2.4'), '-1')
    t.equal(larger.read('r.table').split('\n').length, 5002)
  },
)

t.test('many outputs are each reached', { skip }, async (t) => {
  const outputs = 37
  const routes = Array.from({ length: outputs }, (_, i) => `10.${i}.0.0/16 ${i}`).join(', ')
  const router = routerOf('DirectIPLookup', routes, outputs)
  t.teardown(() => router.close())
  for (let i = 0; i < outputs; i++) for (let times = 0; times <= i % 3; times++) send(router, `10.${i}.7.8`)
  send(router, '10.37.0.1')
  t.same(
    counts(router, outputs),
    Array.from({ length: outputs }, (_, i) => 1 + (i % 3)),
  )
})

t.test(
  '900,000 routes compile, load and give every packet the route of the longest prefix',
  { skip, timeout: 600_000 },
  async (t) => {
    const outputs = 4
    const routes = realisticRoutes(900_000, outputs)
    const configuration = routes.map(formatRoute).join(', ')
    let start = performance.now()
    const elapsed = (what: string): void => {
      t.comment(`${what}: ${Math.round(performance.now() - start)} ms`)
      start = performance.now()
    }
    const counters = Array.from({ length: outputs }, (_, port) => `r[${port}] -> c${port} :: Counter -> Discard;`).join(
      ' ',
    )
    const graph = graphOf(
      `FromDevice(in) -> Strip(14) -> GetIPAddress(16) -> r :: RadixIPLookup(${configuration}); ${counters}`,
    )
    elapsed('parsed')
    const compiled = compile(graph, { device: () => 1 })
    elapsed('compiled')
    const router = loadRouter(compiled)
    t.teardown(() => router.close())
    elapsed('loaded')
    const model = naiveTable(routes)
    const next = randomNumbers(7)
    const expected = Array<number>(outputs).fill(0)
    for (let i = 0; i < 20_000; i++) {
      // Half of them at an end of a route.
      const near: TableRoute | undefined = i % 2 === 0 ? routes[next() % routes.length] : undefined
      const address = near ? near.address + (next() % 2 === 0 ? 0 : 2 ** (32 - near.length) - 1) : next()
      const hop = model.lookup(address)
      if (hop) expected[hop.output] = (expected[hop.output] ?? 0) + 1
      send(router, address)
      const said = hop ? `${hop.output} ${formatIpAddress(hop.gateway)}` : '-1'
      if (router.read(`r.lookup ${formatIpAddress(address)}`) !== said) return t.fail(formatIpAddress(address))
    }
    t.same(counts(router, outputs), expected)
    elapsed('asked')
  },
)
