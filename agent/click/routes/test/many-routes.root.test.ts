import t from 'tap'
import { formatIpAddress } from '../../../../click/arguments/addresses.ts'
import { missing } from '../../../ebpf/features.ts'
import { compile } from '../../compile/compile.ts'
import { loadRouter } from '../../router.ts'
import { graphOf } from '../../test/support/compare.ts'
import type { TableRoute } from '../table.ts'
import { formatRoute } from '../text.ts'
import { naiveTable } from './support/naive.ts'
import { randomNumbers, realisticRoutes } from './support/realistic.ts'
import { counts, send, textOf } from './support/router.ts'

const skip = missing('bpf')?.message ?? false
const name = '900,000 routes compile, load and give every packet the route of the longest prefix'

t.test(name, { skip, timeout: 600_000 }, async (t) => {
  const outputs = 4
  const routes = realisticRoutes(900_000, outputs)
  const text = textOf('RadixIPLookup', routes.map(formatRoute).join(', '), outputs)
  let start = performance.now()
  const elapsed = (what: string): void => {
    t.comment(`${what}: ${Math.round(performance.now() - start)} ms`)
    start = performance.now()
  }
  const graph = graphOf(text)
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
})
