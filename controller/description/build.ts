/** From the tree of a file to the model: units, defaults, interfaces of bare ends, files; and where each part stands. */
import { create, type Init } from '../../proto/codec.ts'
import type { Cpu, Interface, Location, Node, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { buildAffinity } from './affinity.ts'
import { buildAntiSpoofing } from './anti-spoofing.ts'
import { amount, type BuildContext } from './build-context.ts'
import { buildLinks, type InterfaceBudget } from './build-links.ts'
import { readDefaults } from './defaults.ts'
import { reportDuplicates } from './duplicates.ts'
import { maxRequestBytes } from './limits.ts'
import type { Position, Report } from './request-errors.ts'
import type { SourceReader } from './sources.ts'
import { buildStartUp } from './start-up.ts'
import { type Entry, entriesOf, find, get, type MapNode, type TreeNode, textOf } from './tree.ts'
import { bytes, lifetime, parseCpus, parseDistance, parseQuantity } from './units.ts'

export interface Built {
  readonly request: VNetRequest
  /** Of parts of the model, by their paths, for instance `nodes[3].interfaces[0].mac`. */
  readonly positions: ReadonlyMap<string, Position>
}

/**
 * The model as far as the tree gives it. Reports what a schema cannot see (duplicates, amounts that are no whole number, missing
 * files); passes over what the schema refuses, for that is reported already.
 */
export const buildRequest = (tree: MapNode, report: Report, readSource: SourceReader): Built => {
  const positions = new Map<string, Position>()
  const context: BuildContext = {
    report,
    readSource,
    note: (path, at) => void positions.set(path, at),
    room: { left: maxRequestBytes },
  }
  const name = textOf(get(tree, 'vnet')) ?? ''
  const defaults = readDefaults(get(tree, 'defaults'))

  reportDuplicates(tree, report)
  for (const [key, path] of [
    ['vnet', 'name'],
    ['prefix', 'prefix'],
    ['nodes', 'nodes'],
    ['links', 'links'],
  ] as const) {
    const entry = find(tree, key)
    if (entry) context.note(path, key === 'vnet' || key === 'prefix' ? entry.value.at : entry.at)
  }

  const budgets = new Map<string, InterfaceBudget>()
  const nodes = entriesOf(get(tree, 'nodes')).map((entry, i) => {
    const { key: id, at } = entry
    const path = `nodes[${i}]`
    context.note(path, at)
    const node = defaults.node(entry.value)
    const { interfaces, declared } = buildInterfaces(node, path, context)
    if (!budgets.has(id)) budgets.set(id, { declared, physical: physicalIndices(interfaces) })
    const startUp = buildStartUp(node, `${path}.startUp`, { vnet: name, node: id, ...context })
    return buildNode(node, id, path, interfaces, startUp, context)
  })
  const links = buildLinks(entriesOf(get(tree, 'links')), defaults.link, budgets, context)
  const prefix = textOf(get(tree, 'prefix')) ?? ''
  const request = create('VNetRequest', { name, prefix, nodes, links, ...buildTerms(tree, `vnet/${name}`, context) })
  return { request, positions }
}

/** What is said of the VNet as a whole, but for its name and prefix. */
const buildTerms = (tree: MapNode, object: string, context: BuildContext): Init<VNetRequest> => {
  const integer = Number(textOf(get(tree, 'priority')) ?? 0)
  for (const key of ['priority', 'placement']) {
    const value = get(tree, key)
    if (value) context.note(key, value.at)
  }
  return {
    lifetimeSeconds: amount(
      find(tree, 'lifetime'),
      'lifetimeSeconds',
      object,
      context,
      (t) => parseQuantity(lifetime, t),
      [''],
    ),
    priority: Number.isInteger(integer) && Math.abs(integer) <= 0x7fffffff ? integer : 0,
    placement: textOf(get(tree, 'placement')) ?? '',
    affinity: buildAffinity(find(tree, 'affinity'), context),
  }
}

const buildNode = (
  node: MapNode,
  id: string,
  path: string,
  interfaces: readonly Init<Interface>[],
  startUp: Init<Node>['startUp'],
  context: BuildContext,
): Init<Node> => {
  const object = `node/${id}`
  const text = (key: string, field: string): string => {
    const entry = find(node, key)
    if (entry) context.note(`${path}.${field}`, entry.value.at)
    return textOf(entry?.value) ?? ''
  }
  return {
    id,
    location: buildLocation(find(node, 'location'), `${path}.location`, object, context),
    cpu: buildCpu(find(node, 'cpu'), `${path}.cpu`, object, context),
    memoryBytes: amount(find(node, 'memory'), `${path}.memoryBytes`, object, context, (t) => parseQuantity(bytes, t)),
    diskBytes: amount(find(node, 'disk'), `${path}.diskBytes`, object, context, (t) => parseQuantity(bytes, t)),
    image: text('image', 'image'),
    hypervisor: text('hypervisor', 'hypervisor'),
    interfaces,
    allocation: text('allocation', 'allocation'),
    startUp,
    restartPolicy: text('restart', 'restartPolicy'),
    recovery: text('recovery', 'recovery'),
    forwarding: text('forwarding', 'forwarding'),
  }
}

const buildLocation = (
  entry: Entry | undefined,
  path: string,
  object: string,
  context: BuildContext,
): Init<Location> | undefined => {
  if (!entry) return undefined
  const { value } = entry
  context.note(path, value.at)
  if (value.kind === 'scalar') return { name: textOf(value) ?? '' }
  const degrees = (key: string): number | undefined => {
    const found = get(value, key)
    const text = textOf(found)
    if (!found || text === undefined) return undefined
    context.note(`${path}.${key}`, found.at)
    const number = Number(text)
    return Number.isFinite(number) ? number : undefined
  }
  return {
    name: textOf(get(value, 'name')) ?? '',
    latitude: degrees('latitude'),
    longitude: degrees('longitude'),
    withinKm: amount(find(value, 'within'), `${path}.withinKm`, object, context, parseDistance),
  }
}

const buildCpu = (
  entry: Entry | undefined,
  path: string,
  object: string,
  context: BuildContext,
): Init<Cpu> | undefined => {
  if (!entry) return undefined
  const { value } = entry
  context.note(path, value.at)
  if (value.kind === 'scalar') {
    const quotaMillis = amount(entry, path, object, context, parseCpus)
    return { count: Math.ceil(quotaMillis / 1000), quotaMillis }
  }
  const integer = (key: string): number => {
    const number = Number(textOf(get(value, key)) ?? 0)
    return Number.isInteger(number) && number >= 0 && number <= 0xffffffff ? number : 0
  }
  const pins = find(value, 'pins')
  if (pins) context.note(`${path}.pins`, pins.value.at)
  return {
    count: integer('count'),
    shares: integer('shares'),
    quotaMillis: amount(find(value, 'quota'), `${path}.quotaMillis`, object, context, parseCpus),
    pins: textOf(pins?.value) ?? '',
  }
}

/** `declared`: how many there are where the node says so; missing where links may bring more. */
const buildInterfaces = (
  node: MapNode,
  path: string,
  context: BuildContext,
): { readonly interfaces: readonly Init<Interface>[]; readonly declared?: number } => {
  const entry = find(node, 'interfaces')
  if (!entry) return { interfaces: [] }
  const { value } = entry
  if (value.kind === 'scalar') {
    const declared = Number(textOf(value))
    context.note(`${path}.interfaces`, value.at)
    if (!Number.isInteger(declared) || declared < 1 || declared > 1000) return { interfaces: [] }
    return { interfaces: Array.from({ length: declared }, (_, index) => ({ index })), declared }
  }
  return {
    interfaces: entriesOf(value).flatMap((each, i) => {
      const index = /^(?:eth)?(0|[1-9][0-9]{0,2})$/.exec(each.key)?.[1]
      if (index === undefined) return []
      return [buildInterface(each, Number(index), `${path}.interfaces[${i}]`, context)]
    }),
  }
}

const buildInterface = ({ at, value }: Entry, index: number, path: string, context: BuildContext): Init<Interface> => {
  const { note } = context
  note(path, at)
  const text = (key: string): string => {
    const found = get(value, key)
    if (found) note(`${path}.${key}`, found.at)
    return textOf(found) ?? ''
  }
  const addresses = get(value, 'addresses')
  const items: readonly TreeNode[] = addresses?.kind === 'list' ? addresses.items : addresses ? [addresses] : []
  for (const [i, item] of items.entries()) note(`${path}.addresses[${i}]`, item.at)
  return {
    index,
    mac: text('mac'),
    addresses: items.map((item) => textOf(item) ?? ''),
    forwarding: text('forwarding'),
    physical: text('physical'),
    antiSpoofing: buildAntiSpoofing(find(value, 'anti-spoofing'), `${path}.antiSpoofing`, note),
    click: buildClick(get(value, 'click'), `${path}.click`, context),
  }
}

/** Each line of it is noted, as `click[0]` and so on, where it has one of its own in the file. */
const buildClick = (value: TreeNode | undefined, path: string, { note, room }: BuildContext): string => {
  const text = textOf(value)
  if (value?.kind !== 'scalar' || text === undefined) return ''
  note(path, value.at)
  room.left -= text.length
  const { firstLine } = value
  if (firstLine === undefined || room.left < 0) return text
  for (const i of text.split('\n').keys()) note(`${path}[${i}]`, { line: firstLine + i, column: 0 })
  return text
}

const physicalIndices = (interfaces: readonly Init<Interface>[]): ReadonlySet<number> =>
  new Set(interfaces.flatMap(({ index = 0, physical = '' }) => (physical === '' ? [] : [index])))
