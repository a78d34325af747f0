import t from 'tap'
import { create } from '../../../../proto/codec.ts'
import { nodeDigest } from '../../digest.ts'
import { domainName } from '../../domain-name.ts'
import type { NodeSpec } from '../../driver.ts'
import { channelPath, domainXml, interfacesIn } from '../domain-xml.ts'

const spec: NodeSpec = {
  vnet: 'alice.shop',
  slot: 32_768,
  node: create('SliceNode', {
    id: 'r1',
    memoryBytes: 128 * 1024 * 1024,
    cpu: { count: 2, shares: 512 },
    interfaces: [{ index: 0, mac: '02:00:00:00:00:0A' }, { index: 3 }],
  }),
}
const kernel = {
  kind: 'kernel',
  kernel: '/images/a&b/kernel',
  initrd: '/images/a&b/initrd',
  commandLine: 'quiet panic=-1',
} as const
const rest = { boot: kernel, hasGuestAgent: true, vifScript: '/var/lib/weft/xen/vif' }

t.test('a PVH guest', (t) => {
  t.equal(
    domainXml({ ...spec, ...rest, type: 'pvh' }),
    `<domain type='xen'>
  <name>${domainName('alice.shop', 'r1')}</name>
  <metadata>
    <weft:node xmlns:weft='https://weft.dev/metadata/1' vnet='alice.shop' node='r1' slot='32768' digest='${nodeDigest(spec)}' interfaces='0 3'/>
  </metadata>
  <memory unit='b'>134217728</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='xenpvh'>xenpvh</type>
    <kernel>/images/a&#38;b/kernel</kernel>
    <initrd>/images/a&#38;b/initrd</initrd>
    <cmdline>quiet panic=-1 console=hvc0</cmdline>
  </os>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <interface type='ethernet'>
      <mac address='02:00:00:00:00:0a'/>
      <script path='/var/lib/weft/xen/vif'/>
      <target dev='vif32768.0' managed='no'/>
    </interface>
    <interface type='ethernet'>
      <script path='/var/lib/weft/xen/vif'/>
      <target dev='vif32768.3' managed='no'/>
    </interface>
    <console type='pty'>
      <target type='xen' port='0'/>
    </console>
    <channel type='unix'>
      <target type='xen' name='org.qemu.guest_agent.0'/>
    </channel>
  </devices>
</domain>
`,
  )
  t.end()
})

t.test('a PV guest of the least size', (t) => {
  const least = { vnet: 'a', slot: 1, node: create('SliceNode', { id: 'x' }) }
  const xml = domainXml({ ...least, ...rest, boot: { ...kernel, commandLine: '' }, type: 'pv' })
  t.match(xml, "<type arch='x86_64' machine='xenpv'>linux</type>")
  t.match(xml, '<vcpu>1</vcpu>')
  t.match(xml, '<cmdline>console=hvc0</cmdline>')
  t.notMatch(xml, /<interface/)
  t.end()
})

t.test(
  'a guest that starts from a disk has a layer, a seed and a loader, and no agent that nobody promised',
  async (t) => {
    const boot = { kind: 'disk', disk: '/nodes/a&b/disk.qcow2', seed: '/nodes/a&b/seed.iso' } as const
    const xml = domainXml({ ...spec, ...rest, boot, hasGuestAgent: false, type: 'pvh' })
    t.match(
      xml,
      `  <os>
    <type arch='x86_64' machine='xenpvh'>xenpvh</type>
    <kernel>/usr/lib/grub-xen/grub-i386-xen_pvh.bin</kernel>
  </os>
`,
    )
    t.match(
      xml,
      `  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/nodes/a&#38;b/disk.qcow2'/>
      <target dev='xvda' bus='xen'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='/nodes/a&#38;b/seed.iso'/>
      <target dev='xvdb' bus='xen'/>
    </disk>
    <interface`,
    )
    t.notMatch(xml, /<channel/)
    t.notMatch(domainXml({ ...spec, ...rest, boot: { ...boot, seed: undefined }, type: 'pv' }), /xvdb/)
  },
)

t.test('a pinned guest has each of its virtual CPUs pinned', async (t) => {
  const pinned = { ...spec, node: create('SliceNode', { id: 'x', cpu: { count: 2, pins: '0,2-3' } }) }
  t.match(
    domainXml({ ...pinned, ...rest, type: 'pvh' }),
    `  <vcpu cpuset='0,2-3'>2</vcpu>
  <cputune>
    <vcpupin vcpu='0' cpuset='0,2-3'/>
    <vcpupin vcpu='1' cpuset='0,2-3'/>
  </cputune>
`,
  )
})

t.test('what libvirt shows of a running guest is read', (t) => {
  const xml = `<devices>
    <interface type="ethernet">
      <mac address="02:00:00:00:00:0a"/>
      <target dev="vif32768.0" managed="no"/>
    </interface>
    <interface type='ethernet'><mac address='02:00:00:00:00:0b'/><target dev='vif32768.3'/></interface>
    <channel type='unix'><source mode='bind' path='/other'/><target type='xen' name='other'/></channel>
    <channel type='unix'>
      <source mode='bind' path='/run/weft-1-org.qemu.guest_agent.0'/>
      <target type='xen' name='org.qemu.guest_agent.0'/>
    </channel>
  </devices>`
  t.same(
    [...interfacesIn(xml)].map(([name, { mac }]) => [name, mac]),
    [
      ['vif32768.0', '02:00:00:00:00:0a'],
      ['vif32768.3', '02:00:00:00:00:0b'],
    ],
  )
  t.equal(channelPath(xml), '/run/weft-1-org.qemu.guest_agent.0')
  t.equal(channelPath('<domain/>'), undefined)
  t.equal(channelPath(domainXml({ ...spec, ...rest, type: 'pv' })), undefined, 'one that does not run has none yet')
  t.end()
})
