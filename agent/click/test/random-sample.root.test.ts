import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { testRun } from '../../ebpf/test-run.ts'
import { compile } from '../compile/compile.ts'
import { loadRouter } from '../router.ts'
import { graphOf } from './support/compare.ts'

const skip = missing('bpf')?.message ?? false

const packets = 200_000

t.test('packets pass by chance, as often as they are to', { skip }, async (t) => {
  const text = 'FromDevice(in) -> r :: RandomSample(0.25) -> a :: Counter -> Discard; r[1] -> b :: Counter -> Discard'
  const router = loadRouter(compile(graphOf(text), { device: () => 1 }))
  t.teardown(() => router.close())
  const program = router.programs[0]?.program
  if (!program) throw new Error('no program')
  const passed = (): number => {
    router.write('a.reset', '')
    router.write('b.reset', '')
    testRun(program, { data: new Uint8Array(64), repeat: packets })
    const [a, b] = ['a', 'b'].map((name) => Number(router.read(`${name}.count`)))
    t.equal((a ?? 0) + (b ?? 0), packets, 'each goes one way')
    return a ?? 0
  }
  /** Six standard deviations: one in 500 million runs would fail. */
  const expectShare = (share: number, name: string): void => {
    const most = 6 * Math.sqrt(packets * share * (1 - share))
    t.ok(Math.abs(passed() - packets * share) <= most, name)
  }
  expectShare(0.25, 'a quarter of them')
  t.equal(router.read('r.drop_prob'), '0.75')
  router.write('r.drop_prob', '0.01')
  t.equal(router.read('r.sampling_prob'), '0.99')
  expectShare(0.99, 'all but one in a hundred, once a handler has said so')
  router.write('r.sampling_prob', '0')
  t.equal(passed(), 0, 'none')
  router.write('r.active', 'false')
  t.equal(passed(), packets, 'all, while it is not active')
  t.throws(() => router.write('r.drop_prob', '1.1'), { code: 'config.invalid', message: /between 0 and 1/ })
  t.throws(() => router.write('r.sampling_prob', 'often'), { code: 'config.invalid' })
})

t.test('a probability must be given', async (t) => {
  const text = 'FromDevice(in) -> RandomSample(ACTIVE true) -> Discard'
  t.throws(() => compile(graphOf(text), { device: () => 1 }), { message: /P, SAMPLE or DROP must be given/ })
})
