import t from 'tap'
import { errorsOf, readFile } from './support.ts'

const gml = `\
# a network
Creator "by hand"
graph [
  directed 0
  Network "Three"
  node [
    id 0
    label "Z&#252;rich"
    Latitude 47.37
    Longitude 8.55
    Internal 1
  ]
  node [ id 1 label "?" ]
  node [ id 2 label "?" graphics [ x 1.5 ] ]
  edge [
    source 0
    target 1
    LinkSpeedRaw 10000000000.0
  ]
  edge [ source 1 target 2 id "e1" ]
  edge [ source 1 target 2 ]
]
`

t.test('GML: places, names, parallel edges', async (t) => {
  const { yaml, notes } = await readFile(gml, 'three.gml')
  t.equal(
    yaml,
    `\
vnet: three
prefix: 10.0.0.0/16
nodes:
  zurich: { location: { name: Zürich, latitude: 47.37, longitude: 8.55 } }
  node: {}
  node-2: {}
links:
  zurich-node: { ends: [ zurich.0, node.0 ] }
  node-node-2: { ends: [ node.1, node-2.0 ] }
  node-node-2-2: { ends: [ node.2, node-2.1 ] }
`,
  )
  t.same(notes, [
    '5:3: what the file says of the whole graph is left out: Network',
    '8:5: 3 nodes have other names here: "Zürich" is zurich, "?" is node, "?" is node-2',
    '11:5: the attribute Internal of nodes is left out',
    '14:36: the attribute graphics.x of nodes is left out',
    '18:5: the speed of a line is no rate that is asked for, unless --speeds says which share of it',
    '20:28: the attribute id of edges is left out',
  ])
})

t.test('GML: a share of the speeds as rates', async (t) => {
  const { yaml, notes } = await readFile(gml, 'three.gml', { speedMillionths: 1000 })
  t.match(yaml, 'zurich-node: { ends: [ zurich.0, node.0 ], rate: 10 Mbit/s }')
  t.notMatch(notes.join(), 'speed')
})

t.test('GML: what is wrong is told with its line', async (t) => {
  const of = (text: string) => errorsOf(text, 'x.gml')
  t.same(await of('graph [ node [ id 0 ]'), ['1:1: not well-formed GML: a list does not end | ]'])
  t.same(await of('graph [ ]\n]'), ['2:1: not well-formed GML: a list ends that did not begin | '])
  t.same(await of('graph [\n node [ id ] ]'), ['2:9: not well-formed GML: "id" has no value | '])
  t.same(await of('graph [ node { ] ]'), ['1:14: not well-formed GML: "{" stands where it cannot | '])
  t.same(await of('x 1'), ['1:1: the file has no graph | graph [ node [ id 0 ] … ]'])
  t.same(await of('graph [ node [ id 0 ]\n edge [ source 0 target 7 ] ]'), [
    '2:18: there is no node with the id "7" | the id of a node',
  ])
  t.same(await of('graph [ node [ id 0 ] node [ id 0 ] ]'), ['1:23: two nodes have the id "0" | ids are unique'])
  t.match((await of(`graph ${'[ a '.repeat(100)}`)).join(), 'nested too deeply')
})

const graphml = (inside: string, keys = '', directed = 'undirected') => `\
<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
${keys}
<graph edgedefault="${directed}">
${inside}
</graph>
</graphml>
`

t.test('GraphML: keys with defaults, labels of yEd, hyperedges', async (t) => {
  const { yaml, notes } = await readFile(
    graphml(
      `<node id="n0"><data key="d0">Oslo</data><data key="d1">59.9</data><data key="d2">10.7</data></node>
<node id="n1"><data key="d9"><y:ShapeNode xmlns:y="urn:y"><y:Fill color="#f"/><y:NodeLabel>Rom a</y:NodeLabel></y:ShapeNode></data></node>
<node id="n2"><port name="p"/></node>
<edge id="first" source="n0" target="n1"/>
<hyperedge><endpoint node="n0"/><endpoint node="n1"/><endpoint node="n2"/></hyperedge>`,
      `<key id="d0" for="node" attr.name="label" attr.type="string"/>
<key id="d1" for="node" attr.name="Latitude" attr.type="double"/><key id="d2" for="node" attr.name="Longitude" attr.type="double"/>
<key id="d3" for="edge" attr.name="weight" attr.type="double"><default>1</default></key><key id="d9" for="node" yfiles.type="nodegraphics"/>`,
    ),
    'g.graphml',
  )
  t.match(yaml, 'oslo: { location: { name: Oslo, latitude: 59.9, longitude: 10.7 } }\n')
  t.match(yaml, 'rom-a: {}')
  t.match(yaml, 'first: { ends: [ oslo.0, rom-a.0 ] }')
  t.match(yaml, 'oslo-rom-a-n2: { ends: [ n2.0, oslo-rom-a.2 ] }')
  t.notMatch(yaml, 'prefix', 'a switch is in it')
  t.same(
    notes.map((note) => note.replace(/^[0-9:]+ ?/, '')),
    [
      'the attribute weight of edges is left out',
      '2 nodes have other names here: "Oslo" is oslo, "Rom a" is rom-a',
      'a <port> is left out: an edge takes the next free interface',
      'node/oslo-rom-a: oslo-rom-a joins 3 interfaces, and a link has two ends: the node oslo-rom-a is its switch',
    ],
  )
})

t.test('GraphML: edges there and back are one link', async (t) => {
  const nodes = '<node id="a"/><node id="b"/>'
  const edges = '<edge source="a" target="b"/>\n<edge source="b" target="a"/>\n<edge source="b" target="a"/>'
  const { yaml, notes } = await readFile(graphml(`${nodes}${edges}`, '', 'directed'), 'g.xml')
  t.match(yaml, 'links:\n  a-b: { ends: [ a.0, b.0 ] }\n  b-a: { ends: [ b.1, a.1 ] }\n')
  t.same(notes, ['6:1: a link carries both directions: an edge back is the same link'])
})

t.test('GraphML: what is wrong is told with its line', async (t) => {
  t.same(await errorsOf('<graphml/>', 'x.graphml'), ['1:1: the file has no graph | <graphml><graph>…'])
  t.same(await errorsOf(graphml('<node id="a"><data key="d0">x</data></node>'), 'x.graphml'), [
    '5:25: there is no key "d0" | the id of a <key>',
  ])
  t.match((await errorsOf(`<!DOCTYPE graphml>${graphml('')}`, 'x.graphml')).join(), 'document type declaration')
})
