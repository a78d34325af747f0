import t from 'tap'
import { create, type Init } from '../../../../proto/codec.ts'
import type { SliceNode } from '../../../../proto/generated/weft.v1.ts'
import { nodeDigest } from '../../digest.ts'
import { consoleTty } from '../../libvirt/console.ts'
import { domainXml, interfacesOf, interfaceXml } from '../domain-xml.ts'

const machine = (init: Init<SliceNode> = {}) => ({
  vnet: 'alice.shop',
  slot: 3,
  node: create('SliceNode', { id: 'r1', hypervisor: 'qemu', ...init }),
  isAccelerated: false,
  hasGuestAgent: true,
  boot: { kind: 'kernel', kernel: '/images/tiny/kernel', initrd: '/images/tiny/initrd', commandLine: 'quiet' } as const,
})

t.test('a virtual machine as libvirt reads it', async (t) => {
  const spec = machine({
    memoryBytes: 134217728,
    cpu: { count: 2, shares: 512, quotaMillis: 250 },
    interfaces: [{ index: 0, mac: '02:00:00:00:00:0A' }, { index: 1 }],
  })
  t.equal(
    domainXml(spec),
    `<domain type='qemu'>
  <name>weft-cf575df77f3c5681</name>
  <metadata>
    <weft:node xmlns:weft='https://weft.dev/metadata/1' vnet='alice.shop' node='r1' slot='3' digest='${nodeDigest(spec)}' interfaces='0 1'/>
  </metadata>
  <memory unit='b'>134217728</memory>
  <vcpu>2</vcpu>
  <cputune>
    <shares>512</shares>
    <global_period>100000</global_period>
    <global_quota>25000</global_quota>
  </cputune>
  <os>
    <type machine='pc'>hvm</type>
    <kernel>/images/tiny/kernel</kernel>
    <initrd>/images/tiny/initrd</initrd>
    <cmdline>quiet</cmdline>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <interface type='ethernet'>
      <mac address='02:00:00:00:00:0a'/>
      <target dev='vif3.0' managed='no'/>
      <model type='virtio'/>
      <rom enabled='no'/>
    </interface>
    <interface type='ethernet'>
      <target dev='vif3.1' managed='no'/>
      <model type='virtio'/>
      <rom enabled='no'/>
    </interface>
    <serial type='pty'/>
    <console type='pty'/>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
    <panic model='isa'/>
    <controller type='usb' model='none'/>
    <video><model type='none'/></video>
    <memballoon model='none'/>
  </devices>
</domain>
`,
  )
})

t.test('a pinned machine runs on those CPUs alone, its emulator too', async (t) => {
  t.match(domainXml(machine({ cpu: { count: 2, pins: '1' } })), "  <vcpu cpuset='1'>2</vcpu>\n")
})

t.test('a disk is the node’s own layer, with the seed beside it', async (t) => {
  const boot = { kind: 'disk', disk: '/n/disk.qcow2', seed: '/n/seed.iso' } as const
  const xml = domainXml({ ...machine(), boot, hasGuestAgent: false })
  t.match(xml, `<boot dev='hd'/>`)
  t.match(
    xml,
    /<disk type='file' device='disk'>\s*<driver name='qemu' type='qcow2'[^>]*>\s*<source file='\/n\/disk.qcow2'/,
  )
  t.match(xml, /device='cdrom'>[\s\S]*<source file='\/n\/seed.iso'\/>[\s\S]*<readonly\/>/)
  t.notMatch(xml, /<kernel>|guest_agent/)
  t.notMatch(domainXml({ ...machine(), boot: { kind: 'disk', disk: '/n/disk.qcow2' } }), /cdrom/)
})

t.test('only a processor that can is asked to do it', async (t) => {
  t.match(domainXml({ ...machine(), isAccelerated: true }), /^<domain type='kvm'>[\s\S]*<cpu mode='host-model'\/>/)
  t.notMatch(domainXml(machine()), /<cpu |kvm/)
})

t.test('text of others cannot break out of its place', async (t) => {
  const boot = { ...machine().boot, commandLine: `x'"<&>` }
  t.match(domainXml({ ...machine(), boot }), '<cmdline>x&#39;&#34;&#60;&#38;&#62;</cmdline>')
})

t.test('interfaces of a running domain are found by their taps', async (t) => {
  const xml = `<devices>
    <interface type='ethernet'>
      <mac address='52:54:00:aa:bb:cc'/>
      <target dev='vif3.1' managed='no'/>
      <alias name='net1'/>
    </interface>
    <console type='pty' tty='/dev/pts/4'>
    </console>
  </devices>`
  t.match(interfacesOf(xml).get('vif3.1'), { mac: '52:54:00:aa:bb:cc', alias: 'net1', xml: /^<interface/ })
  t.equal(interfacesOf(xml).size, 1)
  t.equal(consoleTty(xml), '/dev/pts/4')
  t.match(interfaceXml(machine({ interfaces: [{ index: 1 }] }), 1), /vif3\.1' managed='no'/)
})
