import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { compile } from '../compile/compile.ts'
import { loadRouter } from '../router.ts'
import { graphOf } from './support/compare.ts'

const skip = missing('bpf')?.message ?? false

const load = (t: { teardown(work: () => void): void }, text: string) => {
  const router = loadRouter(compile(graphOf(text), { device: () => 1 }))
  t.teardown(() => router.close())
  return router
}

t.test('handlers read and write the state of a loaded router', { skip }, async (t) => {
  const router = load(
    t,
    'FromDevice(in) -> s :: Switch(1); s[0] -> p :: Paint(3) -> c :: Counter -> Discard; s[1] -> Idle',
  )
  t.equal(router.read('s.switch'), '1')
  router.write('s.switch', '0')
  t.equal(router.read('s.switch'), '0')
  router.write('s.switch', '9')
  t.equal(router.read('s.switch'), '-1', 'there is no such output')
  router.write('p.color', '200')
  t.equal(router.read('p.color'), '200')
  t.equal(router.read('c.count'), '0')
  t.equal(router.read('c.class'), 'Counter')
  t.throws(() => router.write('p.color', '256'), { code: 'config.invalid' })
  t.throws(() => router.write('c.count', '1'), { code: 'config.invalid' })
  t.throws(() => router.read('c.toString'), { code: 'config.invalid' })
  t.throws(() => router.read('nobody.count'), { code: 'config.invalid' })
})

t.test('a configuration of 1,000 elements is compiled and loaded', { skip }, async (t) => {
  const chain = Array.from({ length: 1000 }, (_, i) => `c${i} :: Counter`).join(' -> ')
  const start = performance.now()
  const router = load(t, `FromDevice(in) -> ${chain} -> ToDevice(out)`)
  t.comment(`${Math.round(performance.now() - start)} ms`)
  t.equal(router.programs.length, 1)
})
