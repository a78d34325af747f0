/**
 * The least cost of a task by a mixed integer program (unsplit flows between places that are chosen with them), solved by HiGHS: an oracle
 * that shares nothing with the mapper. Only for tiny tasks.
 */
import load from 'highs'
import type { Task } from '../task.ts'

interface Solver {
  solve(
    model: string,
    options: Readonly<Record<string, unknown>>,
  ): {
    readonly Status: string
    readonly ObjectiveValue: number
  }
}

const solver = (load as unknown as () => Promise<Solver>)()

/** undefined: there is no mapping. Throws where HiGHS ends otherwise. */
export const leastCost = async (task: Task): Promise<number | undefined> => {
  const { net, room, rates, nodes, links, perHost, apart = [] } = task
  const rows: string[] = []
  const binaries: string[] = []
  const objective: string[] = []
  const term = (factor: number, name: string): string => `${factor < 0 ? '-' : '+'} ${Math.abs(factor)} ${name}`
  const row = (terms: readonly string[], relation: string): void => {
    if (terms.length > 0) rows.push(`r${rows.length}: ${terms.join(' ')} ${relation}`)
    else if (/^(= [^0]|>= [1-9])/.test(relation)) rows.push(`r${rows.length}: 0 never ${relation}`)
  }
  /** Whether node n is on host v. */
  const place = (n: number, v: number): string | undefined => (nodes[n]?.hosts.includes(v) ? `x${n}_${v}` : undefined)
  /** Whether link l goes over an arc. */
  const use = (l: number, arc: number): string | undefined =>
    links[l]?.usable?.[arc >> 1] === 0 ? undefined : `y${l}_${arc}`
  const placed = (factor: number, n: number, v: number): readonly string[] => {
    const name = place(n, v)
    return name === undefined ? [] : [term(factor, name)]
  }
  const used = (factor: number, l: number, arc: number): readonly string[] => {
    const name = use(l, arc)
    return name === undefined ? [] : [term(factor, name)]
  }

  const hosts = Array.from({ length: net.size }, (_, v) => v)
  const arcs = [...net.head.keys()]
  for (const [n, { prefer, hosts: candidates }] of nodes.entries()) {
    if (candidates.length === 0) return undefined
    row(
      [...candidates].map((v) => term(1, `x${n}_${v}`)),
      '= 1',
    )
    for (const v of candidates) {
      binaries.push(`x${n}_${v}`)
      if (prefer?.[v]) objective.push(term(prefer[v], `x${n}_${v}`))
    }
  }
  for (const v of hosts) {
    row(
      nodes.flatMap((_, n) => placed(1, n, v)),
      `<= ${perHost}`,
    )
    for (const [kind, free] of room.entries())
      row(
        nodes.flatMap(({ needs }, n) => (needs[kind] ? placed(needs[kind], n, v) : [])),
        `<= ${free[v]}`,
      )
    for (const [p, q] of apart) row([...placed(1, p, v), ...placed(1, q, v)], '<= 1')
  }
  for (const [l, { a, b, weight, delay, passable, endsA, endsB }] of links.entries()) {
    for (const arc of arcs) {
      const name = use(l, arc)
      if (name === undefined) continue
      binaries.push(name)
      objective.push(term(weight, name))
    }
    for (const v of hosts) {
      const out = arcs.filter((arc) => net.head[arc ^ 1] === v)
      row(
        [
          ...out.flatMap((arc) => [...used(1, l, arc), ...used(-1, l, arc ^ 1)]),
          ...placed(-1, a, v),
          ...placed(1, b, v),
        ],
        '= 0',
      )
      // What comes into a node that may not be passed ends there.
      if (passable?.[v] === 0) row([...out.flatMap((arc) => used(1, l, arc ^ 1)), ...placed(-1, b, v)], '<= 0')
      // A path that begins (ends) where it may not is none: both ends are there.
      if (endsA?.[v] === 0) row([...placed(1, a, v), ...placed(-1, b, v)], '<= 0')
      if (endsB?.[v] === 0) row([...placed(1, b, v), ...placed(-1, a, v)], '<= 0')
    }
    if (Number.isFinite(delay))
      row(
        arcs.flatMap((arc) => (net.delay[arc >> 1] ? used(net.delay[arc >> 1] as number, l, arc) : [])),
        `<= ${delay}`,
      )
  }
  for (const arc of arcs)
    row(
      links.flatMap(({ forward, backward }, l) => [
        ...(forward > 0 ? used(forward, l, arc) : []),
        ...(backward > 0 ? used(backward, l, arc ^ 1) : []),
      ]),
      `<= ${rates[arc]}`,
    )
  const model = [
    'Minimize',
    ` cost: ${objective.join(' ') || '0 never'}`,
    'Subject To',
    ...rows.map((text) => ` ${text}`),
    'Bounds',
    ' 0 <= never <= 0',
    'Binary',
    ` ${binaries.join(' ')}`,
    'End',
  ].join('\n')
  const { Status, ObjectiveValue } = (await solver).solve(model, { output_flag: false, mip_rel_gap: 0 })
  if (Status === 'Infeasible') return undefined
  if (Status !== 'Optimal') throw new Error(`HiGHS: ${Status}`)
  return ObjectiveValue
}
