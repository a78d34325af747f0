import t, { type Test } from 'tap'
import { parseRequest, RequestErrors } from '../../parse.ts'
import { createRandom, type Random } from '../../test/random.ts'
import { validateRequest } from '../../validate.ts'

/** One good file of each form. */
const files = {
  'a.rspec': `<rspec type="request" xmlns="http://www.geni.net/resources/rspec/3">
<node client_id="A"><sliver_type name="xen"/><interface client_id="A:0"><ip address="10.1.0.1" netmask="255.255.255.0"/></interface></node>
<node client_id="B"><interface client_id="B:0"><ip address="10.1.0.2" netmask="255.255.255.0"/></interface>
<services><execute shell="sh" command="true"/></services></node>
<link client_id="l"><interface_ref client_id="A:0"/><interface_ref client_id="B:0"/><property capacity="100" latency="2" packet_loss="0.1"/></link>
</rspec>`,
  'a.clab.yml': `name: x
topology:
  defaults: {memory: 64mb}
  nodes:
    a: {kind: linux, cpu: 0.5, exec: [true], env: {A: b}}
    b: {kind: bridge}
  links:
    - endpoints: ["a:eth1", "b:p1"]
    - endpoints: [{node: a, interface: eth2}, {node: b, interface: p2}]
      ipv4: [10.1.0.1/24]
`,
  'a.gml': `graph [ directed 1 node [ id 0 label "A&#252;" Latitude 1.5 Longitude 2 ]
node [ id 1 ] edge [ source 0 target 1 LinkSpeedRaw 1000.0 ] edge [ source 1 target 0 ] ]`,
  'a.graphml': `<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="k" for="all" attr.name="weft.memory"/><key id="l" attr.name="label"/>
<graph edgedefault="directed"><data key="l">g</data><node id="a"><data key="k">64 MiB</data></node><node id="b"/><node id="c"/>
<edge source="a" target="b"/><hyperedge><endpoint node="a"/><endpoint node="b"/><endpoint node="c"/></hyperedge></graph></graphml>`,
} as const

const scraps = [
  '<',
  '>',
  '"',
  '[',
  ']',
  '{',
  '}',
  ':',
  '- ',
  '\n',
  '&#0;',
  '&#xd800;',
  '-1',
  '1e999',
  '999999999999',
  '',
  ' ',
  'é',
  '..',
  'eth999',
  '10.1.0.0/33',
]

const mutate = (text: string, random: Random): string => {
  let result = text
  for (let edits = 1 + random.below(4); edits > 0; edits--) {
    const at = random.below(result.length + 1)
    const until = at + random.below(12)
    const from = random.below(result.length + 1)
    const put = random.chance(0.5) ? random.pick(scraps) : result.slice(from, from + random.below(60))
    result = result.slice(0, at) + put + result.slice(random.chance(0.5) ? at : until)
  }
  return result
}

const tryOne = async (t: Test, text: string, file: string, what: string): Promise<boolean> => {
  try {
    const { request, notes } = await parseRequest(text, { file, speedMillionths: 1_000_000 })
    if (validateRequest(request).length === 0 && notes.every(({ where }) => where.startsWith(`${file}:`))) return true
    t.fail(`${what}: accepted what is invalid`, { text })
  } catch (thrown) {
    if (thrown instanceof RequestErrors && thrown.errors.every(({ code }) => code.startsWith('request.'))) return true
    t.fail(`${what}: threw ${thrown}`, { text, stack: (thrown as Error).stack ?? '' })
  }
  return false
}

for (const [file, text] of Object.entries(files)) {
  t.test(`a mutated ${file} is read or refused with its errors`, async (t) => {
    t.equal((await parseRequest(text, { file })).request.nodes.length >= 2, true)
    for (let seed = 1; seed <= 300; seed++) {
      if (!(await tryOne(t, mutate(text, createRandom(seed)), file, `seed ${seed}`))) return
    }
    t.pass('300 files')
  })
}

t.test('what is nested without end is refused', async (t) => {
  const many = 20_000
  for (const [file, text] of [
    ['b.gml', `graph ${'[ a '.repeat(many)}`],
    ['b.graphml', `<graphml>${'<graph>'.repeat(many)}`],
    ['b.rspec', `<rspec xmlns="http://www.geni.net/resources/rspec/3">${'<node client_id="a">'.repeat(many)}`],
    ['b.clab.yml', `topology: ${'['.repeat(many)}`],
    [
      'c.graphml',
      `<graphml><key id="k" attr.name="weft.cpu"/><graph><node id="a"><data key="k">${'['.repeat(many)}${']'.repeat(many)}</data></node></graph></graphml>`,
    ],
  ] as const) {
    t.equal(await tryOne(t, text, file, file), true, file)
  }
})

t.test('too many nodes are refused before they are built', async (t) => {
  const nodes = Array.from({ length: 20_000 }, (_, i) => `node [ id ${i} ]`).join('\n')
  await t.rejects(parseRequest(`graph [ ${nodes} ]`, { file: 'x.gml' }), { message: /20000 nodes/ })
})
