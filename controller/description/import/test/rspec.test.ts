import t from 'tap'
import { errorsOf, readFile } from './support.ts'

const rspec = (inside: string, type = 'request') =>
  `<rspec type="${type}" xmlns="http://www.geni.net/resources/rspec/3">\n${inside}\n</rspec>\n`

t.test('nodes, addresses and a shaped link', async (t) => {
  const { yaml, notes } = await readFile(
    rspec(`  <node client_id="PC-1" exclusive="true" component_manager_id="urn:publicid:IDN+x+authority+cm">
    <sliver_type name="emulab-xen">
      <xen xmlns="http://www.protogeni.net/resources/rspec/ext/emulab/1" cores="2" ram="512" disk="4"/>
      <disk_image name="urn:publicid:IDN+x+image+OLD-64"/>
    </sliver_type>
    <hardware_type name="pc9"/>
    <location country="US" latitude="40.1" longitude="-111.5"/>
    <interface client_id="PC-1:if0" mac_address="020000000011"><ip address="10.1.0.1" netmask="255.255.255.0" type="ipv4"/></interface>
    <services><execute shell="bash" command="echo it's up"/><execute shell="sh" command="true"/><login authentication="ssh-keys"/></services>
    <thing xmlns="http://example.org/draw" x="3"/>
  </node>
  <node client_id="b">
    <sliver_type name="qemu"><disk_image name="debian-12"/></sliver_type>
    <interface client_id="b:if0"><ip address="10.1.0.2" netmask="255.255.255.0" type="ipv4"/></interface>
    <services><install url="http://example.org/a.tgz" install_path="/local"/><execute shell="sh" command="/local/a"/></services>
  </node>
  <link client_id="l">
    <component_manager name="urn:publicid:IDN+x+authority+cm"/>
    <interface_ref client_id="PC-1:if0"/>
    <interface_ref client_id="b:if0"/>
    <property source_id="PC-1:if0" dest_id="b:if0" capacity="2000" latency="10"/>
    <property source_id="b:if0" dest_id="PC-1:if0" capacity="1000" packet_loss="0.01"/>
    <link_type name="egre-tunnel"/>
  </link>`),
    'two pcs.rspec',
  )
  t.equal(
    yaml,
    `\
vnet: two-pcs
nodes:
  pc-1:
    location: { name: US, latitude: 40.1, longitude: -111.5 }
    cpu: { count: 2 }
    memory: 512 MiB
    disk: 4 GiB
    interfaces: { eth0: { mac: 02:00:00:00:00:11, addresses: [ 10.1.0.1/24 ] } }
    start-up:
      command: |-
        bash -c 'echo it'\\''s up'
        true
  b: { image: debian-12, hypervisor: qemu, interfaces: { eth0: { addresses: [ 10.1.0.2/24 ] } } }
links:
  l:
    ends: [ pc-1.0, b.0 ]
    rate-a-to-b: 2 Mbit/s
    rate-b-to-a: 1 Mbit/s
    technology: gre
    impairments: { a-to-b: { delay: 10 ms }, b-to-a: { loss: 1 % } }
`,
  )
  t.same(notes, [
    '2:20: a node has another name here: "PC-1" is pc-1',
    '2:37: exclusive is left out: no node has a machine for itself',
    '2:65: component_manager_id is left out: the provider is chosen',
    '3:24: the sliver type "emulab-xen" is left out: any hypervisor serves',
    '5:25 node/pc-1: the disk image "urn:publicid:IDN+x+image+OLD-64" is left out: it is no image of ours',
    '7:5 node/pc-1: <hardware_type> is left out',
    '10:97: <login> is left out: weft exec and weft console log in',
    '11:5 node/pc-1: <thing> of http://example.org/draw is left out',
    '16:15 node/b: <install> is left out: nodes have no network to fetch it by; use an image',
    '16:78 node/b: <execute> is left out: it may need what an <install> brings',
    '19:5: <component_manager> is left out: the provider is chosen',
  ])
})

t.test('links without addresses get them from a prefix', async (t) => {
  const { yaml, notes } = await readFile(
    rspec(`  <node client_id="a"><interface client_id="a0"/></node><node client_id="b"><interface client_id="b0"/></node>
  <link client_id="l"><interface_ref client_id="a0"/><interface_ref client_id="b0"/><link_type name="lan"/></link>`),
    'l.rspec',
  )
  t.match(yaml, 'prefix: 10.0.0.0/16\n')
  t.match(yaml, 'l: { ends: [ a.0, b.0 ] }\n')
  t.same(notes, [])
})

t.test(
  'a LAN of three is a node that bridges; its members give themselves their addresses of one subnet',
  async (t) => {
    const node = (name: string, last: number) =>
      `  <node client_id="${name}"><interface client_id="${name}:0"><ip address="10.1.0.${last}" netmask="255.255.255.0"/></interface></node>\n`
    const refs = ['a', 'b', 'c'].map((name) => `<interface_ref client_id="${name}:0"/>`).join('')
    const property = '<property source_id="a:0" dest_id="b:0" capacity="500"/>'
    const { yaml, notes } = await readFile(
      rspec(`${node('a', 1)}${node('b', 2)}${node('c', 3)}  <link client_id="lan">${refs}${property}</link>`),
      'lan.xml',
    )
    t.equal(
      yaml,
      `\
vnet: lan
nodes:
  a: { start-up: { command: ip address add 10.1.0.1/24 dev eth0 } }
  b: { start-up: { command: ip address add 10.1.0.2/24 dev eth0 } }
  c: { start-up: { command: ip address add 10.1.0.3/24 dev eth0 } }
  lan:
    hypervisor: lxc
    interfaces:
      eth0: { anti-spoofing: off }
      eth1: { anti-spoofing: off }
      eth2: { anti-spoofing: off }
    start-up:
      command: |-
        ip link add br0 type bridge
        for i in /sys/class/net/eth*; do ip link set "\${i##*/}" master br0 up; done
        ip link set br0 up
links:
  lan-a: { ends: [ a.0, lan.0 ], rate-a-to-b: 500 kbit/s }
  lan-b: { ends: [ b.0, lan.1 ], rate-b-to-a: 500 kbit/s }
  lan-c: { ends: [ c.0, lan.2 ] }
`,
    )
    t.same(notes, ['5:3 node/lan: lan joins 3 interfaces, and a link has two ends: the node lan is its switch'])
  },
)

t.test('where a LAN is among links without addresses, each link gets a subnet', async (t) => {
  const node = (name: string, ...ids: readonly string[]) =>
    `<node client_id="${name}">${ids.map((id) => `<interface client_id="${name}${id}"/>`).join('')}</node>`
  const link = (name: string, ...ids: readonly string[]) =>
    `<link client_id="${name}">${ids.map((id) => `<interface_ref client_id="${id}"/>`).join('')}</link>`
  const { yaml } = await readFile(
    rspec(
      `${node('a', '0', '1')}${node('b', '0')}${node('c', '0', '1')}${link('lan', 'a0', 'b0', 'c0')}${link('l', 'a1', 'c1')}`,
    ),
    'l.rspec',
  )
  t.notMatch(yaml, 'prefix')
  t.match(yaml, 'b: { start-up: { command: ip address add 10.10.0.2/24 dev eth0 } }')
  t.match(yaml, 'c:\n    interfaces: { eth1: { addresses: [ 10.10.1.2/24 ] } }\n')
})

t.test('a delay node shapes what leaves it', async (t) => {
  const { yaml } = await readFile(
    rspec(`  <node client_id="a"><interface client_id="a0"/></node><node client_id="b"><interface client_id="b0"/></node>
  <node client_id="d"><sliver_type name="delay"><s:sliver_type_shaping xmlns:s="http://www.protogeni.net/resources/rspec/ext/delay/1">
    <s:pipe source="d0" dest="d1" capacity="100" latency="5"/></s:sliver_type_shaping></sliver_type>
    <interface client_id="d0"/><interface client_id="d1"/></node>
  <link client_id="x"><interface_ref client_id="a0"/><interface_ref client_id="d0"/></link>
  <link client_id="y"><interface_ref client_id="d1"/><interface_ref client_id="b0"/></link>`),
    'd.rspec',
  )
  t.match(yaml, 'x: { ends: [ a.0, d.0 ] }\n')
  t.match(
    yaml,
    /y:\n {4}ends: \[ d\.1, b\.0 \]\n {4}rate-a-to-b: 100 kbit\/s\n.*a-to-b: \{ delay: 5 ms \}|y: .*a-to-b: \{ delay: 5 ms \}/s,
  )
})

t.test('what cannot be a request is told with its line', async (t) => {
  t.same(await errorsOf(rspec('', 'advertisement'), 'a.rspec'), [
    '1:1: an advertisement asks for nothing | an RSpec of type request or manifest',
  ])
  t.same(await errorsOf('<rspec xmlns="urn:x"/>', 'a.rspec'), [
    '1:1: an RSpec of "urn:x" is not read | version 3, of http://www.geni.net/resources/rspec/3',
  ])
  t.same(
    await errorsOf(
      rspec('<node client_id="a"/>\n<link client_id="l"><interface_ref client_id="a:0"/></link>'),
      'a.rspec',
    ),
    ['3:47: there is no interface "a:0" | '],
  )
  t.same(
    await errorsOf(
      rspec(
        '<node client_id="a"><interface client_id="i"><ip address="10.1.0.300" netmask="255.0.0.0"/></interface></node>',
      ),
      'a.rspec',
    ),
    ['2:59: an interface cannot have the address "10.1.0.300/8": it is no address/length | for instance 10.7.0.1/30'],
  )
})
