import t from 'tap'
import { create, type Init } from '../../../../proto/codec.ts'
import type { SliceNode } from '../../../../proto/generated/weft.v1.ts'
import { nodeDigest } from '../../digest.ts'
import { formatMark, parseMark } from '../../libvirt/metadata.ts'
import { domainXml } from '../domain-xml.ts'

const node = (init: Init<SliceNode> = {}) => create('SliceNode', { id: 'r1', hypervisor: 'lxc', ...init })
const container = (init: Init<SliceNode> = {}) => ({
  vnet: 'alice.shop',
  slot: 3,
  node: node(init),
  root: '/var/lib/weft/nodes/alice.shop/r1/root',
  mounts: [{ source: '/usr', target: '/usr' }],
  init: ['/bin/sh', '/weft/init'] as const,
})

t.test('a container as libvirt reads it', async (t) => {
  const spec = container({
    memoryBytes: 134217728,
    cpu: { count: 2, shares: 512, quotaMillis: 250 },
    interfaces: [{ index: 0, mac: '02:00:00:00:00:0A' }, { index: 1 }],
  })
  t.equal(
    domainXml(spec),
    `<domain type='lxc'>
  <name>weft-cf575df77f3c5681</name>
  <metadata>
    <weft:node xmlns:weft='https://weft.dev/metadata/1' vnet='alice.shop' node='r1' slot='3' digest='${nodeDigest(spec)}' interfaces='0 1'/>
  </metadata>
  <memory unit='b'>134217728</memory>
  <vcpu>2</vcpu>
  <cputune>
    <shares>512</shares>
    <period>100000</period>
    <quota>25000</quota>
  </cputune>
  <os>
    <type>exe</type>
    <init>/bin/sh</init>
    <initarg>/weft/init</initarg>
  </os>
  <idmap>
    <uid start='0' target='100000' count='65536'/>
    <gid start='0' target='100000' count='65536'/>
  </idmap>
  <features>
    <privnet/>
  </features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <filesystem type='mount'>
      <source dir='/var/lib/weft/nodes/alice.shop/r1/root'/>
      <target dir='/'/>
    </filesystem>
    <filesystem type='mount'>
      <source dir='/usr'/>
      <target dir='/usr'/>
      <readonly/>
    </filesystem>
    <interface type='ethernet'>
      <mac address='02:00:00:00:00:0a'/>
      <target dev='vif3.0'/>
      <guest dev='eth0'/>
      <link state='up'/>
    </interface>
    <interface type='ethernet'>
      <target dev='vif3.1'/>
      <guest dev='eth1'/>
      <link state='up'/>
    </interface>
    <console type='pty'/>
  </devices>
</domain>
`,
  )
})

t.test('what is left out is at its default, and never without mapped ids and a network of its own', async (t) => {
  const xml = domainXml(container())
  t.match(xml, /<memory unit='b'>268435456<\/memory>/)
  t.match(xml, /<vcpu>1<\/vcpu>/)
  t.notMatch(xml, /cputune|<interface/)
  t.match(xml, /<idmap>[\s\S]*<privnet\/>/)
})

t.test('the smallest share and quota that the kernel takes', async (t) => {
  const xml = domainXml(container({ cpu: { shares: 1, quotaMillis: 1 } }))
  t.match(xml, /<shares>2<\/shares>/)
  t.match(xml, /<quota>1000<\/quota>/)
})

t.test('a pinned container runs on those CPUs alone', async (t) => {
  t.match(domainXml(container({ cpu: { count: 2, pins: '8,0-1,2' } })), "  <vcpu cpuset='0-2,8'>2</vcpu>\n")
})

t.test('text of others cannot break out of its place', async (t) => {
  const xml = domainXml({ ...container(), root: `/x'/><evil a="&<>` })
  t.match(xml, `<source dir='/x&#39;/&#62;&#60;evil a=&#34;&#38;&#60;&#62;'/>`)
})

t.test('a mark is read back, however libvirt quotes and prefixes it', async (t) => {
  const mark = { vnet: 'alice.shop', node: 'r1', slot: 3, digest: 'a-_b', interfaces: [0, 2] }
  t.same(parseMark(formatMark(mark)), mark)
  t.same(
    parseMark(
      '<node vnet="alice.shop" node="r1" slot="3" digest="a-_b" interfaces="0 2" xmlns="https://weft.dev/metadata/1"/>',
    ),
    mark,
  )
  t.same(parseMark(formatMark({ ...mark, digest: `'"&<>` })), { ...mark, digest: `'"&<>` })
  t.same(parseMark(formatMark({ ...mark, interfaces: [] })), { ...mark, interfaces: [] })
  for (const other of ['', '<x/>', '<weft:node slot="1"/>', '<weft:node vnet="a" node="b" slot="x"/>']) {
    t.equal(parseMark(other), undefined, other)
  }
})
