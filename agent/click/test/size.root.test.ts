/** Configurations of many elements, which the kernel must take. How long that took is told, and asserted by nobody. */
import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { compile } from '../compile/compile.ts'
import { loadRouter } from '../router.ts'
import { graphOf } from './support/compare.ts'
import { routerOf } from './support/router-of.ts'
import { thousandElements } from './support/thousand.ts'

const skip = missing('bpf')?.message ?? false

const load = (t: { teardown(work: () => void): void; comment(text: string): void }, text: string) => {
  const graph = graphOf(text)
  const start = performance.now()
  const compiled = compile(graph, { device: () => 1 })
  const compiledAt = performance.now()
  const router = loadRouter(compiled)
  const loadedAt = performance.now()
  t.teardown(() => router.close())
  const instructions = Math.max(...compiled.programs.map(({ program }) => program.length))
  const verified = Math.max(...router.programs.map(({ program }) => program.verifiedInstructions))
  const ms = `${Math.round(compiledAt - start)} ms to compile, ${Math.round(loadedAt - compiledAt)} ms to load`
  t.comment(`${compiled.programs.length} programs of ${instructions} instructions, ${verified} verified; ${ms}`)
  return { router, graph, verified }
}

t.test('a thousand elements in chains and trees are compiled and loaded', { skip, timeout: 120_000 }, async (t) => {
  const { router, graph } = load(t, thousandElements)
  t.ok(graph.elements.length >= 990, `${graph.elements.length}`)
  t.equal(router.programs.length, 1)
})

for (const count of [2, 8]) {
  t.test(`a standard router of ${count} interfaces is compiled and loaded`, { skip, timeout: 300_000 }, async (t) => {
    const { router, verified } = load(t, routerOf(count))
    t.equal(router.programs.length, count)
    // Of the million that the verifier goes through at most.
    t.ok(verified < 700_000, `${verified}`)
  })
}
