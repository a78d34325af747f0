import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import { parseRequest } from '../parse.ts'

const parse = async (text: string, file = 'request.yaml') => (await parseRequest(text, { file })).request

const asYaml = `
vnet: shop
prefix: 10.7.0.0/16
defaults: { memory: 64 MiB, hypervisor: lxc, rate: 10 Mbit/s }
nodes:
  web:
    location: London
    cpu: 0.5
    interfaces: { 0: { mac: 02:00:00:00:00:01, addresses: [10.7.0.1/30, 'fd00::1/64'], forwarding: bridge } }
    restart: on-failure
    start-up:
      files:
        /etc/motd: "hello\\n"
        /usr/local/bin/serve: { mode: 0755, content: "#!/bin/sh\\n" }
      command: serve
  db:
    location: { latitude: 51.5, longitude: -0.1, within: 500 km }
    cpu: { count: 2, shares: 512 }
    memory: 1.5 GiB
    disk: 2 GB
    image: debian-12
    hypervisor: any
    allocation: preallocated
    interfaces: { 0: { addresses: 10.7.0.2/30 }, 1: { physical: dedicated, forwarding: click } }
links:
  web-db: { ends: [web.0, db.eth0], rate-a-to-b: 2 Mbit/s, delay: 5 ms, technology: vxlan }
`

const asXml = `<?xml version="1.0" encoding="UTF-8"?>
<w:vnet xmlns:w="https://weft.dev/vnet/1" name="shop" prefix="10.7.0.0/16">
  <w:defaults memory="64 MiB" hypervisor="lxc" rate="10 Mbit/s"/>
  <w:nodes>
    <w:node id="web" location="London" cpu="0.5" restart="on-failure">
      <w:start-up>
        <w:file path="/etc/motd">hello
</w:file>
        <w:file path="/usr/local/bin/serve" mode="0755"><![CDATA[#!/bin/sh
]]></w:file>
        <w:command>serve</w:command>
      </w:start-up>
      <w:interface index="0" mac="02:00:00:00:00:01" addresses="10.7.0.1/30 fd00::1/64" forwarding="bridge"/>
    </w:node>
    <w:node id="db" memory="1.5 GiB" disk="2 GB" image="debian-12" hypervisor="any" allocation="preallocated">
      <w:location latitude="51.5" longitude="-0.1" within="500 km"/>
      <w:cpu count="2" shares="512"/>
      <w:interface index="0" addresses="10.7.0.2/30"/>
      <w:interface index="eth1" physical="dedicated" forwarding="click"/>
    </w:node>
  </w:nodes>
  <w:links>
    <w:link id="web-db" a="web.0" b="db.eth0" rate-a-to-b="2 Mbit/s" delay="5 ms" technology="vxlan"/>
  </w:links>
</w:vnet>
`

const expected = create('VNetRequest', {
  name: 'shop',
  prefix: '10.7.0.0/16',
  nodes: [
    {
      id: 'web',
      location: { name: 'London' },
      cpu: { count: 1, quotaMillis: 500 },
      memoryBytes: 67_108_864,
      hypervisor: 'lxc',
      interfaces: [
        { index: 0, mac: '02:00:00:00:00:01', addresses: ['10.7.0.1/30', 'fd00::1/64'], forwarding: 'bridge' },
      ],
      restartPolicy: 'on-failure',
      startUp: {
        files: [
          { path: '/etc/motd', content: 'hello\n' },
          { path: '/usr/local/bin/serve', content: '#!/bin/sh\n', mode: 0o755 },
        ],
        command: 'serve',
      },
    },
    {
      id: 'db',
      location: { latitude: 51.5, longitude: -0.1, withinKm: 500 },
      cpu: { count: 2, shares: 512 },
      memoryBytes: 1_610_612_736,
      diskBytes: 2_000_000_000,
      image: 'debian-12',
      hypervisor: 'any',
      allocation: 'preallocated',
      interfaces: [
        { index: 0, addresses: ['10.7.0.2/30'] },
        { index: 1, physical: 'dedicated', forwarding: 'click' },
      ],
    },
  ],
  links: [
    {
      id: 'web-db',
      a: { node: 'web', interface: 0 },
      b: { node: 'db', interface: 0 },
      rateAToBBitsPerSecond: 2_000_000,
      rateBToABitsPerSecond: 10_000_000,
      delayMicroseconds: 5000,
      technology: 'vxlan',
    },
  ],
})

t.test('every property is read from YAML', async (t) => t.same(await parse(asYaml), expected))

t.test('the same in XML, with a prefix for its namespace', async (t) =>
  t.same(await parse(asXml, 'request.xml'), expected),
)

t.test('the form is seen from the name of the file, else from the text', async (t) => {
  for (const [file, text] of [
    ['x.xml', asXml],
    ['-', asXml],
    ['x.yml', asYaml],
    ['-', asYaml],
  ] as const) {
    t.equal((await parse(text, file)).name, 'shop', file)
  }
  t.equal((await parseRequest('{"vnet": "a", "nodes": {"a": {}}}')).request.name, 'a')
  t.equal((await parseRequest(Buffer.from(asXml), { file: 'misnamed.yaml', format: 'xml' })).request.name, 'shop')
})

t.test('a node may be left empty, and links left out', async (t) => {
  t.same(
    await parse('vnet: a\nnodes:\n  x:\nlinks:\ndefaults:\n'),
    create('VNetRequest', { name: 'a', nodes: [{ id: 'x' }] }),
  )
})

t.test('impairments are for both directions, but what one has of its own', async (t) => {
  const { links } = await parse(`
vnet: a
defaults: { impairments: { delay: 10 ms } }
nodes: { x: {}, y: {} }
links:
  both: { ends: [x, y], impairments: { jitter: 1 ms, loss: 0.1 % } }
  own: { ends: [x, y], impairments: { a-to-b: { delay: 0 ms, loss: 1 % }, b-to-a: { reorder: 2 % } } }
  plain: [x, y]
  none: { ends: [x, y], impairments: }
`)
  const of = (id: string) => links.find((link) => link.id === id)
  const both = { delayMicroseconds: 10_000, jitterMicroseconds: 1000, lossMillionths: 1000 }
  t.match(of('both'), { impairmentAToB: both, impairmentBToA: both })
  t.match(of('own'), {
    impairmentAToB: { delayMicroseconds: 0, lossMillionths: 10_000, reorderMillionths: 0 },
    impairmentBToA: { delayMicroseconds: 10_000, lossMillionths: 0, reorderMillionths: 20_000 },
  })
  t.match(of('plain'), { impairmentAToB: { delayMicroseconds: 10_000 }, impairmentBToA: { delayMicroseconds: 10_000 } })
  t.match(of('none'), { impairmentAToB: undefined, impairmentBToA: undefined })
})

t.test('one direction alone may be impaired', async (t) => {
  const { links } = await parse(
    'vnet: a\nnodes: { x: {}, y: {} }\nlinks:\n  l: { ends: [x, y], impairments: { b-to-a: { loss: 1 % } } }\n',
  )
  t.equal(links[0]?.impairmentAToB, undefined)
  t.match(links[0]?.impairmentBToA, { lossMillionths: 10_000 })
})

t.test('a link is down where it says so, whatever the defaults', async (t) => {
  const { links } = await parse(
    'vnet: a\ndefaults: { down: true }\nnodes: { x: {}, y: {} }\nlinks: { l: [x, y], m: { ends: [x, y], down: false } }\n',
  )
  t.same(
    links.map(({ down }) => down),
    [true, false],
  )
})

t.test('mappings of defaults are merged key by key, everything else is replaced', async (t) => {
  const { nodes } = await parse(`
vnet: a
defaults:
  location: { within: 100 km }
  cpu: 1
  start-up: { files: { /a: { source: nowhere }, /b: b }, command: one }
nodes:
  x: { location: { latitude: 1, longitude: 2 }, cpu: { count: 4 }, start-up: { files: { /a: here }, command: two } }
`)
  t.match(nodes[0], {
    location: { latitude: 1, longitude: 2, withinKm: 100 },
    cpu: { count: 4, quotaMillis: 0, pins: '' },
    startUp: {
      files: [
        { path: '/b', content: 'b' },
        { path: '/a', content: 'here' },
      ],
      command: 'two',
    },
  })
})

t.test('ends without an interface get the lowest that is free, in the order of the links', async (t) => {
  const { links } = await parse(`
vnet: a
nodes:
  x: { interfaces: { 2: { physical: shared } } }
  y: { interfaces: 3 }
links:
  l1: [x, y]
  l2: [x, y.1]
  l3: [y, x.eth1]
  l4: { ends: [x, x] }
`)
  const shown = links.map(({ a, b }) => `${a?.node}.${a?.interface} ${b?.node}.${b?.interface}`)
  t.same(shown, ['x.0 y.0', 'x.3 y.1', 'y.2 x.1', 'x.4 x.5'])
})

t.test('variables are put into start-up texts of nodes that have some, and of no others', async (t) => {
  const { nodes } = await parse(`
vnet: net
defaults: { start-up: { files: { /a: "{{ node }} of {{vnet}}: {{x}} {{x}}, $x { { not }}" }, command: "run {{x}}" } }
nodes:
  one: { variables: { x: 0010 } }
  two: { variables: { x: "{{node}}" } }
`)
  t.equal(nodes[0]?.startUp?.files[0]?.content, 'one of net: 0010 0010, $x { { not }}')
  t.equal(nodes[0]?.startUp?.command, 'run 0010')
  t.equal(nodes[1]?.startUp?.command, 'run {{node}}', 'values are not looked at again')
  const plain = await parse('vnet: a\nnodes: { x: { start-up: { command: "echo {{node}}" } } }\n')
  t.equal(plain.nodes[0]?.startUp?.command, 'echo {{node}}')
  const xml = await parse(
    '<vnet xmlns="https://weft.dev/vnet/1" name="a"><nodes><node id="x"><variable name="v" value="1 &lt; 2"/><start-up><command>{{v}}</command></start-up></node></nodes></vnet>',
    'x.xml',
  )
  t.equal(xml.nodes[0]?.startUp?.command, '1 < 2')
})

const withFolder = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-request-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'here', 'sub'), { recursive: true })
  return folder
}

const withSource = (source: string): string =>
  `vnet: a\nnodes: { x: { start-up: { files: { /f: { source: ${JSON.stringify(source)}, mode: 644 } } } } }\n`

t.test('sources are read relative to the file of the request', async (t) => {
  const folder = withFolder(t)
  writeFileSync(join(folder, 'here', 'sub', 'f.conf'), '\ufeffé\n')
  symlinkSync('f.conf', join(folder, 'here', 'sub', 'link'))
  const file = join(folder, 'here', 'request.yaml')
  for (const source of ['sub/f.conf', './sub/../sub/f.conf', 'sub/link']) {
    const { request } = await parseRequest(withSource(source), { file })
    t.match(request.nodes[0]?.startUp?.files, [{ content: 'é\n', mode: 0o644 }], source)
  }
  const { request } = await parseRequest(withSource('f.conf'), { folder: join(folder, 'here', 'sub') })
  t.match(request.nodes[0]?.startUp?.files, [{ content: 'é\n' }])
})

t.test('sources outside the folder, missing, too large or no text are refused', async (t) => {
  const folder = withFolder(t)
  const here = join(folder, 'here')
  writeFileSync(join(folder, 'outside'), 'secret')
  symlinkSync('../outside', join(here, 'out'))
  symlinkSync('/dev/zero', join(here, 'zero'))
  writeFileSync(join(here, 'large'), 'x'.repeat(64 * 1024 + 1))
  writeFileSync(join(here, 'binary'), Buffer.from([0xff, 0]))
  writeFileSync(join(here, 'nul'), 'a\0')
  for (const [source, message] of [
    ['../outside', /outside the folder/],
    ['out', /outside the folder/],
    ['zero', /outside the folder/],
    ['/etc/passwd', /outside the folder/],
    ['sub', /not a regular file/],
    ['nowhere', /does not exist/],
    ['large', /65537 bytes/],
    ['binary', /not UTF-8/],
    ['nul', /NUL byte/],
    ['a\0b', /is no path/],
  ] as const) {
    await t.rejects(
      parseRequest(withSource(source).replace('\\u0000', '\\0'), { file: join(here, 'r.yaml') }),
      { errors: [{ code: 'request.invalid', object: 'node/x', message, where: /r.yaml:2:50$/ }] },
      source,
    )
  }
  await t.rejects(parseRequest(withSource('f')), { errors: [{ message: /does not come from a file/ }] })
})

t.test('an unknown variable in a source is told by its line there', async (t) => {
  const folder = withFolder(t)
  writeFileSync(join(folder, 'f.conf'), 'one\n  {{nod}}\n')
  const text = withSource('f.conf').replace('{ start-up', '{ variables: { a: 1 }, start-up')
  await t.rejects(parseRequest(text, { file: join(folder, 'r.yaml') }), {
    errors: [{ where: 'f.conf:2:3', object: 'node/x', message: /no variable "nod"/, hint: /"node"/ }],
  })
})
