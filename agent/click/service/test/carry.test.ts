import t from 'tap'
import { keptRoom, planCarrying } from '../carry.ts'
import { compileAnywhere, layoutDigest, readConfiguration } from '../configuration.ts'

const graphOf = (text: string) => readConfiguration(text, 'test.click').graph
const compiled = (text: string, room = {}) => compileAnywhere(graphOf(text), { room, xdp: [] })

/** What goes over, by names: `c.count`, and of maps whether they are shared or copied. */
const carried = (before: string, after: string, room = {}): readonly string[] => {
  const [old, next] = [compiled(before), compiled(after, room)]
  const { maps, slots, copied } = planCarrying(old, next)
  const slotNames = slots.map(({ from, to }) => {
    const find = ({ elements }: typeof old, offset: number): string =>
      elements.flatMap(({ element, slots }) =>
        [...slots].filter(([, at]) => at === offset).map(([name]) => `${element.name}.${name}`),
      )[0] ?? '?'
    const [source, target] = [find(old, from), find(next, to)]
    return source === target ? target : `${source} to ${target}`
  })
  return [
    ...slotNames,
    ...[...maps].map(([to, from]) => (to === from ? `${to} shared` : `${from} shared as ${to}`)),
    ...[...copied.keys()].map(({ element }) => `${element.name} copied`),
  ]
}

/** Of an element alone: others have slots too. */
const carriedOf = (name: string, before: string, after: string, room = {}): readonly string[] =>
  carried(before, after, room)
    .filter((text) => text.startsWith(`${name}.`) || text.startsWith(`${name} `))
    .toSorted()

t.test('what was counted goes over by name and class, wherever it was', async (t) => {
  const before = 'FromDevice(a) -> c :: Counter -> d :: Counter -> Discard'
  t.match(carriedOf('c', before, 'FromDevice(a) -> x :: Counter -> c :: Counter -> Discard'), /c\.byte_count,c\.count/)
  t.same(carriedOf('c', before, 'FromDevice(a) -> c :: Null -> Discard'), [])
  t.same(carriedOf('d', before, 'FromDevice(a) -> c :: Counter -> Discard'), [])
})

t.test('only counts are added to', async (t) => {
  const one = compiled('FromDevice(a) -> c :: Counter -> Discard')
  const counter = one.elements.find(({ element }) => element.name === 'c')
  const counting = planCarrying(one, one).slots.filter(({ counts }) => counts)
  const names = [...(counter?.slots ?? [])].filter(([, at]) => counting.some(({ to }) => to === at))
  t.same(
    names.map(([name]) => name),
    ['count', 'byte_count'],
  )
})

t.test('what a configuration string says goes over where it is the same', async (t) => {
  const text = (output: number) => `FromDevice(a) -> s :: Switch(${output}) -> Discard; s[1] -> Discard`
  t.same(carriedOf('s', text(0), text(0)), ['s.switch'])
  t.same(carriedOf('s', text(0), text(1)), [])
})

t.test('maps go over as they are, or are copied where they have another size', async (t) => {
  const text = (routes: string) =>
    `FromDevice(a) -> Strip(14) -> GetIPAddress(16) -> rt :: RadixIPLookup(${routes}) -> Discard; rt[1] -> Discard`
  t.same(carriedOf('rt', text('0/0 0'), text('0/0 0')), ['rt.table shared'])
  t.same(carriedOf('rt', text('0/0 0'), text('0/0 1')), [])
  const room = { rt: { routes: 100_000, nextHops: 16, blocks: 100 } }
  t.same(carriedOf('rt', text('0/0 0'), text('0/0 0'), room), ['rt copied'])
})

t.test('room goes over with the string that it has grown for', async (t) => {
  const before = graphOf('FromDevice(a) -> x :: Counter -> y :: Counter -> Discard')
  const after = graphOf('FromDevice(a) -> x :: Counter -> y :: Null -> Discard')
  const room = { x: { routes: 1 }, y: { routes: 2 }, z: { routes: 3 } }
  t.same(keptRoom(before, after, room), { x: { routes: 1 } })
})

t.test('a layout is known by its digest', async (t) => {
  const digest = (text: string) => layoutDigest(compiled(text))
  const one = digest('FromDevice(a) -> c :: Counter -> Discard')
  t.equal(digest('FromDevice(b) -> c :: Counter -> Discard'), one, 'devices are not state')
  t.not(digest('FromDevice(a) -> d :: Counter -> Discard'), one)
  t.not(digest('FromDevice(a) -> c :: Counter -> Null -> c2 :: Counter -> Discard'), one)
})
