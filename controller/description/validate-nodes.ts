/** Rules of nodes by themselves: names, place, processing power, memory, interfaces, start-up. */
import { mostCpus, parseCpuset } from '../../proto/cpuset.ts'
import type { Cpu, File, Interface, Location, Node, StartUp } from '../../proto/generated/weft.v1.ts'
import { guardFields, guards, guardWords } from './anti-spoofing.ts'
import {
  allocations,
  forwardings,
  hypervisors,
  maxAddressesPerInterface,
  maxInterfaceIndex,
  namePattern,
  nameRule,
  nodeForwardings,
  physicals,
  recoveries,
  restartPolicies,
} from './limits.ts'
import { suggest } from './nearest.ts'
import { quote } from './request-errors.ts'
import { isPlainText } from './text.ts'
import type { Find } from './validate.ts'

const minMemoryBytes = 1024 * 1024

export const checkNodes = (nodes: readonly Node[], find: Find): void => {
  const ids = new Set<string>()
  const macs = new Map<string, string>()
  for (const [i, node] of nodes.entries()) {
    const path = `nodes[${i}]`
    const object = `node/${node.id}`
    if (!namePattern.test(node.id)) find(path, object, `${quote(node.id)} is not a name for a node`, nameRule)
    else if (ids.has(node.id)) find(path, object, `two nodes are called "${node.id}"`, 'names of nodes are unique')
    ids.add(node.id)
    checkNode(node, path, object, find)
    checkInterfaces(node, path, object, macs, find)
  }
}

const checkNode = (node: Node, path: string, object: string, find: Find): void => {
  if (node.location) checkLocation(node.location, `${path}.location`, object, find)
  if (node.cpu) checkCpu(node.cpu, `${path}.cpu`, object, find)
  checkBytes(node.memoryBytes, 'memory', `${path}.memoryBytes`, object, find)
  checkBytes(node.diskBytes, 'disk', `${path}.diskBytes`, object, find)
  if (node.image !== '' && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/.test(node.image)) {
    const hint = 'letters, digits, dots, hyphens and underscores, at most 80'
    find(`${path}.image`, object, `${quote(node.image)} is not a name for an image`, hint)
  }
  oneOf(node.hypervisor, hypervisors, 'hypervisor', `${path}.hypervisor`, object, find)
  oneOf(node.forwarding, nodeForwardings, 'forwarding', `${path}.forwarding`, object, find)
  oneOf(node.allocation, allocations, 'allocation', `${path}.allocation`, object, find)
  oneOf(node.restartPolicy, restartPolicies, 'restart policy', `${path}.restartPolicy`, object, find)
  oneOf(node.recovery, recoveries, 'recovery', `${path}.recovery`, object, find)
  if (node.startUp) checkStartUp(node.startUp, `${path}.startUp`, object, find)
}

/** Empty is always allowed: it means the first of the words, or what a provider chooses. */
export const oneOf = (
  word: string,
  words: readonly string[],
  what: string,
  path: string,
  object: string,
  find: Find,
): void => {
  if (word !== '' && !words.includes(word))
    find(path, object, `there is no ${what} ${quote(word)}`, suggest(word, words))
}

const checkLocation = (location: Location, path: string, object: string, find: Find): void => {
  const { name, latitude, longitude, withinKm } = location
  if (name.length > 200 || /^\s|\s$/.test(name) || !isPlainText(name)) {
    find(path, object, `${quote(name)} is not a place`, 'for instance London or eu/london, at most 200 characters')
  }
  if ((latitude === undefined) !== (longitude === undefined)) {
    find(path, object, 'a location has only one of latitude and longitude', 'give both')
  }
  if (name === '' && latitude === undefined && longitude === undefined) {
    find(path, object, 'a location names no place', 'a name, or latitude and longitude')
  }
  if (latitude !== undefined && !(Math.abs(latitude) <= 90)) {
    find(`${path}.latitude`, object, `the latitude cannot be ${latitude}`, 'degrees north, -90 to 90')
  }
  if (longitude !== undefined && !(Math.abs(longitude) <= 180)) {
    find(`${path}.longitude`, object, `the longitude cannot be ${longitude}`, 'degrees east, -180 to 180')
  }
  if (!(withinKm >= 0 && Number.isFinite(withinKm))) {
    find(`${path}.withinKm`, object, `a distance cannot be ${withinKm} km`, 'more than 0 km')
  }
  if (withinKm !== 0 && latitude === undefined && longitude === undefined) {
    find(`${path}.withinKm`, object, 'a distance needs coordinates', 'give latitude and longitude')
  }
}

const checkCpu = ({ count, shares, quotaMillis, pins }: Cpu, path: string, object: string, find: Find): void => {
  if (count > 1024) find(path, object, `${count} virtual CPUs are too many`, 'at most 1024')
  if (shares !== 0 && (shares < 2 || shares > 262_144)) {
    find(path, object, `CPU shares cannot be ${shares}`, '2 to 262144; the hypervisors use 1024 for an ordinary node')
  }
  if (quotaMillis > Math.max(count, 1) * 1000) {
    const message = `${quotaMillis / 1000} CPUs are guaranteed to a node of ${Math.max(count, 1)}`
    find(`${path}.quotaMillis`, object, message, 'at most as many as its virtual CPUs')
  }
  checkPins(pins, quotaMillis, path, object, find)
}

const checkPins = (pins: string, quotaMillis: number, path: string, object: string, find: Find): void => {
  if (pins === '') return
  const cpus = parseCpuset(pins)
  if (!cpus) {
    const right = `numbers of CPUs below ${mostCpus}, ascending where they are a range, for instance 0-3,8`
    find(`${path}.pins`, object, `${quote(pins)} is no set of CPUs`, right)
  } else if (quotaMillis > cpus.length * 1000) {
    const message = `${quotaMillis / 1000} CPUs are guaranteed to a node that is pinned to ${cpus.length}`
    find(`${path}.pins`, object, message, 'pin it to at least as many as it is guaranteed')
  }
}

const checkBytes = (value: number, what: string, path: string, object: string, find: Find): void => {
  const right = Number.isSafeInteger(value) && (value === 0 || value >= minMemoryBytes)
  if (!right)
    find(path, object, `${value} bytes of ${what} are too few or too many`, 'at least 1 MiB, less than 2^53 bytes')
}

const checkInterfaces = (
  { id, interfaces }: Node,
  path: string,
  object: string,
  macs: Map<string, string>,
  find: Find,
): void => {
  const indices = new Set<number>()
  for (const [i, each] of interfaces.entries()) {
    const at = `${path}.interfaces[${i}]`
    const { index } = each
    if (index > maxInterfaceIndex) find(at, object, `interface ${index} is out of range`, `0 to ${maxInterfaceIndex}`)
    if (indices.has(index)) find(at, object, `interface ${index} stands twice`, 'indices are unique in a node')
    indices.add(index)
    checkInterface(each, at, object, find)
    const mac = each.mac.toLowerCase()
    if (mac === '') continue
    const other = macs.get(mac)
    if (other)
      find(`${at}.mac`, object, `${other} has the MAC address ${quote(mac)} too`, 'another one, or none: one is chosen')
    macs.set(mac, `${id}.${index}`)
  }
}

const checkInterface = (each: Interface, path: string, object: string, find: Find): void => {
  oneOf(each.forwarding, forwardings, 'forwarding', `${path}.forwarding`, object, find)
  oneOf(each.physical, physicals, 'physical interface', `${path}.physical`, object, find)
  for (const guard of guards) {
    const field = guardFields[guard]
    const what = `anti-spoofing of ${guard}`
    oneOf(each.antiSpoofing?.[field] ?? '', guardWords, what, `${path}.antiSpoofing.${field}`, object, find)
  }
  const problem = each.mac === '' ? undefined : macProblem(each.mac)
  if (problem) {
    find(
      `${path}.mac`,
      object,
      `the MAC address cannot be ${quote(each.mac)}: ${problem}`,
      'for instance 02:00:00:00:00:01',
    )
  }
  if (each.addresses.length > maxAddressesPerInterface) {
    find(
      path,
      object,
      `interface ${each.index} has ${each.addresses.length} addresses`,
      `at most ${maxAddressesPerInterface}`,
    )
  }
}

const macProblem = (mac: string): string | undefined => {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(mac)) return 'it is not six bytes in hexadecimal'
  // The lowest bit of the first byte says multicast (IEEE 802, 8.2.2).
  if (Number.parseInt(mac.slice(0, 2), 16) & 1) return 'it is a multicast address'
  return /^[0:]+$/.test(mac) ? 'it is all zeros' : undefined
}

const checkStartUp = ({ files, command }: StartUp, path: string, object: string, find: Find): void => {
  const paths = new Set<string>()
  for (const [i, file] of files.entries()) {
    const at = `${path}.files[${i}]`
    checkFile(file, at, object, find)
    if (paths.has(file.path)) find(at, object, `two files are ${quote(file.path)}`, 'paths are unique in a node')
    paths.add(file.path)
  }
  if (!isPlainText(command))
    find(`${path}.command`, object, 'the start-up command holds control characters', 'plain text')
}

const checkFile = ({ path, content, mode }: File, at: string, object: string, find: Find): void => {
  const steps = path.split('/').slice(1)
  const plain = path.startsWith('/') && path.length <= 1024 && steps.every((s) => s !== '' && s !== '.' && s !== '..')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (!plain || /[\u0000-\u001f\u007f]/.test(path) || !isPlainText(path)) {
    find(at, object, `${quote(path)} is not a path for a file`, 'an absolute path without empty steps, "." and ".."')
  }
  if (!isPlainText(content)) find(at, object, `the content of ${quote(path)} holds control characters`, 'plain text')
  if (mode > 0o7777) find(at, object, `${quote(path)} cannot have the mode ${mode.toString(8)}`, 'for instance 0644')
}
