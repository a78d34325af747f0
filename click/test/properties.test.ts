// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${name} is Click's
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { check } from '../check/check.ts'
import { createDiagnostics, hasErrors } from '../diagnostics.ts'
import { toDot, toMermaid } from '../draw.ts'
import { flatten } from '../flatten/flatten.ts'
import type { Graph } from '../graph.ts'
import { parse } from '../language/parse.ts'
import { readRouter } from '../read.ts'
import { unparse } from '../unparse.ts'
import { meaningOf, randomConfiguration, randomFrom, randomGraph, randomText } from './random.ts'

const flat = (text: string) => flatten(parse(text))
const landmarksOf = ({ elements }: Graph): readonly string[] => elements.map(({ landmark }) => landmark)

t.test('a graph that was unparsed parses to itself, its landmarks too', async (t) => {
  let shown = 0
  const wrong: string[] = []
  for (let seed = 1; seed <= 1000; seed++) {
    const graph = randomGraph(randomFrom(seed))
    const again = flat(unparse(graph))
    const plain = flat(unparse(graph, { landmarks: false }))
    if (!isDeepStrictEqual(meaningOf(again), meaningOf(graph))) wrong.push(`seed ${seed}`)
    if (!isDeepStrictEqual(landmarksOf(again), landmarksOf(graph))) wrong.push(`seed ${seed}, landmarks`)
    if (!isDeepStrictEqual(meaningOf(plain), meaningOf(graph))) wrong.push(`seed ${seed}, plain`)
    shown += graph.connections.length
  }
  t.same(wrong, [])
  t.ok(shown > 1000, 'with many connections')
})

t.test('flattening a flat configuration changes nothing, not even its text', async (t) => {
  let flattened = 0
  const wrong: string[] = []
  for (let seed = 1; seed <= 500; seed++) {
    const text = randomConfiguration(randomFrom(seed))
    const diagnostics = createDiagnostics()
    const graph = flatten(parse(text, 'f', {}, diagnostics), {}, diagnostics)
    if (hasErrors(diagnostics)) continue
    flattened++
    const once = unparse(graph)
    if (unparse(flat(once)) !== once) wrong.push(`seed ${seed}`)
  }
  t.same(wrong, [])
  t.ok(flattened > 300, `${flattened} of 500 were right`)
})

t.test('no text throws, and what is said has a place', async (t) => {
  const wrong: string[] = []
  for (let seed = 1; seed <= 3000; seed++) {
    const text = randomText(randomFrom(seed))
    const { checked, diagnostics } = readRouter(text, 'f', { library: () => undefined })
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    if ((checked === undefined) !== errors.length > 0) wrong.push(`seed ${seed}: ${errors.length} errors`)
    if (diagnostics.some(({ landmark, text: words }) => landmark === '' || words === ''))
      wrong.push(`seed ${seed}: something is said of no place`)
    const graph = flat(text)
    check(graph)
    if (toDot(graph) === '' || toMermaid(graph) === '') wrong.push(`seed ${seed}: nothing is drawn`)
  }
  t.same(wrong, [])
})

t.test('a thousand elements take no time', async (t) => {
  const chain = Array.from({ length: 1000 }, () => 'Counter').join(' -> ')
  const start = performance.now()
  const { checked } = readRouter(`Idle -> ${chain} -> Discard`)
  t.equal(checked?.elements.length, 1002)
  // Measured: 15 ms; the room is for a busy machine.
  t.ok(performance.now() - start < 2000)
})

t.test('texts that are made to take long do not', async (t) => {
  const count = 50_000
  const each = (text: (i: number) => string): string => Array.from({ length: count }, (_, i) => text(i)).join('')
  const hostile: Readonly<Record<string, string>> = {
    parentheses: '('.repeat(count),
    braces: '{'.repeat(count),
    brackets: 'a ['.repeat(count),
    comments: '/*'.repeat(count),
    quotes: '"'.repeat(count),
    groups: `a -> ${'( -> ) -> '.repeat(count / 5)}b`,
    definitions: `define(${each((i) => `$a${i} 1,`)})`,
    parameters: `{ ${each((i) => `$a${i},`)} $z | Idle }`,
    overloads: `elementclass C { ${'||'.repeat(count)} } ${'C(1);'.repeat(count / 10)}`,
    synonyms: `elementclass B0 Null; ${each((i) => `elementclass B${i + 1} B${i};`)} ${`B${count};`.repeat(count / 10)}`,
    'names of the anonymous': `${each((i) => `Idle@${i + 1} :: Null;`)} Idle; Idle; Idle`,
    variables: `Idle(${'${'.repeat(count)})`,
    patterns: `IPClassifier(${'ip['.repeat(count)})`,
    ports: 'a [0-65535], a [0-65535] => b; i :: Idle; j :: Idle; i [0-65535] => [0-65535] j',
  }
  for (const [what, text] of Object.entries(hostile)) {
    const start = performance.now()
    readRouter(text)
    unparse(flat(text))
    // Measured: none takes more than a second; the room is for a busy machine.
    t.ok(performance.now() - start < 20_000, `${what}: ${Math.round(performance.now() - start)} ms`)
  }
})
