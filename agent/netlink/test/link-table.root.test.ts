/** The table of interfaces against dumps of them, while another process changes them. */
import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import type { Link } from '../link/link.ts'
import { openLinkTable } from '../link/table.ts'
import { openRoute } from '../route.ts'

t.setTimeout(300_000)
const skip = process.getuid?.() === 0 ? false : 'needs root'

const world = (t: Test) => {
  const name = `weft-table-${process.pid}-${++count}`
  execFileSync('ip', ['netns', 'add', name])
  const namespace = `/run/netns/${name}`
  const table = openLinkTable({ namespace })
  const route = openRoute({ namespace })
  t.teardown(() => {
    table.close()
    route.close()
    execFileSync('ip', ['netns', 'del', name])
  })
  const batch = (lines: readonly string[]) =>
    execFileSync('ip', ['-n', name, '-batch', '-'], { input: lines.join('\n'), stdio: ['pipe', 'ignore', 'inherit'] })
  /** Without what the kernel counts and times. */
  const plain = (links: readonly Link[]): unknown =>
    JSON.parse(
      JSON.stringify(
        links.toSorted((a, b) => a.index - b.index),
        (key, value) => (['unknown', 'counters'].includes(key) ? undefined : value),
      ),
    )
  /** Whether a reading says what dumps before and after it do: a carrier comes when it likes. */
  const same = async (what: string): Promise<void> => {
    for (;;) {
      const before = plain(await route.links())
      const read = plain(await table.read())
      if (JSON.stringify(before) !== JSON.stringify(plain(await route.links()))) continue
      t.same(read, before, what)
      return
    }
  }
  return { name, table, batch, same }
}
let count = 0

t.test('a reading is what a dump is, whoever changed what', { skip }, async (t) => {
  const { name, batch, same } = world(t)
  await same('an empty namespace')
  batch(['link add va type veth peer name vb', 'link add wbr type bridge'])
  await same('new interfaces')
  batch(['link set va alias weft:shop:r1'])
  await same('an alias of an interface that is down, of which nothing is announced')
  batch(['link set va addrgenmode none'])
  await same('its way of making addresses')
  batch(['link set va up', 'link set vb up', 'link set wbr up'])
  await same('interfaces go up')
  batch(['link set va down', 'link set va alias weft:shop:r2'])
  await same('one goes down and is called otherwise before anybody looks')
  batch(['link set va up', 'link set va alias weft:shop:r3 mtu 1400'])
  await same('an alias of one that is up')
  batch(['link set va master wbr'])
  await same('a port')
  execFileSync('bridge', ['-n', name, 'link', 'set', 'dev', 'va', 'isolated', 'on', 'learning', 'off'])
  await same('settings of a port, which are announced as of a bridge alone')
  batch(['link set va nomaster', 'link set vb down', 'link set vb name vc'])
  await same('no port any more, another name')
  batch(['link del va', 'link add va type veth peer name vb'])
  await same('made anew under the same name')
  const other = world(t).name
  batch([`link set vb netns ${other}`])
  await same('one that left')
  batch(['link del va'])
  await same('its peer, gone')
})

t.test('many changes at once, more than a socket holds', { skip }, async (t) => {
  const { batch, same, table } = world(t)
  await table.read()
  const numbers = Array.from({ length: 300 }, (_, number) => number)
  batch(numbers.flatMap((n) => [`link add a${n} type veth peer name b${n}`, `link set a${n} up alias x${n}`]))
  await same('all of them')
  batch(numbers.flatMap((n) => [`link set a${n} mtu ${1000 + n}`, `link set a${n} down`, `link set a${n} up`]))
  await same('all of them changed')
  batch(numbers.map((n) => `link del a${n}`))
  await same('none of them')
})

t.test('readings at the same time', { skip }, async (t) => {
  const { batch, table } = world(t)
  batch(['link add va type veth peer name vb'])
  const readings = await Promise.all([table.read(), table.read({ thorough: true }), table.read()])
  for (const links of readings) t.same(links.map(({ name }) => name).toSorted(), ['lo', 'va', 'vb'])
})

t.test('a table that was closed says so', { skip }, async (t) => {
  const { table } = world(t)
  table.close()
  t.equal(table.closed, true)
  await t.rejects(table.read(), { code: 'ECANCELED' })
})
