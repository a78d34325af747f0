import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { fromJson } from '../../../proto/codec.ts'
import { parseRequest } from '../parse.ts'

const folder = new URL('../../../examples/', import.meta.url).pathname
const read = async (name: string) =>
  (await parseRequest(readFileSync(join(folder, name)), { file: join(folder, name) })).request

t.test('every request among the examples is valid', async (t) => {
  const sizes = new Map<string, string>()
  for (const name of readdirSync(folder)
    .filter((each) => /\.(xml|yaml)$/.test(each))
    .sort()) {
    const { nodes, links } = await read(name)
    sizes.set(name, `${nodes.length} nodes, ${links.length} links`)
    const ends = links.flatMap(({ a, b }) => [a?.node, b?.node])
    t.ok(
      nodes.every(({ id }) => ends.includes(id)),
      `${name}: no node is alone`,
    )
    t.ok(
      links.every(
        ({ rateAToBBitsPerSecond, rateBToABitsPerSecond }) => rateAToBBitsPerSecond * rateBToABitsPerSecond > 0,
      ),
    )
  }
  t.same(Object.fromEntries(sizes), {
    'abilene.yaml': '11 nodes, 14 links',
    'os3e.yaml': '34 nodes, 41 links',
    'paper.xml': '6 nodes, 7 links',
  })
})

t.test(
  'the router configuration of every Abilene node is what bird takes',
  {
    skip: existsSync('/usr/sbin/bird') ? false : 'bird is not installed (Debian package bird2)',
  },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'weft-bird-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    for (const { id, startUp } of (await read('abilene.yaml')).nodes) {
      const file = join(directory, `${id}.conf`)
      writeFileSync(file, startUp?.files[0]?.content ?? '')
      const { status, stderr } = spawnSync('/usr/sbin/bird', ['-p', '-c', file], { encoding: 'utf8' })
      t.equal(status, 0, stderr)
      t.notMatch(`${startUp?.files[0]?.content}${startUp?.command}`, /\{\{/)
    }
  },
)

t.test('the two containers are a call that an agent serves', async (t) => {
  const envelope = JSON.parse(readFileSync(join(folder, 'two-containers.json'), 'utf8'))
  const slice = fromJson('HostCommand', envelope.body).apply?.slice
  t.same(
    slice?.nodes.map(({ hypervisor, interfaces }) => [hypervisor, interfaces[0]?.addresses]),
    [
      ['lxc', ['10.9.0.1/30']],
      ['lxc', ['10.9.0.2/30']],
    ],
  )
  t.same(
    slice?.links[0]?.ends.map(({ node, interface: index }) => `${node}.${index}`),
    ['left.0', 'right.0'],
  )
})
