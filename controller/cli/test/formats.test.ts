import t, { type Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import { requestFile } from './request-file.ts'
import { play, shop, typed, weft } from './support.ts'

t.test('convert writes YAML, and says what it lost with lines', async (t) => {
  const file = requestFile(
    t.testdir(),
    'graph [\nnode [ id 0 x 3 ]\nnode [ id 1 ] edge [ source 0 target 1 ] ]\n',
    'two.gml',
  )
  t.same(await weft(['convert', file]), {
    status: 0,
    stdout:
      'vnet: two\nprefix: 10.0.0.0/16\nnodes:\n  node-0: {}\n  node-1: {}\nlinks:\n  node-0-node-1: { ends: [ node-0.0, node-1.0 ] }\n',
    stderr: `\
note: 2 nodes have other names here: "0" is node-0, "1" is node-1 at ${file}:2:1
note: the attribute x of nodes is left out at ${file}:2:13
`,
  })
})

t.test('convert to a form that has no place for all: with the lines of the file', async (t) => {
  const file = requestFile(t.testdir())
  const { status, stdout, stderr } = await weft(['convert', file, '--to', 'containerlab'])
  t.equal(status, 0)
  t.match(stdout, /^name: shop\n/)
  t.match(stderr, `note: prefix is left out: containerlab has no place for it (vnet/shop) at ${file}:2:9\n`)
  t.match(stderr, `note: rate a to b is left out: containerlab has no place for it (link/r1-r2) at ${file}:7:37\n`)
})

t.test('convert reads stdin, in the form that it is told', async (t) => {
  const stdin = typed('topology: {nodes: {a: {}}}', false)
  t.match(await weft(['convert', '-', '--from', 'containerlab', '--to', 'json'], { stdin }), {
    status: 0,
    stdout: '{\n  "vnet": "lab",',
  })
})

t.test('convert takes a share of speeds', async (t) => {
  const text = 'graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 LinkSpeedRaw 2.5e9 ] ]'
  const file = requestFile(t.testdir(), text, 'x.gml')
  t.match((await weft(['convert', file, '--speeds', '1%'])).stdout, 'rate: 25 Mbit/s')
  t.match(await weft(['convert', file, '--speeds', 'all']), { status: 1, stderr: /--speeds[^$]*a share such as 0\.1%/ })
})

t.test('apply takes a file in a form of others, and says what it lost', async (t) => {
  const { directory, requests } = await play(t, 'vno', (request) =>
    'get' in request && request.get ? { vnets: {} } : { vnet: shop() },
  )
  const file = requestFile(directory, 'name: shop\ntopology:\n  nodes: {r1: {image: "a/b:1"}}\n', 'shop.clab.yml')
  const { stderr } = await weft(['apply', '-f', file, '--run-dir', directory])
  t.match(stderr, `note: "image" is left out: "a/b:1" is a container image of a registry at ${file}:3:16`)
  t.ok(requests.some(({ apply }) => apply?.request?.nodes[0]?.id === 'r1'))
})

const standing = async (t: Test) => (await play(t, 'vno', () => ({ vnets: { vnets: [shop()] } }))).directory

t.test('export writes what stands', async (t) => {
  const directory = await standing(t)
  const { status, stdout, stderr } = await weft(['export', 'shop', '--to', 'rspec', '--run-dir', directory])
  t.equal(status, 0)
  t.match(stdout, 'component_id="urn:publicid:IDN+pip1+node+h1"')
  t.match(stderr, 'note: name is left out: an RSpec has no place for it (vnet/shop)\n')
  t.match((await weft(['export', 'shop', '--run-dir', directory])).stdout, /^vnet: shop\n/)
  t.match(await weft(['export', 'ship', '--run-dir', directory]), {
    status: 1,
    stderr: /there is no VNet ship \[vnet.unknown\]/,
  })
})

t.test('graph draws the VNet, and the VNet over what carries it', async (t) => {
  const directory = await standing(t)
  const draw = (...flags: string[]) => weft(['graph', 'shop', '--run-dir', directory, ...flags])
  const svg = await draw()
  t.match(svg, { status: 0, stderr: '' })
  t.match(svg.stdout, /^<svg .*>r1<.*>r2<.*<\/svg>\n$/s)
  t.equal(
    (await draw('--to', 'mermaid', '--substrate')).stdout,
    `\
flowchart LR
  subgraph h0["h1"]
    n0["r1"]
  end
  subgraph h1["h2"]
    n1["r2"]
  end
  h0 === h1
  n0 ---|"10 Mbit/s"| n1
`,
  )
  t.match(
    (await draw('--to', 'dot', '--substrate')).stdout,
    'subgraph "cluster_h1" {\n    label="h1"; style=filled; fillcolor=gray95;',
  )
})

t.test('a PIP’s own view has all of its substrate', async (t) => {
  const substrate = create('Substrate', {
    name: 'pip1',
    nodes: ['h1', 'h2', 'h3'].map((id) => ({ id, kind: 'host' })),
    links: [{ id: 'l', a: { node: 'h1', nic: 'eth1' }, b: { node: 'h2', nic: 'eth1' }, capacityBitsPerSecond: 1e9 }],
  })
  const { directory } = await play(t, 'pip', (request) =>
    request.substrate ? { substrate } : { vnets: { vnets: [shop()] } },
  )
  const argv = ['shop', '--role', 'pip', '--run-dir', directory]
  const { stdout } = await weft(['graph', ...argv, '--substrate', '--to', 'mermaid'])
  t.match(stdout, 'subgraph h2["h3"]')
  t.match(stdout, 'h0 ===|"1 Gbit/s"| h1')
  const exported = JSON.parse((await weft(['export', ...argv, '--to', 'rfc8345'])).stdout)
  t.match(exported['ietf-network:networks'].network[1]['ietf-network-topology:link'][0], {
    'supporting-link': [{ 'network-ref': 'pip1', 'link-ref': 'l:a-to-b' }],
  })
})

t.test('what convert writes as GraphML it reads again', async (t) => {
  const file = new URL('../../../examples/abilene.yaml', import.meta.url).pathname
  const { stdout } = await weft(['convert', file, '--to', 'graphml'])
  const again = await weft(['convert', requestFile(t.testdir(), stdout, 'a.graphml')])
  t.equal(again.status, 0)
  t.equal(again.stdout, (await weft(['convert', file])).stdout)
})
