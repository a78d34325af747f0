// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${name} is Click's
/** Chance that a seed repeats: configurations, graphs and texts. */
import type { Graph } from '../graph.ts'

export interface Random {
  /** A whole number below `n`. */
  below(n: number): number
  pick<T>(values: readonly T[]): T
}

export const randomFrom = (seed: number): Random => {
  let state = seed >>> 0 || 1
  // xorshift32 (Marsaglia).
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
  const below = (n: number): number => next() % n
  return { below, pick: (values) => values[below(values.length)] as (typeof values)[number] }
}

const classes = ['Alpha', 'Beta', 'Queue', 'x@y']

const configurations = [
  '',
  '1',
  'a b,  c',
  '"quoted, (text" // comment )\n, 2',
  "'single \\' , \\<41 /* > */ 42>",
  "$a '${b-7}'",
  'nested (a(b)c)',
  '\n two\n lines',
]

/** Elements of all kinds of names, connections of all kinds of shapes: circles, loops, many from one. */
export const randomGraph = (random: Random): Graph => {
  const count = random.below(8)
  const names = new Set<string>()
  for (let i = 0; i < count; i++) {
    names.add(random.pick([`e${i}`, `in${i}/out`, `Alpha@${i + 1}`, `@${i}/x_${i}`]))
  }
  const elements = [...names].map((name, i) => ({
    name,
    class: random.pick(classes),
    configuration: random.pick(configurations),
    landmark: `${random.pick(['a.click', 'dir/b "c".click', 'x y\\z'])}:${i + 1}`,
  }))
  const connections = new Map<string, Graph['connections'][number]>()
  for (let i = 0; elements.length > 0 && i < random.below(14); i++) {
    const end = () => ({ node: random.below(elements.length), port: random.pick([0, 0, 0, 1, 2, 7]) })
    const [from, to] = [end(), end()]
    connections.set(`${from.node} ${from.port} ${to.node} ${to.port}`, { from, to, landmark: 'x:1' })
  }
  const requirements = random.below(4) === 0 ? [{ type: 'package', value: 'a "b"', landmark: 'x:1' }] : []
  const definitions = random.below(3) === 0 ? [{ name: 'a', value: '1 "x, y"' }] : []
  return { requirements, definitions, elements, connections: [...connections.values()] }
}

/** What a graph is, without where it was written and in which order its connections stand. */
export const meaningOf = ({ requirements, definitions, elements, connections }: Graph) => ({
  requirements: requirements.map(({ type, value }) => ({ type, value })),
  definitions,
  elements: elements.map(({ name, class: className, configuration }) => ({ name, class: className, configuration })),
  connections: connections.map(({ from, to }) => `${from.node} [${from.port}] -> [${to.port}] ${to.node}`).sort(),
})

const pieces = [
  ...[
    'a',
    'b',
    'Queue',
    'Tee',
    '->',
    '=>',
    '::',
    ';',
    ',',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '|',
    '||',
    '...',
    '$x',
    '[0]',
    '[0-]',
    '[1,2]',
  ],
  ...[
    'elementclass',
    'require',
    'define',
    'provide',
    'input',
    'output',
    '"',
    "'",
    '\\<41',
    '// c\n',
    '/*',
    '*/',
    '# 3 "f"\n',
    '\n',
  ],
  ...[
    'elementclass A {',
    'a :: Queue',
    '(1, $x)',
    '-> output',
    'input ->',
    'define($x 1)',
    '__REST__ $r |',
    '\0',
    '\xff',
    ' ',
  ],
]

/** Tokens and parts of tokens in no order. */
export const randomText = (random: Random): string =>
  Array.from({ length: random.below(40) }, () => random.pick(pieces)).join(random.pick(['', ' ']))

/** A configuration that Click's tools take. */
export const randomConfiguration = (random: Random): string => {
  let count = 0
  const configuration = () => random.pick(['', '', '(1)', '($a)', '(${b-9}, "x,y")', '(/* c */ 1, KEY 3)', '("$a")'])
  const element = (names: string[], depth: number): string => {
    const kind = random.below(depth < 3 ? 9 : 5)
    if (kind < 2 && names.length > 0) return random.pick(names)
    if (kind < 4) return random.pick(['Alpha', 'Beta']) + configuration()
    if (kind < 6) {
      const name = `e${count++}`
      names.push(name)
      return `${name} :: Gamma${configuration()}`
    }
    if (kind === 6) return `(input -> ${chain(names, depth + 1)} -> output)`
    if (kind === 7)
      return `{ $a | input -> ${chain([], depth + 1)} -> output || input -> ${chain([], depth + 1)} -> output }(5)`
    return `{ $a, __REST__ $b | input -> ${chain([], depth + 1)} -> output }(7, 8, $a)`
  }
  const chain = (names: string[], depth: number): string =>
    Array.from({ length: 1 + random.below(3) }, () => element(names, depth)).join(' -> ')
  const names: string[] = []
  const statements = Array.from({ length: 1 + random.below(5) }, () => `Source -> ${chain(names, 0)} -> Sink;`)
  return ['define($a 3);', ...statements].join('\n')
}
