/** The XML of a container's domain, as readable text. https://libvirt.org/drvlxc.html, https://libvirt.org/formatdomain.html */
import type { SliceInterface } from '../../../proto/generated/weft.v1.ts'
import { defaultMemoryBytes } from '../../defaults.ts'
import { domainName } from '../domain-name.ts'
import type { NodeSpec } from '../driver.ts'
import { guestInterface } from '../guest-network.ts'
import { formatMark, markOf } from '../libvirt/metadata.ts'
import { cpuTuning, escapeXml, vcpuElement } from '../libvirt/xml.ts'
import { vifName } from '../vifs.ts'
import { firstMappedId, mappedIds } from './ids.ts'

export interface Mount {
  /** Directory of the host. */
  readonly source: string
  /** Directory of the guest. */
  readonly target: string
  readonly isWritable?: boolean
}

export interface ContainerSpec extends NodeSpec {
  /** Its own, writable root file system. */
  readonly root: string
  /** Over the root, read-only unless they say otherwise. */
  readonly mounts: readonly Mount[]
  /** Command line of process 1. */
  readonly init: readonly [string, ...string[]]
}

const filesystem = ({ source, target }: Mount, isReadOnly: boolean): readonly string[] => [
  `    <filesystem type='mount'>`,
  `      <source dir='${escapeXml(source)}'/>`,
  `      <target dir='${escapeXml(target)}'/>`,
  ...(isReadOnly ? ['      <readonly/>'] : []),
  '    </filesystem>',
]

/** Without <link state='up'/> the guest's end stays down. */
const interfaceLines = (slot: number, { index, mac }: SliceInterface): readonly string[] => [
  `    <interface type='ethernet'>`,
  ...(mac === '' ? [] : [`      <mac address='${escapeXml(mac.toLowerCase())}'/>`]),
  `      <target dev='${vifName(slot, index)}'/>`,
  `      <guest dev='${guestInterface(index)}'/>`,
  `      <link state='up'/>`,
  '    </interface>',
]

/** Pure: one interface of the spec's. */
export const interfaceXml = ({ node, slot }: NodeSpec, index: number): string =>
  node.interfaces
    .filter((one) => one.index === index)
    .flatMap((one) => interfaceLines(slot, one))
    .join('\n')

/**
 * Pure. Ids are always mapped: without that a container's root is root of Dom0. <privnet/> gives a node without interfaces a network
 * namespace of its own too.
 */
export const domainXml = (spec: ContainerSpec): string => {
  const { vnet, node, slot, init } = spec
  const [program, ...words] = init
  return [
    `<domain type='lxc'>`,
    `  <name>${domainName(vnet, node.id)}</name>`,
    '  <metadata>',
    `    ${formatMark(markOf(spec))}`,
    '  </metadata>',
    `  <memory unit='b'>${node.memoryBytes || defaultMemoryBytes}</memory>`,
    vcpuElement(node),
    ...cpuTuning(node),
    '  <os>',
    '    <type>exe</type>',
    `    <init>${escapeXml(program)}</init>`,
    ...words.map((word) => `    <initarg>${escapeXml(word)}</initarg>`),
    '  </os>',
    '  <idmap>',
    `    <uid start='0' target='${firstMappedId}' count='${mappedIds}'/>`,
    `    <gid start='0' target='${firstMappedId}' count='${mappedIds}'/>`,
    '  </idmap>',
    '  <features>',
    '    <privnet/>',
    '  </features>',
    '  <on_poweroff>destroy</on_poweroff>',
    '  <on_reboot>destroy</on_reboot>',
    '  <on_crash>destroy</on_crash>',
    '  <devices>',
    ...filesystem({ source: spec.root, target: '/' }, false),
    ...spec.mounts.flatMap((mount) => filesystem(mount, !mount.isWritable)),
    ...node.interfaces.flatMap((one) => interfaceLines(slot, one)),
    `    <console type='pty'/>`,
    '  </devices>',
    '</domain>',
    '',
  ].join('\n')
}
