/** The XML of a Xen guest's domain, as readable text. https://libvirt.org/formatdomain.html, https://libvirt.org/drvxen.html */
import { defaultMemoryBytes } from '../../defaults.ts'
import { domainName } from '../domain-name.ts'
import type { NodeSpec } from '../driver.ts'
import { formatMark, markOf } from '../libvirt/metadata.ts'
import { escapeXml, vcpuElement, vcpuPins } from '../libvirt/xml.ts'
import type { Boot } from '../qemu/domain-xml.ts'
import { vifName } from '../vifs.ts'
import { agentChannelName } from './agent-channel.ts'
import type { GuestType } from './guest-type.ts'
import { loaderOf } from './loader.ts'

export interface GuestSpec extends NodeSpec {
  readonly type: GuestType
  /** Paths in Dom0. */
  readonly boot: Boot
  readonly hasGuestAgent: boolean
  /** Of vif-script.ts. */
  readonly vifScript: string
}

/**
 * One of the node's interfaces, also to be attached while it runs. libxl makes vif{domain id}.{device}; a name that begins like that is
 * libvirt's own and forgotten, unless the interface is not managed: then it is handed to the vif script, which gives it.
 */
export const interfaceXml = ({ node, slot }: NodeSpec, index: number, vifScript: string): string => {
  const mac = node.interfaces.find((one) => one.index === index)?.mac ?? ''
  return [
    `    <interface type='ethernet'>`,
    ...(mac === '' ? [] : [`      <mac address='${escapeXml(mac.toLowerCase())}'/>`]),
    `      <script path='${escapeXml(vifScript)}'/>`,
    `      <target dev='${vifName(slot, index)}' managed='no'/>`,
    '    </interface>',
  ].join('\n')
}

const osTypes: Readonly<Record<GuestType, string>> = {
  pv: `<type arch='x86_64' machine='xenpv'>linux</type>`,
  pvh: `<type arch='x86_64' machine='xenpvh'>xenpvh</type>`,
}

const agentChannel = [
  `    <channel type='unix'>`,
  `      <target type='xen' name='${agentChannelName}'/>`,
  '    </channel>',
]

const bootElements = (boot: Boot, type: GuestType): readonly string[] =>
  boot.kind === 'disk'
    ? [`    <kernel>${loaderOf(type)}</kernel>`]
    : [
        `    <kernel>${escapeXml(boot.kernel)}</kernel>`,
        `    <initrd>${escapeXml(boot.initrd)}</initrd>`,
        `    <cmdline>${escapeXml(`${boot.commandLine} console=hvc0`.trim())}</cmdline>`,
      ]

/**
 * By QEMU in Dom0, which knows layers: a file that `phy` takes needs a loop device and a hotplug script. Always to be written: QEMU opens a read-only one, and then refuses
 * to be the backend of a disk that is.
 */
const diskElement = (file: string, format: string, device: string): readonly string[] => [
  `    <disk type='file' device='disk'>`,
  `      <driver name='qemu' type='${format}'/>`,
  `      <source file='${escapeXml(file)}'/>`,
  `      <target dev='${device}' bus='xen'/>`,
  '    </disk>',
]

/** The node's own layer, and the seed: cloud-init finds that by the label of its file system. */
const disks = (boot: Boot): readonly string[] =>
  boot.kind === 'kernel'
    ? []
    : [
        ...diskElement(boot.disk, 'qcow2', 'xvda'),
        ...(boot.seed === undefined ? [] : diskElement(boot.seed, 'raw', 'xvdb')),
      ]

/**
 * Pure. The console is that of the guest's kernel (hvc0), the channel its second one (hvc1), which QEMU serves in Dom0. A guest that reboots
 * goes on as it is: as a new domain of Xen's.
 */
export const domainXml = (spec: GuestSpec): string => {
  const { vnet, node, type, boot, hasGuestAgent, vifScript } = spec
  return [
    `<domain type='xen'>`,
    `  <name>${domainName(vnet, node.id)}</name>`,
    '  <metadata>',
    `    ${formatMark(markOf(spec))}`,
    '  </metadata>',
    `  <memory unit='b'>${node.memoryBytes || defaultMemoryBytes}</memory>`,
    vcpuElement(node),
    ...vcpuPins(node),
    '  <os>',
    `    ${osTypes[type]}`,
    ...bootElements(boot, type),
    '  </os>',
    `  <clock offset='utc'/>`,
    '  <on_poweroff>destroy</on_poweroff>',
    '  <on_reboot>restart</on_reboot>',
    '  <on_crash>destroy</on_crash>',
    '  <devices>',
    ...disks(boot),
    ...node.interfaces.map(({ index }) => interfaceXml(spec, index, vifScript)),
    `    <console type='pty'>`,
    `      <target type='xen' port='0'/>`,
    '    </console>',
    ...(hasGuestAgent ? agentChannel : []),
    '  </devices>',
    '</domain>',
    '',
  ].join('\n')
}

const attribute = (element: string, pattern: RegExp): string => pattern.exec(element)?.[2] ?? ''

/** Interfaces of a domain by the name of the vif, as its XML tells. Pure. */
export const interfacesIn = (xml: string): ReadonlyMap<string, { readonly mac: string; readonly xml: string }> =>
  new Map(
    [...xml.matchAll(/<interface\b[^>]*>[\s\S]*?<\/interface>/g)].map(([element]) => [
      attribute(element, /<target\s+dev=(['"])(.*?)\1/),
      { mac: attribute(element, /<mac\s+address=(['"])(.*?)\1/), xml: element },
    ]),
  )

/** Path of the guest agent's socket in Dom0, as the XML of a running domain tells; undefined where it has no such channel. Pure. */
export const channelPath = (xml: string): string | undefined => {
  const channels = [...xml.matchAll(/<channel\b[^>]*>[\s\S]*?<\/channel>/g)].map(([element]) => element)
  const channel = channels.find((one) => attribute(one, /<target\b[^>]*\sname=(['"])(.*?)\1/) === agentChannelName)
  return (channel && attribute(channel, /<source\b[^>]*\spath=(['"])(.*?)\1/)) || undefined
}
