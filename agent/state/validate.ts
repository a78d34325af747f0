/**
 * The rules of a slice, checked before it is kept: a message is never trusted, whoever signed it. Pure. What depends on this host
 * (is there such a NIC, image, hypervisor?) is told later, by the object that needs it.
 */
import { isIP, isIPv4 } from 'node:net'
import { parseCpuset } from '../../proto/cpuset.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Slice, SliceEnd, SliceInterface, SliceLink, SliceNode } from '../../proto/generated/weft.v1.ts'
import { isGroupMac, macPattern, nicPattern } from './patterns.ts'
import { checkImpairment, checkInterfaceFields, checkNodeForwarding } from './validate-fields.ts'
import { checkSegments, nameOfSegment } from './validate-segments.ts'

export const vnetPattern = /^(?=.{1,80}$)[a-z][a-z0-9-]{0,39}(\.[a-z][a-z0-9-]{0,39})?$/
const idPattern = /^[a-z][a-z0-9-]{0,39}$/
const imagePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/

const hypervisors = ['xen', 'kvm', 'qemu', 'lxc', 'fake']
const forwardings = ['', 'bridge', 'click']
const restartPolicies = ['', 'always', 'on-failure', 'never']

/** Three digits: vifX.Y has to fit the kernel's 15 characters. */
const greatestIndex = 999
/** Bytes: the least that IPv4 works with (RFC 791, 3.2), the greatest of a Linux veth. 0 stands for the default. */
const leastMtu = 68
const greatestMtu = 65_535
const greatestAddresses = 16
const greatestCpus = 1024

const invalid = (object: string, problem: string, hint = ''): never => {
  throw new WeftError('slice.invalid', `${object} ${problem}`, { object, hint })
}

const oneOf = (object: string, what: string, value: string, allowed: readonly string[]): void => {
  if (!allowed.includes(value)) {
    invalid(object, `has the unknown ${what} "${value}"`, `one of ${allowed.filter((text) => text).join(', ')}`)
  }
}

const unique = (object: string, what: string, values: readonly (string | number)[]): void => {
  const seen = new Set<string | number>()
  for (const value of values) {
    if (seen.has(value)) invalid(object, `has ${what} ${value} twice`)
    seen.add(value)
  }
}

const checkMtu = (object: string, mtu: number): void => {
  if (mtu !== 0 && (mtu < leastMtu || mtu > greatestMtu))
    invalid(object, `has an MTU of ${mtu}`, `${leastMtu} to ${greatestMtu} bytes, or 0`)
}

const checkAddress = (object: string, cidr: string): void => {
  const [address = '', length = '', ...rest] = cidr.split('/')
  const bits = isIPv4(address) ? 32 : 128
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(length) || Number(length) > bits || rest.length > 0)
    invalid(object, `has the address "${cidr}"`, 'CIDR, for instance 10.0.0.1/30')
}

const checkInterface = (node: string, each: SliceInterface): void => {
  const { index, mac, addresses, mtu, forwarding, nic, nicShared } = each
  const object = `interface/${node}.${index}`
  if (index > greatestIndex) invalid(object, 'has too great an index', `0 to ${greatestIndex}`)
  if (mac !== '' && !macPattern.test(mac)) invalid(object, `has the MAC "${mac}"`, 'for instance 02:00:00:00:00:01')
  if (mac !== '' && isGroupMac(mac)) invalid(object, `has the group address ${mac} as its MAC`, 'an even first byte')
  if (addresses.length > greatestAddresses) invalid(object, `has more than ${greatestAddresses} addresses`)
  for (const address of addresses) checkAddress(object, address)
  unique(object, 'the address', addresses)
  checkMtu(object, mtu)
  oneOf(object, 'forwarding', forwarding, forwardings)
  if (nic === '' && nicShared) invalid(object, 'shares no NIC', 'the name of one')
  if (nic !== '' && !nicPattern.test(nic)) invalid(object, `has the NIC "${nic}"`, 'a name of a Linux interface')
  checkInterfaceFields(object, each, invalid)
}

const checkPath = (object: string, path: string): void => {
  const levels = path.split('/').slice(1)
  const hidden = ['proc', 'sys', 'dev', 'weft']
  if (!path.startsWith('/') || path.includes('\0') || path.length > 4096 || levels.some((l) => l === '..' || l === ''))
    invalid(object, `has a start-up file at "${path}"`, 'an absolute path without "..", not ending in a slash')
  if (hidden.includes(levels[0] ?? ''))
    invalid(object, `has a start-up file at "${path}"`, `not below ${hidden.map((l) => `/${l}`).join(', ')}`)
}

const isPooled = (pooled: string): boolean => {
  const [vnet = '', id = '', ...rest] = pooled.split('/')
  return vnetPattern.test(vnet) && idPattern.test(id) && rest.length === 0
}

const checkNode = (node: SliceNode): void => {
  const object = `node/${node.id}`
  if (!idPattern.test(node.id)) invalid(object, 'has no name that is allowed', 'a-z, 0-9, hyphens; at most 40')
  oneOf(object, 'hypervisor', node.hypervisor, hypervisors)
  oneOf(object, 'restart policy', node.restartPolicy, restartPolicies)
  if (node.image !== '' && !imagePattern.test(node.image)) invalid(object, `has the image "${node.image}"`)
  if (node.pooled !== '' && !isPooled(node.pooled)) {
    invalid(object, `is to be taken from the pool "${node.pooled}"`, 'VNET/NODE of a pool on this host')
  }
  if ((node.cpu?.count ?? 0) > greatestCpus) invalid(object, `has more than ${greatestCpus} CPUs`)
  if (node.cpu?.pins && !parseCpuset(node.cpu.pins))
    invalid(object, `is pinned to "${node.cpu.pins}"`, 'numbers of CPUs, for instance 0-3,8')
  unique(
    object,
    'interface',
    node.interfaces.map(({ index }) => index),
  )
  for (const one of node.interfaces) checkInterface(node.id, one)
  const files = node.startUp?.files ?? []
  for (const { path, mode } of files) {
    checkPath(object, path)
    if (mode > 0o7777) invalid(object, `has mode ${mode} on ${path}`, 'permission bits, at most 07777')
  }
  unique(
    object,
    'the start-up file',
    files.map(({ path }) => path),
  )
  if (node.startUp?.command.includes('\0')) invalid(object, 'has a zero byte in its start-up command')
}

const checkEnd = (object: string, end: SliceEnd, nodes: ReadonlyMap<string, SliceNode>): void => {
  const node = nodes.get(end.node)
  if (!node) invalid(object, `ends at ${end.node}, which is no node of the slice`)
  else if (!node.interfaces.some(({ index }) => index === end.interface))
    invalid(object, `ends at ${end.node}.${end.interface}, which that node does not have`)
}

const checkLink = (link: SliceLink, nodes: ReadonlyMap<string, SliceNode>): void => {
  const object = `link/${link.id}`
  if (!idPattern.test(link.id)) invalid(object, 'has no name that is allowed', 'a-z, 0-9, hyphens; at most 40')
  const joined = link.ends.length + link.segments.length
  if (joined !== 2) invalid(object, `joins ${joined} things`, 'two ends, an end and a segment, or two segments')
  checkMtu(object, link.mtu)
  for (const end of link.ends) checkEnd(object, end, nodes)
  checkSegments(object, link, invalid)
  for (const { impairment } of [...link.ends, ...link.segments]) checkImpairment(object, impairment, invalid)
}

/** Throws slice.invalid with the object and what would be right. */
export const validateSlice = (slice: Slice): void => {
  if (!vnetPattern.test(slice.vnet)) {
    invalid('vnet', `is named "${slice.vnet}"`, 'a-z, 0-9 and hyphens, one dot between owner and name, at most 80')
  }
  const object = `vnet/${slice.vnet}`
  if (slice.absent && slice.nodes.length + slice.links.length > 0) {
    invalid(object, 'is absent and has nodes or links', 'an absent slice has none')
  }
  unique(
    object,
    'the node',
    slice.nodes.map(({ id }) => id),
  )
  unique(
    object,
    'the link',
    slice.links.map(({ id }) => id),
  )
  for (const node of slice.nodes) {
    checkNode(node)
    checkNodeForwarding(`node/${node.id}`, node, slice.links, invalid)
  }
  const nodes = new Map(slice.nodes.map((node) => [node.id, node]))
  for (const link of slice.links) checkLink(link, nodes)
  // An interface is joined once: by one end of one link, or to one physical interface.
  unique(object, 'a link or NIC at interface', [
    ...slice.links.flatMap(({ ends }) => ends.map((end) => `${end.node}.${end.interface}`)),
    ...slice.nodes.flatMap(({ id, interfaces }) =>
      interfaces.filter(({ nic }) => nic !== '').map(({ index }) => `${id}.${index}`),
    ),
  ])
  unique(object, 'the segment', [...slice.links.flatMap(({ segments }) => segments.map(nameOfSegment))])
}
