import t from 'tap'
import { formatIpAddress } from '../../../../click/arguments/addresses.ts'
import { missing } from '../../../ebpf/features.ts'
import { compile } from '../../compile/compile.ts'
import { Full } from '../../handlers.ts'
import { loadRouter } from '../../router.ts'
import { graphOf } from '../../test/support/compare.ts'
import { counts, routerOf, send, textOf } from './support/router.ts'

const skip = missing('bpf')?.message ?? false

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
    const router = routerOf(textOf(name, '10.0.0.0/8 0, 10.1.0.0/16 1.2.3.4 1, 10.1.2.3 2, 10.0.0.0/8 3', 4))
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
  const router = routerOf(textOf('RadixIPLookup', '18.26.0.0/16 1.0.0.1 0, 1.2.3.0/24 1', 2))
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
    const graph = graphOf(textOf('LinearIPLookup', '10.0.0.0/8 0', 1))
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
    if (!(cause instanceof Full)) return t.fail('the room is not said')
    const larger = loadRouter(compile(graph, { device: () => 1, room: new Map([['r', cause.room]]) }))
    t.teardown(() => larger.close())
    larger.write('r.ctrl', lines)
    t.equal(larger.read('r.lookup 11.0.2.3'), '0')
    t.equal(larger.read('r.lookup 11.0.2.4'), '-1')
    t.equal(larger.read('r.table').split('\n').length, 5002)
  },
)

t.test('a gateway takes the place of the annotation, none leaves it', { skip }, async (t) => {
  const second = 's :: StaticIPLookup(10.0.0.1 0, 9.9.9.9 1, 9.9.9.10 2)'
  const router = routerOf(
    `FromDevice(in) -> Strip(14) -> GetIPAddress(16) -> r :: RadixIPLookup(0/0 0, 10.1/16 9.9.9.9 0, 10.1.1/24 9.9.9.10 0) -> ${second};
     s[0] -> c0 :: Counter -> Discard; s[1] -> c1 :: Counter -> Discard; s[2] -> c2 :: Counter -> Discard`,
  )
  t.teardown(() => router.close())
  for (const address of ['10.0.0.1', '10.1.2.1', '10.1.1.1', '10.1.255.255', '10.2.0.0']) send(router, address)
  t.same(counts(router, 3), [1, 2, 1])
})

t.test('many outputs are each reached', { skip }, async (t) => {
  const outputs = 37
  const routes = Array.from({ length: outputs }, (_, i) => `10.${i}.0.0/16 ${i}`).join(', ')
  const router = routerOf(textOf('DirectIPLookup', routes, outputs))
  t.teardown(() => router.close())
  for (let i = 0; i < outputs; i++) for (let times = 0; times <= i % 3; times++) send(router, `10.${i}.7.8`)
  send(router, '10.37.0.1')
  t.same(
    counts(router, outputs),
    Array.from({ length: outputs }, (_, i) => 1 + (i % 3)),
  )
})
