/** Nodes of an RSpec: sliver types, places, interfaces with addresses, commands. */
import { hypervisors } from '../limits.ts'
import { quote } from '../request-errors.ts'
import { type Entry, map } from '../tree.ts'
import { attribute, childrenOf, type Element } from '../xml-document.ts'
import { type DraftNode, freeIndex, interfaceOf, mapping, number, text } from './draft.ts'
import { isCore, leaveOut, type RspecContext } from './rspec.ts'
import { shellQuote } from './shell.ts'

export const readRspecNode = (element: Element, context: RspecContext): void => {
  const { draft, report, notes } = context
  const id = attribute(element, 'client_id')
  if (id.text === '') {
    report.add({ message: 'a node has no client_id', hint: 'the name of the node', at: element.scanned.at })
    return
  }
  const node = draft.addNode(id.text, id.at)
  const object = `node/${node.name}`
  if (attribute(element, 'component_id').text !== '')
    notes.addAll('component_id is left out: the provider chooses the host', attribute(element, 'component_id').at)
  if (attribute(element, 'component_manager_id').text !== '')
    notes.addAll(
      'component_manager_id is left out: the provider is chosen',
      attribute(element, 'component_manager_id').at,
    )
  if (/^(true|1)$/.test(attribute(element, 'exclusive').text))
    notes.addAll('exclusive is left out: no node has a machine for itself', attribute(element, 'exclusive').at)
  for (const child of childrenOf(element)) {
    const read = isCore(child) ? readers.get(child.element.name) : undefined
    if (read) read(child, node, context)
    else leaveOut(child, object, context)
  }
}

type Read = (element: Element, node: DraftNode, context: RspecContext) => void

const readInterface: Read = (element, node, context) => {
  const id = attribute(element, 'client_id')
  const { at } = element.scanned
  const index = indexOf(id.text, node)
  const own = interfaceOf(node, index, at)
  const object = `node/${node.name}`
  if (context.interfaces.has(id.text))
    context.report.add({
      message: `two interfaces are called ${quote(id.text)}`,
      object,
      hint: 'client_ids are unique',
      at: id.at,
    })
  else context.interfaces.set(id.text, { node, index, at: id.at })
  const mac = attribute(element, 'mac_address')
  if (mac.text !== '') own.entries.push(text('mac', formatMac(mac.text), mac.at))
  for (const child of childrenOf(element)) {
    if (child.element.name === 'ip') readAddress(child, own, object, context)
    else leaveOut(child, object, context)
  }
}

/** The number that `node:eth3` says, where it says one, else the next. */
const indexOf = (id: string, node: DraftNode): number => {
  const said = /:eth(0|[1-9][0-9]{0,2})$/.exec(id)?.[1]
  return said !== undefined && !node.interfaces.has(Number(said)) ? Number(said) : freeIndex(node, 0)
}

/** Manifests have MAC addresses without colons too. */
const formatMac = (mac: string): string =>
  /^[0-9a-f]{12}$/i.test(mac) ? (mac.match(/../g) ?? []).join(':') : mac.toLowerCase()

const readAddress = (
  ip: Element,
  own: ReturnType<typeof interfaceOf>,
  object: string,
  { notes }: RspecContext,
): void => {
  const address = attribute(ip, 'address')
  const length = prefixLength(attribute(ip, 'netmask').text || attribute(ip, 'prefix').text)
  if (address.text === '') return
  if (length === undefined) {
    notes.add({ message: `the address ${quote(address.text)} is left out: it has no netmask`, object, at: address.at })
    return
  }
  own.addresses.push({ text: `${address.text}/${length}`, at: address.at })
}

/** Of 255.255.255.0 it is 24; a length stays as it is. */
const prefixLength = (mask: string): number | undefined => {
  if (/^\/?\d{1,3}$/.test(mask)) return Number(mask.replace('/', ''))
  const octets = mask.split('.')
  if (octets.length !== 4 || !octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255)) return undefined
  const bits = octets.map((octet) => Number(octet).toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(bits) ? bits.replace(/0/g, '').length : undefined
}

/** What an aggregate calls a kind of sliver is its own affair, but for a hypervisor of ours, and for Emulab's nodes that shape a link. */
const readSliverType: Read = (element, node, context) => {
  const name = attribute(element, 'name')
  const object = `node/${node.name}`
  if (name.text === 'delay') node.isBridge = true
  else if ((hypervisors as readonly string[]).includes(name.text))
    node.entries.push(text('hypervisor', name.text, name.at))
  else if (name.text !== '')
    context.notes.addAll(`the sliver type ${quote(name.text)} is left out: any hypervisor serves`, name.at)
  for (const child of childrenOf(element)) {
    if (child.element.name === 'disk_image') readImage(child, node, object, context)
    else if (child.element.name === 'xen' && /emulab|protogeni/.test(child.element.namespaceUri)) readXen(child, node)
    else if (child.element.name === 'sliver_type_shaping') {
      for (const pipe of childrenOf(child)) context.pipes.set(attribute(pipe, 'dest').text, pipe)
    } else leaveOut(child, object, context)
  }
}

/** A URN names an image of its aggregate; a plain name may be one of the provider's catalogue. */
const readImage = (image: Element, node: DraftNode, object: string, { notes }: RspecContext): void => {
  const name = attribute(image, 'name')
  const shown = name.text || attribute(image, 'url').text
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/.test(name.text)) node.entries.push(text('image', name.text, name.at))
  else notes.add({ message: `the disk image ${quote(shown)} is left out: it is no image of ours`, object, at: name.at })
}

/** Emulab's extension: cores, memory in MB and disk in GB. */
const readXen = (xen: Element, node: DraftNode): void => {
  const whole = (name: string) => {
    const { text: digits, at } = attribute(xen, name)
    return /^[1-9][0-9]{0,8}$/.test(digits) ? { value: Number(digits), at } : undefined
  }
  const [cores, ram, disk] = [whole('cores'), whole('ram'), whole('disk')]
  if (cores) node.entries.push(mapping('cpu', [number('count', cores.value, cores.at)], cores.at))
  if (ram) node.entries.push(text('memory', `${ram.value} MiB`, ram.at))
  if (disk) node.entries.push(text('disk', `${disk.value} GiB`, disk.at))
}

const readLocation: Read = (element, node, { notes }) => {
  const { at } = element.scanned
  const entries: Entry[] = []
  const country = attribute(element, 'country')
  const degrees = ['latitude', 'longitude'].flatMap((name) => {
    const { text: digits, at: where } = attribute(element, name)
    return digits !== '' && Number.isFinite(Number(digits)) ? [number(name, Number(digits), where)] : []
  })
  if (country.text.trim() !== '') entries.push(text('name', country.text.trim(), country.at))
  if (degrees.length < 2)
    notes.add({ message: 'a location without latitude and longitude is left out', object: `node/${node.name}`, at })
  else node.entries.push({ key: 'location', at, value: map(at, [...entries, ...degrees]) })
}

const readServices: Read = (element, node, context) => {
  const services = childrenOf(element)
  const object = `node/${node.name}`
  const installs = services.some((service) => service.element.name === 'install')
  for (const service of services) {
    const { name } = service.element
    if (name === 'execute' && !installs) {
      const command = attribute(service, 'command')
      const shell = attribute(service, 'shell').text
      const inBash = /(^|\/)bash$/.test(shell)
      node.commands.push({ text: inBash ? `bash -c ${shellQuote(command.text)}` : command.text, at: command.at })
    } else if (name === 'execute') leaveOut(service, object, context, 'it may need what an <install> brings')
    else if (name === 'install')
      leaveOut(service, object, context, 'nodes have no network to fetch it by; use an image')
    else if (name === 'login')
      context.notes.addAll('<login> is left out: weft exec and weft console log in', service.scanned.at)
    else leaveOut(service, object, context)
  }
}

const readers: ReadonlyMap<string, Read> = new Map([
  ['interface', readInterface],
  ['sliver_type', readSliverType],
  ['location', readLocation],
  ['services', readServices],
  // Of a manifest: where the node is.
  ['host', () => undefined],
])
