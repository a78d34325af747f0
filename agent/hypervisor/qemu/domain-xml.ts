/**
 * The XML of a virtual machine's domain, as readable text. https://libvirt.org/formatdomain.html, https://libvirt.org/drvqemu.html
 */
import { defaultMemoryBytes } from '../../defaults.ts'
import { domainName } from '../domain-name.ts'
import type { NodeSpec } from '../driver.ts'
import { formatMark, markOf } from '../libvirt/metadata.ts'
import { cpuTuning, escapeXml, vcpuElement } from '../libvirt/xml.ts'
import { vifName } from '../vifs.ts'

/** What it starts from: a kernel of its own, or a disk. */
export type Boot =
  | { readonly kind: 'kernel'; readonly kernel: string; readonly initrd: string; readonly commandLine: string }
  | {
      readonly kind: 'disk'
      /** The node's own layer, qcow2. */
      readonly disk: string
      /** NoCloud seed, an ISO image; undefined where the image reads none. */
      readonly seed?: string | undefined
    }

export interface MachineSpec extends NodeSpec {
  readonly boot: Boot
  /** Without it the processor is emulated. */
  readonly isAccelerated: boolean
  readonly hasGuestAgent: boolean
}

/** Name of the port that a stock guest agent listens at. */
export const guestAgentPort = 'org.qemu.guest_agent.0'

const guestAgentChannel = [
  `    <channel type='unix'>`,
  `      <target type='virtio' name='${guestAgentPort}'/>`,
  '    </channel>',
]

/** One of the node's interfaces, also to be attached while it runs. No boot ROM: nothing boots from there. */
export const interfaceXml = ({ node, slot }: NodeSpec, index: number): string => {
  const mac = node.interfaces.find((one) => one.index === index)?.mac ?? ''
  return [
    `    <interface type='ethernet'>`,
    ...(mac === '' ? [] : [`      <mac address='${escapeXml(mac.toLowerCase())}'/>`]),
    `      <target dev='${vifName(slot, index)}' managed='no'/>`,
    `      <model type='virtio'/>`,
    `      <rom enabled='no'/>`,
    '    </interface>',
  ].join('\n')
}

const bootElements = (boot: Boot): readonly string[] =>
  boot.kind === 'disk'
    ? [`    <boot dev='hd'/>`]
    : [
        `    <kernel>${escapeXml(boot.kernel)}</kernel>`,
        `    <initrd>${escapeXml(boot.initrd)}</initrd>`,
        `    <cmdline>${escapeXml(boot.commandLine)}</cmdline>`,
      ]

const disks = (boot: Boot): readonly string[] => {
  if (boot.kind === 'kernel') return []
  return [
    `    <disk type='file' device='disk'>`,
    `      <driver name='qemu' type='qcow2' discard='unmap'/>`,
    `      <source file='${escapeXml(boot.disk)}'/>`,
    `      <target dev='vda' bus='virtio'/>`,
    '    </disk>',
    ...(boot.seed === undefined
      ? []
      : [
          `    <disk type='file' device='cdrom'>`,
          `      <driver name='qemu' type='raw'/>`,
          `      <source file='${escapeXml(boot.seed)}'/>`,
          `      <target dev='sda' bus='sata'/>`,
          '      <readonly/>',
          '    </disk>',
        ]),
  ]
}

/**
 * Pure. The machine `pc` has a slot for each device that is plugged in later; q35 would need a port for each in advance. A guest that
 * reboots goes on as it is; one that panics says so by the panic device and is ended.
 */
export const domainXml = (spec: MachineSpec): string => {
  const { vnet, node, boot, isAccelerated } = spec
  return [
    `<domain type='${isAccelerated ? 'kvm' : 'qemu'}'>`,
    `  <name>${domainName(vnet, node.id)}</name>`,
    '  <metadata>',
    `    ${formatMark(markOf(spec))}`,
    '  </metadata>',
    `  <memory unit='b'>${node.memoryBytes || defaultMemoryBytes}</memory>`,
    vcpuElement(node),
    ...cpuTuning(node, 'global_'),
    '  <os>',
    `    <type machine='pc'>hvm</type>`,
    ...bootElements(boot),
    '  </os>',
    '  <features>',
    '    <acpi/>',
    '    <apic/>',
    '  </features>',
    ...(isAccelerated ? [`  <cpu mode='host-model'/>`] : []),
    `  <clock offset='utc'/>`,
    '  <on_poweroff>destroy</on_poweroff>',
    '  <on_reboot>restart</on_reboot>',
    '  <on_crash>destroy</on_crash>',
    '  <devices>',
    ...disks(boot),
    ...node.interfaces.map(({ index }) => interfaceXml(spec, index)),
    `    <serial type='pty'/>`,
    `    <console type='pty'/>`,
    ...(spec.hasGuestAgent ? guestAgentChannel : []),
    `    <rng model='virtio'>`,
    `      <backend model='random'>/dev/urandom</backend>`,
    '    </rng>',
    `    <panic model='isa'/>`,
    `    <controller type='usb' model='none'/>`,
    `    <video><model type='none'/></video>`,
    `    <memballoon model='none'/>`,
    '  </devices>',
    '</domain>',
    '',
  ].join('\n')
}

const interfacePattern = /<interface\b[^>]*>[\s\S]*?<\/interface>/g

/** MAC address of each vif, and the alias that events name it by, as the XML of a running domain tells. Pure. */
export const interfacesOf = (
  xml: string,
): ReadonlyMap<string, { readonly mac: string; readonly alias: string; readonly xml: string }> =>
  new Map(
    [...xml.matchAll(interfacePattern)].map(([element]) => {
      const attribute = (pattern: RegExp): string => pattern.exec(element)?.[2] ?? ''
      const name = attribute(/<target\s+dev=(['"])(.*?)\1/)
      const mac = attribute(/<mac\s+address=(['"])(.*?)\1/)
      return [name, { mac, alias: attribute(/<alias\s+name=(['"])(.*?)\1/), xml: element }] as const
    }),
  )
