import t from 'tap'
import { create } from '../../../../proto/codec.ts'
import { parseRequest } from '../../parse.ts'
import { exportAs } from '../forms.ts'

const { request } = await parseRequest(
  `
vnet: shop
prefix: 10.7.0.0/16
nodes:
  web: { cpu: 0.5, memory: 64 MiB, hypervisor: lxc, interfaces: { 0: { mac: "02:00:00:00:00:01" } }, start-up: { command: serve & } }
  db: { location: { name: Bern, latitude: 46.9, longitude: 7.4 }, disk: 1 GB }
links:
  web-db: { ends: [web.0, db.0], rate-a-to-b: 2 Mbit/s, rate-b-to-a: 1500 bit/s, delay: 5 ms }
`,
)

const state = create('VNetState', {
  vnet: 'shop',
  nodes: [
    {
      id: 'web',
      provider: 'pip1',
      host: 'h1',
      hypervisor: 'lxc',
      vifs: [{ index: 0, name: 'vif1.0', mac: '02:00:00:00:00:01', addresses: ['10.7.0.1/30'] }],
    },
    {
      id: 'db',
      provider: 'pip1',
      host: 'h3',
      hypervisor: 'qemu',
      vifs: [{ index: 0, name: 'vif2.0', mac: '02:00:00:00:00:02', addresses: ['10.7.0.2/30'] }],
    },
  ],
  links: [{ id: 'web-db', technology: 'vxlan', path: ['h1', 'h2', 'h3'] }],
  request,
})

t.test('an RSpec request', async (t) => {
  const { text, losses } = await exportAs({ request }, 'rspec')
  t.equal(
    text,
    `\
<?xml version="1.0" encoding="UTF-8"?>
<rspec type="request" xmlns="http://www.geni.net/resources/rspec/3">
  <node client_id="web" exclusive="false">
    <sliver_type name="lxc">
      <emulab:xen xmlns:emulab="http://www.protogeni.net/resources/rspec/ext/emulab/1" cores="1" ram="64"/>
    </sliver_type>
    <interface client_id="web:eth0" mac_address="02:00:00:00:00:01"/>
    <services>
      <execute shell="sh" command="serve &amp;"/>
    </services>
  </node>
  <node client_id="db" exclusive="false">
    <location country="Bern" latitude="46.9" longitude="7.4"/>
    <interface client_id="db:eth0"/>
  </node>
  <link client_id="web-db">
    <interface_ref client_id="web:eth0"/>
    <interface_ref client_id="db:eth0"/>
    <property source_id="web:eth0" dest_id="db:eth0" capacity="2000"/>
    <property source_id="db:eth0" dest_id="web:eth0" capacity="1.5"/>
    <link_type name="lan"/>
  </link>
</rspec>
`,
  )
  t.same(
    losses.map(({ object, message }) => `${object}: ${message}`),
    [
      'vnet/shop: name is left out: an RSpec has no place for it',
      'vnet/shop: prefix is left out: an RSpec has no place for it',
      'node/web: quota of the cpu is left out: an RSpec has no place for it',
      'node/db: disk is left out: an RSpec has no place for it',
      'link/web-db: delay is left out: an RSpec has no place for it',
    ],
  )
})

t.test('an RSpec manifest says where it is and what it got', async (t) => {
  const { text } = await exportAs({ request, state }, 'rspec')
  t.match(text, '<rspec type="manifest"')
  t.match(
    text,
    `  <node client_id="db" component_id="urn:publicid:IDN+pip1+node+h3" component_manager_id="urn:publicid:IDN+pip1+authority+cm" sliver_id="urn:publicid:IDN+pip1+sliver+shop.db" exclusive="false">
    <sliver_type name="qemu"/>
    <location country="Bern" latitude="46.9" longitude="7.4"/>
    <interface client_id="db:eth0" component_id="urn:publicid:IDN+pip1+interface+h3:vif2.0" sliver_id="urn:publicid:IDN+pip1+sliver+shop.db.0" mac_address="02:00:00:00:00:02">
      <ip address="10.7.0.2" netmask="255.255.255.252" type="ipv4"/>
    </interface>
    <host name="h3"/>
  </node>`,
  )
  t.match(text, '<link_type name="vxlan"/>')
})

t.test('containerlab', async (t) => {
  const { text, losses } = await exportAs({ request }, 'containerlab')
  t.equal(
    text,
    `\
name: shop
topology:
  defaults:
    kind: linux
    image: debian:stable-slim
    network-mode: none
  nodes:
    web:
      cpu: 0.5
      memory: 64MiB
      exec:
        - sh -c 'serve &'
    db: {}
  links:
    - type: veth
      endpoints:
        - node: web
          interface: eth0
          mac: 02:00:00:00:00:01
        - node: db
          interface: eth0
`,
  )
  t.same(
    losses.map(({ path }) => path),
    [
      'prefix',
      'nodes[0].hypervisor',
      'nodes[1].location',
      'nodes[1].diskBytes',
      'links[0].rateAToBBitsPerSecond',
      'links[0].rateBToABitsPerSecond',
      'links[0].delayMicroseconds',
    ],
  )
})

t.test('RFC 8345: the VNet is supported by its substrate', async (t) => {
  const { text } = await exportAs({ request, state }, 'rfc8345')
  const [under, virtual] = JSON.parse(text)['ietf-network:networks'].network
  t.match(under, { 'network-id': 'pip1', node: [{ 'node-id': 'h1' }, { 'node-id': 'h3' }, { 'node-id': 'h2' }] })
  t.same(
    under['ietf-network-topology:link'].map((link: Record<string, unknown>) => link['link-id']),
    ['h1-h2:a-to-b', 'h1-h2:b-to-a', 'h2-h3:a-to-b', 'h2-h3:b-to-a'],
  )
  t.match(virtual, {
    'network-id': 'shop',
    'supporting-network': [{ 'network-ref': 'pip1' }],
    node: [
      {
        'node-id': 'web',
        'supporting-node': [{ 'network-ref': 'pip1', 'node-ref': 'h1' }],
        'ietf-network-topology:termination-point': [{ 'tp-id': 'eth0' }],
      },
      {},
    ],
  })
  t.same(virtual['ietf-network-topology:link'][1], {
    'link-id': 'web-db:b-to-a',
    source: { 'source-node': 'db', 'source-tp': 'eth0' },
    destination: { 'dest-node': 'web', 'dest-tp': 'eth0' },
    'supporting-link': [
      { 'network-ref': 'pip1', 'link-ref': 'h2-h3:b-to-a' },
      { 'network-ref': 'pip1', 'link-ref': 'h1-h2:b-to-a' },
    ],
  })
})

t.test('what is lost of an interface says of which', async (t) => {
  const { losses } = await exportAs({ request }, 'rfc8345')
  t.ok(
    losses.some(
      ({ path, message }) =>
        path === 'nodes[0].interfaces[0].mac' && message.startsWith('mac of interface 0 is left out'),
    ),
  )
})

t.test('RFC 8345: of a request there is the VNet alone', async (t) => {
  const { text } = await exportAs({ request }, 'rfc8345')
  const { network } = JSON.parse(text)['ietf-network:networks']
  t.equal(network.length, 1)
  t.notMatch(text, 'supporting')
})

t.test('dot and mermaid', async (t) => {
  t.equal(
    (await exportAs({ request }, 'dot')).text,
    `\
graph "shop" {
  node [shape=box, style=rounded];
  "web";
  "db";
  "web" -- "db" [label="2 Mbit/s, 1.5 kbit/s", tooltip="web-db", taillabel="eth0", headlabel="eth0"];
}
`,
  )
  t.equal(
    (await exportAs({ request }, 'mermaid')).text,
    `\
flowchart LR
  n0["web"]
  n1["db"]
  n0 ---|"2 Mbit/s, 1.5 kbit/s"| n1
`,
  )
})
